import TorchlightCore

extension PickleMachine {
    /// Pushes a global name, or a foreign object if the name is not on the list.
    mutating func global(module: String, name: String) throws(IOError) {
        let (global, reason) = PickleGlobal.find(module: module, name: name)
        if let global {
            if case .dtype(let name) = global { return try push(.dtype(Self.canonicalDType(name))) }
            return try push(.global(global))
        }
        let full = IOError.oneLine(module + "." + name, limit: 200)
        if isInspection {
            refusals.append(PickleRefusal(name: module + "." + name, offset: start + opcodeOffset))
        }
        try pushForeign(full, reason: reason ?? "\(full) is not supported, and a pickle is never executed")
    }

    private static func canonicalDType(_ name: String) -> String {
        [
            "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32",
            "short": "int16",
        ][name] ?? name
    }

    /// Implements the call of a global.
    mutating func call(_ callee: PickleRef, _ arguments: [PickleRef]) throws(IOError) {
        guard case .object(let index) = callee else {
            throw failure("a call of \(summary(callee))", expected: "a global name")
        }
        switch objects[index] {
        case .global(let global):
            // The result of a call with an unsupported object is not supported either.
            if let foreign = foreignArgument(of: global, arguments) {
                return try pushForeign(global.name, reason: foreign.reason, offset: foreign.offset)
            }
            try call(global, arguments)
        case .foreign(let object):
            guard isInspection else {
                return try pushForeign(object.name, reason: object.reason, offset: object.offset)
            }
            let shown = arguments.prefix(8).map { expression($0, depth: 0) }.joined(separator: ", ")
            let call = IOError.oneLine("\(object.text)(\(shown)\(arguments.count > 8 ? ", ..." : ""))", limit: 400)
            if let last = refusals.lastIndex(where: { $0.name == object.name }) { refusals[last].call = call }
            try pushForeign(object.name, text: call, reason: object.reason, offset: object.offset)
        default: throw failure("a call of \(objects[index].summary)", expected: "a global name")
        }
    }

    /// The first unsupported argument on which the result depends.
    private func foreignArgument(of global: PickleGlobal, _ arguments: [PickleRef]) -> ForeignObject? {
        let deciding: ArraySlice<PickleRef> =
            switch global {
            // The default factory and the class of the data are ignored.
            case .defaultDict: arguments.dropFirst()
            case .rebuildFromType: arguments.prefix(1)
            // So are hooks and attributes.
            case .rebuildTensor: arguments.prefix(5)
            case .rebuildParameter, .rebuildParameterWithState: arguments.prefix(2)
            default: arguments[...]
            }
        for argument in deciding {
            if case .object(let index) = argument, case .foreign(let object) = objects[index] { return object }
        }
        return nil
    }

    private mutating func call(_ global: PickleGlobal, _ arguments: [PickleRef]) throws(IOError) {
        func refuse(_ rule: String) -> IOError {
            failure(
                "\(global.name) with \(arguments.isEmpty ? "nothing" : arguments.prefix(4).map(summary).joined(separator: ", "))",
                expected: rule)
        }
        switch global {
        case .orderedDict:
            guard arguments.count <= 1 else { throw refuse("nothing, or a list of pairs") }
            var pairs: [PickleRef] = []
            if let only = arguments.first {
                guard let items = list(only) ?? tuple(only) else { throw refuse("nothing, or a list of pairs") }
                for item in items {
                    guard let pair = list(item) ?? tuple(item), pair.count == 2 else {
                        throw refuse("nothing, or a list of pairs")
                    }
                    pairs += pair
                }
            }
            try push(.dictionary(pairs, isOrdered: true))
        case .counter:
            guard arguments.count <= 1 else { throw refuse("nothing, or a dictionary") }
            guard let only = arguments.first else { return try push(.dictionary([], isOrdered: false)) }
            guard case .object(let index) = only, case .dictionary(let pairs, _) = objects[index] else {
                throw refuse("nothing, or a dictionary")
            }
            try push(.dictionary(pairs, isOrdered: false))
        case .defaultDict: try push(.dictionary([], isOrdered: false))
        case .deque:
            guard arguments.count <= 2, let items = arguments.first.map({ list($0) ?? tuple($0) }) ?? .some([]) else {
                throw refuse("nothing, or a list and a length")
            }
            try push(.list(items))
        case .set, .frozenSet:
            guard arguments.count <= 1, let items = arguments.first.map({ list($0) ?? tuple($0) }) ?? .some([]) else {
                throw refuse("nothing, or a list")
            }
            try push(.set(items))
        case .complex:
            guard arguments.count == 2, case .float(let real) = arguments[0], case .float(let imaginary) = arguments[1]
            else { throw refuse("two numbers") }
            try push(.complex(real, imaginary))
        case .encode:
            guard arguments.count == 2, let text = string(arguments[0]), let bytes = Self.latin1(text),
                ["latin1", "latin-1"].contains(string(arguments[1]))
            else { throw refuse("a string of Latin-1 and 'latin1'") }
            try push(.bytes(bytes))
        case .noBytes:
            guard arguments.isEmpty else { throw refuse("nothing") }
            try push(.bytes([]))
        case .byteArray:
            if arguments.isEmpty { return try push(.byteArray([])) }
            if case .object(let index) = arguments[0], case .bytes(let bytes) = objects[index], arguments.count == 1 {
                return try push(.byteArray(bytes))
            }
            guard arguments.count == 2, let text = string(arguments[0]), let bytes = Self.latin1(text) else {
                throw refuse("nothing, bytes, or a string of Latin-1 and its encoding")
            }
            try push(.byteArray(bytes))
        case .size:
            guard arguments.count == 1, let sizes = integers(arguments[0]) else { throw refuse("a tuple of integers") }
            try push(.size(sizes))
        case .device:
            guard let kind = arguments.first.flatMap(string), arguments.count <= 2 else {
                throw refuse("the name of a device, and its number")
            }
            if arguments.count == 1 { return try push(.device(kind)) }
            guard let number = int(arguments[1]) else { throw refuse("the name of a device, and its number") }
            try push(.device("\(kind):\(number)"))
        case .rebuildTensor: try rebuildTensor(arguments, statesDType: false)
        case .rebuildTensorV3: try rebuildTensor(arguments, statesDType: true)
        case .rebuildFromType:
            guard arguments.count >= 3, case .object(let index) = arguments[0],
                case .global(let function) = objects[index], let inner = tuple(arguments[2])
            else { throw refuse("a function, a class and a tuple of arguments") }
            switch function {
            case .rebuildTensor, .rebuildTensorV3, .rebuildParameter, .rebuildParameterWithState:
                try call(arguments[0], inner)
            default: try pushForeign(function.name, reason: "a tensor of a subclass with its own function")
            }
        case .rebuildParameter, .rebuildParameterWithState:
            guard arguments.count >= 2, case .object(let index) = arguments[0],
                case .tensor(let tensor) = objects[index],
                case .bool(let requiresGrad) = arguments[1]
            else { throw refuse("a tensor and whether it requires a gradient") }
            var parameter = tensors[tensor]
            parameter.isParameter = true
            parameter.requiresGrad = requiresGrad
            try push(.tensor(tensors.count))
            tensors.append(parameter)
        case .numpyDType, .numpyReconstruct, .numpyFromBuffer, .numpyScalar: try callNumpy(global, arguments)
        case .dtype, .storage, .numpyArray: throw refuse("a name that is not called")
        }
    }

    /// Sets attributes: the state dictionary of a module has one with the versions of its layers.
    mutating func build(_ state: PickleRef) throws(IOError) {
        let target = try pop()
        guard case .object(let index) = target else {
            throw failure("attributes for \(summary(target))", expected: "an OrderedDict")
        }
        switch objects[index] {
        case .dictionary(_, isOrdered: true):
            guard case .object(let attributes) = state, case .dictionary = objects[attributes] else {
                throw failure("the attributes are \(summary(state))", expected: "a dictionary")
            }
            self.attributes[index] = state
        case .foreign(var object):
            object.state = state
            objects[index] = .foreign(object)
        case .numpyType, .numpyArray: objects[index] = builtNumpy(objects[index], state)
        // Other attributes are ignored.
        case .dictionary, .tensor: break
        default: throw failure("attributes for \(objects[index].summary)", expected: "an OrderedDict")
        }
        try push(target)
    }

    // MARK: - Storages and tensors

    /// Registers a storage by the persistent id that `torch.save` writes for it.
    mutating func persistent(_ id: PickleRef) throws(IOError) {
        let rule = "('storage', class, key, location, count)"
        guard let items = tuple(id) else { throw failure("a persistent id that is \(summary(id))", expected: rule) }
        if items.count >= 2, string(items[0]) == "module" {
            // The class of a module with its source code.
            return try push(items[1])
        }
        if items.count >= 2, string(items[0]) == "storage", case .object(let index) = items[1],
            case .foreign(let object) = objects[index]
        {
            if layout == .legacy, items.count >= 5, let key = string(items[2]), let count = int(items[4]),
                let size = PickleGlobal.quantizedStorages[object.name], count >= 0,
                let byteCount = checkedProduct(count, size)
            {
                skippedStorages[key] = (count, byteCount)
            }
            return try pushForeign(object.name, reason: "a storage of \(object.name), which is not supported")
        }
        guard items.count == 5 || items.count == 6 && layout == .legacy, string(items[0]) == "storage",
            case .object(let classIndex) = items[1], case .global(.storage(let element)) = objects[classIndex],
            let key = string(items[2]), string(items[3]) != nil, let count = int(items[4])
        else {
            throw failure(
                "a persistent id of \(items.prefix(8).map(summary).joined(separator: ", "))", expected: rule)
        }
        guard !key.isEmpty, key.utf8.count <= 64,
            key.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x5f })
        else { throw failure("the storage key \(IOError.quoted(key))", expected: "letters and digits") }
        guard count >= 0, let byteCount = checkedProduct(count, element?.size ?? 1) else {
            throw failure(
                "a storage of \(quantity(count, "element"))",
                expected: "a number of at least 0 whose size in bytes does not overflow")
        }
        let number: Int
        if let known = storageNumbers[key] {
            guard storages[known].byteCount == byteCount else {
                throw failure(
                    "the storage \(IOError.quoted(key)) with \(quantity(byteCount, "byte"))",
                    expected: "\(storages[known].byteCount), as before")
            }
            if storages[known].element?.size != element?.size { storages[known].isMixed = true }
            number = known
        } else {
            number = storages.count
            storages.append(PickleStorage(key: key, byteCount: byteCount, element: element, offset: opcodeOffset))
            storageNumbers[key] = number
        }
        var view = PickleStorageView(storage: number, element: element, start: 0, count: count)
        if items.count == 6, case .object = items[5] {
            guard let parts = tuple(items[5]), parts.count == 3, let first = int(parts[1]), let size = int(parts[2]),
                first >= 0, size >= 0, first <= count, size <= count - first
            else {
                throw failure(
                    "a view beyond the end of the storage \(IOError.quoted(key))", expected: "a view within it")
            }
            view = PickleStorageView(storage: number, element: element, start: first, count: size)
        }
        try push(.storage(views.count))
        views.append(view)
    }

    /// `(storage, offset, size, stride, requires_grad, hooks, [dtype,] [metadata])`
    private mutating func rebuildTensor(_ arguments: [PickleRef], statesDType: Bool) throws(IOError) {
        func refuse(_ problem: String, _ rule: String) -> IOError {
            failure("a tensor with \(problem)", expected: rule)
        }
        // The oldest form has the first four arguments only.
        guard arguments.count >= (statesDType ? 7 : 4), arguments.count <= (statesDType ? 8 : 7) else {
            throw refuse(quantity(arguments.count, "argument"), statesDType ? "7 or 8" : "4 to 7")
        }
        guard case .object(let storageIndex) = arguments[0], case .storage(let number) = objects[storageIndex] else {
            throw refuse("\(summary(arguments[0])) as storage", "a storage")
        }
        let view = views[number]
        var element = view.element
        var count = view.count
        if statesDType {
            guard case .object(let index) = arguments[6], case .dtype(let name) = objects[index] else {
                throw refuse("\(summary(arguments[6])) as dtype", "a dtype")
            }
            guard let known = FileElement(name: name) else {
                return try pushForeign("torch.Tensor", reason: "the element type \(name) is not supported")
            }
            guard view.element == nil || view.element == known else {
                throw refuse("dtype \(name) over a storage of \(view.element!.name)", "the same type")
            }
            if view.element == nil { count /= known.size }
            element = known
        }
        guard let element else { throw refuse("a storage of bytes and no dtype", "a dtype") }
        guard let offset = int(arguments[1]), offset >= 0 else {
            throw refuse("the offset \(summary(arguments[1]))", "an integer of at least 0")
        }
        guard let shape = integers(arguments[2]), let strides = integers(arguments[3]) else {
            throw refuse("\(summary(arguments[2])) and \(summary(arguments[3])) as size and stride", "integers")
        }
        if let metadata = statesDType ? arguments.dropFirst(7).first : arguments.dropFirst(6).first {
            guard case .none = metadata else {
                guard case .object(let index) = metadata, case .dictionary(let pairs, _) = objects[index], pairs.isEmpty
                else {
                    return try pushForeign("torch.Tensor", reason: "a conjugate or negative view is not supported")
                }
                throw refuse("metadata", "none")
            }
        }
        var requiresGrad = false
        if arguments.count > 4 {
            guard case .bool(let flag) = arguments[4] else {
                throw refuse("\(summary(arguments[4])) as requires_grad", "True or False")
            }
            requiresGrad = flag
        }
        guard try checkPlace(offset: offset, shape: shape, strides: strides, count: count) else {
            return try pushForeign(
                "torch.Tensor",
                reason: "a view of size \(shape) repeats a storage of \(quantity(count, "element"))")
        }
        let isEmpty = shape.contains(0)
        try push(.tensor(tensors.count))
        tensors.append(
            PickleTensor(
                storage: view.storage, element: element,
                // An empty tensor may have any offset; here it is clamped to the storage.
                offset: view.start + (isEmpty ? min(offset, count) : offset), shape: shape, strides: strides,
                requiresGrad: requiresGrad))
    }

    /// The maximum number of elements of a view that repeats its storage, so that it can be copied.
    private static let repeatedLimit = 1 << 26

    /// Checks that every element is within the storage, with arithmetic that cannot overflow.
    ///
    /// - Returns: whether the number of elements is within the limit for views that repeat their storage.
    private func checkPlace(offset: Int, shape: [Int], strides: [Int], count: Int) throws(IOError) -> Bool {
        guard shape.count == strides.count, shape.count <= maximumRank else {
            throw failure(
                "a tensor of \(quantity(shape.count, "size")) and \(quantity(strides.count, "stride"))",
                expected: "the same number of both, at most \(maximumRank)")
        }
        var what: String { "a tensor of size \(shape), stride \(strides) and offset \(offset)" }
        var product: Int? = 1
        var last: Int? = offset
        for (size, stride) in zip(shape, strides) {
            guard size >= 0, stride >= 0, stride <= max(count, 1 << 31) else {
                throw failure(
                    what,
                    expected: "sizes and strides of at least 0, within the storage of \(quantity(count, "element"))")
            }
            product = product.flatMap { checkedProduct($0, max(size, 1)) }
            last = last.flatMap { last in
                checkedProduct(max(size, 1) - 1, stride).flatMap { checkedSum(last, $0) }
            }
        }
        guard let product, product <= Int.max / 16, let last else {
            throw failure(what, expected: "sizes whose product is below 2^59")
        }
        if shape.contains(0) { return true }
        guard last < count else {
            throw failure(what, expected: "every element within the storage of \(quantity(count, "element"))")
        }
        return product <= max(count, Self.repeatedLimit)
    }

    /// The integers of a tuple, a list or a `torch.Size`; nil for other values.
    func integers(_ ref: PickleRef) -> [Int]? {
        guard case .object(let index) = ref else { return nil }
        let items: [PickleRef]
        switch objects[index] {
        case .size(let sizes): return sizes
        case .tuple(let values), .list(let values): items = values
        default: return nil
        }
        var values: [Int] = []
        values.reserveCapacity(items.count)
        for item in items {
            guard let value = int(item) else { return nil }
            values.append(value)
        }
        return values
    }

    /// The bytes of a string whose code points are all below 256; nil otherwise.
    private static func latin1(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// A value as a shortened Python expression, for the list of unsupported calls.
    private func expression(_ ref: PickleRef, depth: Int) -> String {
        func items(_ refs: [PickleRef]) -> String {
            guard depth < 3 else { return "..." }
            return refs.prefix(8).map { expression($0, depth: depth + 1) }.joined(separator: ", ")
                + (refs.count > 8 ? ", ..." : "")
        }
        guard case .object(let index) = ref else {
            switch ref {
            case .none: return "None"
            case .bool(let bool): return bool ? "True" : "False"
            case .int(let value): return "\(value)"
            case .float(let value): return "\(value)"
            case .object: return ""
            }
        }
        switch objects[index] {
        case .string(let text): return IOError.quoted(text)
        case .list(let refs): return "[\(items(refs))]"
        case .tuple(let refs): return refs.count == 1 ? "(\(items(refs)),)" : "(\(items(refs)))"
        case .foreign(let object): return object.text
        case let object: return "<\(object.summary)>"
        }
    }
}
