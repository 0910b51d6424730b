import TorchlightCore

/// Why a storage of a PyTorch file could not be read.
struct StorageFailure {
    let problem: String
    /// Whether its contents are damaged, rather than of a kind that is not supported.
    let isDamaged: Bool

    init(problem: String, isDamaged: Bool) {
        self.problem = problem
        self.isDamaged = isDamaged
    }

    init(_ error: IOError) { self.init(problem: error.problem, isDamaged: error.kind == .malformed) }
}

/// Converts the contents of a pickle to values and tensors.
///
/// A pickle of a few bytes can be nested without limit, contain itself, or represent billions of values by shared
/// references. Values are trees: depth, cycles and the number of values are checked.
struct TorchValueBuilder {
    let pickle: PickleContents
    let file: String
    /// The offset for errors that concern a whole value.
    let offset: Int
    /// The maximum number of values; shared values are counted at every occurrence.
    let limit: Int
    /// The memory of the storages, by their index in the pickle and element type.
    let storages: [[String: Storage]]
    /// Why a storage could not be read.
    let failures: [Int: StorageFailure]
    /// Whether tensors of element types without a dtype contain their bits.
    let asBits: Bool
    /// The element types of tensors that contain bits.
    private(set) var types: [ObjectIdentifier: String] = [:]

    static let depthLimit = 256

    private enum Progress {
        case running
        case done(TorchValue, count: Int)
    }
    private var progress: [Int: Progress] = [:]
    private var tensors: [Int: Tensor] = [:]
    /// NumPy's arrays, by their objects.
    private var arrays: [Int: Tensor] = [:]
    /// The number of enclosing objects of unsupported classes.
    private var objectDepth = 0

    init(
        _ pickle: PickleContents, storages: [[String: Storage]], failures: [Int: StorageFailure] = [:], file: String,
        offset: Int, limit: Int, asBits: Bool = false
    ) {
        self.pickle = pickle
        self.storages = storages
        self.failures = failures
        self.asBits = asBits
        self.file = file
        self.offset = offset
        self.limit = limit
    }

    private func failure(_ problem: String, expected rule: String) -> IOError {
        IOError(.unsupported, "pth", file: file, offset: offset, problem, expected: rule)
    }

    /// Converts the result of the pickle.
    ///
    /// - Throws: `IOError` if it is not a tree of values, or contains nothing but unsupported objects.
    mutating func build() throws(IOError) -> TorchValue {
        let value = try value(pickle.root, depth: 0).value
        if let object = value.firstObject, !value.holdsValues {
            throw IOError(
                .unsupported, "pth", file: file, offset: object.offset,
                ["list", "tuple", "set", "dict", "str"].contains(object.name)
                    ? object.reason
                    : "the pickle names \(IOError.quoted(object.name)), which is not loaded or executed: \(object.reason)",
                expected:
                    "a file with tensors, containers, numbers or strings, as torch.save(model.state_dict(), ...) writes it"
            )
        }
        return value
    }

    private mutating func value(_ ref: PickleRef, depth: Int) throws(IOError) -> (value: TorchValue, count: Int) {
        switch ref {
        case .none: return (.none, 1)
        case .bool(let value): return (.bool(value), 1)
        case .int(let value): return (.int(value), 1)
        case .float(let value): return (.float(value), 1)
        case .object(let index):
            switch pickle.objects[index] {
            case .string(let text): return (.string(text), 1)
            case .bytes(let bytes): return (.bytes(bytes), 1)
            case .byteArray(let bytes): return (.byteArray(bytes), 1)
            case .bigInt(let bytes):
                let integer = TorchInteger(bytes: bytes)
                guard integer.bytes.count > 8 else { return (.int(Self.small(integer.bytes)), 1) }
                return (.bigInt(integer), 1)
            case .complex(let real, let imaginary): return (.complex(real: real, imaginary: imaginary), 1)
            case .size(let sizes): return (.size(sizes), 1)
            case .dtype(let name): return (.dtype(name), 1)
            case .device(let name): return (.device(name), 1)
            case .tensor(let number): return (tensor(number, index), 1)
            case .numpyArray(let array?): return (try value(of: array, index), 1)
            case .list, .tuple, .set, .dictionary, .foreign: return try container(index, depth: depth)
            case .global(let global) where objectDepth > 0 || depth > 0:
                return (.object(TorchObject(name: global.name, reason: "a name", offset: offset, id: index)), 1)
            case .numpyType(let type):
                return (
                    .object(TorchObject(name: "numpy.dtype", reason: type.element.name, offset: offset, id: index)), 1
                )
            case .numpyArray:
                let reason = "an array without its elements"
                return (.object(TorchObject(name: "numpy.ndarray", reason: reason, offset: offset, id: index)), 1)
            case .global, .storage:
                // Only if the file has no other contents.
                throw failure(
                    "\(pickle.objects[index].summary) as a value", expected: "tensors, containers, numbers and strings")
            }
        }
    }

    private static func small(_ bytes: [UInt8]) -> Int {
        var value = bytes.last.map { $0 < 0x80 ? 0 : -1 } ?? 0
        for byte in bytes.reversed() { value = value << 8 | Int(byte) }
        return value
    }

    private mutating func container(_ index: Int, depth: Int) throws(IOError) -> (value: TorchValue, count: Int) {
        switch progress[index] {
        case .done(let value, let count): return (value, count)
        case .running:
            // Python objects often refer to the objects that contain them.
            return (.object(reference(to: index) { "\($0) that contains itself" }), 1)
        case nil: break
        }
        guard depth < Self.depthLimit else {
            return (.object(reference(to: index) { "\($0) that is nested in more than \(Self.depthLimit) levels" }), 1)
        }
        progress[index] = .running
        let result: TorchValue
        var count = 1
        switch pickle.objects[index] {
        case .list(let refs): result = .list(try values(refs, depth: depth, count: &count))
        case .tuple(let refs): result = .tuple(try values(refs, depth: depth, count: &count))
        case .set(let refs):
            let items = try values(refs, depth: depth, count: &count)
            var seen: Set<Key> = []
            var unique: [TorchValue] = []
            for item in items where seen.insert(try key(item)).inserted { unique.append(item) }
            result = .set(unique)
        case .dictionary(let refs, let isOrdered):
            var dictionary = TorchDictionary(isOrdered: isOrdered)
            dictionary.items = try items(refs, depth: depth, count: &count)
            if let attributes = pickle.attributes[index] {
                let value = try value(attributes, depth: depth + 1)
                count += value.count
                for (name, value) in value.value.dictionary?.items ?? [] {
                    guard let name = name.string else {
                        throw failure("an attribute named \(name)", expected: "a string")
                    }
                    dictionary.attributes.append((name, value))
                }
            }
            result = .dictionary(dictionary)
        case .foreign(let foreign):
            objectDepth += 1
            defer { objectDepth -= 1 }
            result = .object(try object(foreign, index, depth: depth, count: &count))
        default: preconditionFailure("not a container")
        }
        try add(0, to: &count)
        progress[index] = .done(result, count: count)
        return (result, count)
    }

    /// A reference to a value that is not built again.
    private func reference(to index: Int, _ reason: (String) -> String) -> TorchObject {
        let name =
            switch pickle.objects[index] {
            case .foreign(let object): object.name
            case .list: "list"
            case .tuple: "tuple"
            case .set: "set"
            case .dictionary: "dict"
            default: "object"
            }
        return TorchObject(
            name: name, reason: reason(pickle.objects[index].summary), offset: offset, id: index)
    }

    /// An object of an unsupported class, with its attributes.
    private mutating func object(
        _ foreign: ForeignObject, _ index: Int, depth: Int, count: inout Int
    ) throws(IOError) -> TorchObject {
        var object = TorchObject(name: foreign.name, reason: foreign.reason, offset: foreign.offset, id: index)
        var pairs = try items(foreign.items, depth: depth, count: &count)
        if let state = foreign.state {
            let (value, inner) = try value(state, depth: depth + 1)
            try add(inner, to: &count)
            switch value {
            case .dictionary(let dictionary): pairs += dictionary.items
            // An object with slots: its dictionary and that of the slots.
            case .tuple(let parts) where parts.count == 2 && parts.allSatisfy({ $0.dictionary != nil || $0.isNone }):
                for part in parts { pairs += part.dictionary?.items ?? [] }
            default: pairs.append(("state", value))
            }
        }
        object.attributes = pairs.map { ($0.key.string ?? "\($0.key)", $0.value) }
        return object
    }

    private mutating func values(
        _ refs: [PickleRef], depth: Int, count: inout Int
    ) throws(IOError) -> [TorchValue] {
        var values: [TorchValue] = []
        values.reserveCapacity(refs.count)
        for ref in refs {
            let (value, inner) = try value(ref, depth: depth + 1)
            values.append(value)
            try add(inner, to: &count)
        }
        return values
    }

    private mutating func items(
        _ refs: [PickleRef], depth: Int, count: inout Int
    ) throws(IOError) -> [(key: TorchValue, value: TorchValue)] {
        var items: [(key: TorchValue, value: TorchValue)] = []
        items.reserveCapacity(refs.count / 2)
        // By hash values, which need less memory than keys.
        var indices: [Int: Int] = [:]
        indices.reserveCapacity(refs.count / 2)
        for index in stride(from: 0, to: refs.count, by: 2) {
            let (name, nameCount) = try value(refs[index], depth: depth + 1)
            let (value, valueCount) = try value(refs[index + 1], depth: depth + 1)
            try add(nameCount + valueCount, to: &count)
            let key = try key(name)
            var itemIndex = indices[key.hashValue]
            if let candidate = itemIndex, try self.key(items[candidate].key) != key {
                itemIndex = nil
                for (other, item) in items.enumerated() where try self.key(item.key) == key { itemIndex = other }
            }
            // A repeated key replaces the value and keeps its position.
            if let itemIndex {
                items[itemIndex].value = value
            } else {
                indices[key.hashValue] = items.count
                items.append((name, value))
            }
        }
        return items
    }

    private func add(_ more: Int, to count: inout Int) throws(IOError) {
        count += more
        guard count <= limit else {
            throw failure("more than \(quantity(limit, "value")), counting shared references", expected: "fewer")
        }
    }

    /// The identity of a key in Python, where 1, 1.0 and True are the same key.
    private enum Key: Hashable {
        case none
        case int(Int)
        case float(UInt64)
        case complex(UInt64, UInt64)
        case text([UInt8])
        case bytes([UInt8])
        case bigInt([UInt8])
        case name(String)
        case sizes([Int])
        case tuple([Key])
        /// Of a frozenset: a set is no key in Python.
        case set(Set<Key>)
        case tensor(ObjectIdentifier)
        case object(Int)
    }

    private func key(_ value: TorchValue) throws(IOError) -> Key {
        switch value {
        case .none: return .none
        case .bool(let value): return .int(value ? 1 : 0)
        case .int(let value): return .int(value)
        case .float(let value): return Int(exactly: value).map { .int($0) } ?? .float(value.bitPattern)
        case .complex(let real, let imaginary): return .complex(real.bitPattern, imaginary.bitPattern)
        case .string(let text): return .text(Array(text.utf8))
        case .bytes(let bytes): return .bytes(bytes)
        case .bigInt(let value): return .bigInt(value.bytes)
        case .dtype(let name), .device(let name): return .name(name)
        case .size(let sizes): return .sizes(sizes)
        case .tensor(let tensor): return .tensor(ObjectIdentifier(tensor))
        case .object(let object): return .object(object.id)
        case .tuple(let items):
            var keys: [Key] = []
            for item in items { keys.append(try key(item)) }
            return .tuple(keys)
        case .set(let items):
            var keys: Set<Key> = []
            for item in items { keys.insert(try key(item)) }
            return .set(keys)
        case .list, .dictionary, .byteArray:
            throw failure("a mutable container as a key", expected: "a hashable value")
        }
    }

    /// The tensor with an index, one object for all occurrences; an object with the reason if its elements cannot be
    /// read.
    private mutating func tensor(_ number: Int, _ index: Int) -> TorchValue {
        if let known = tensors[number] { return .tensor(known) }
        let description = pickle.tensors[number]
        guard let element = description.element(asBits: asBits),
            let storage = storages[description.storage][element.name]
        else {
            let failure =
                failures[description.storage]
                ?? StorageFailure(
                    problem: "the element type \(description.element.name) is not supported", isDamaged: false)
            return .object(
                TorchObject(
                    name: "torch.Tensor", reason: failure.problem, offset: offset, id: index,
                    isDamaged: failure.isDamaged))
        }
        let layout = Layout(
            shape: Dims(description.shape), strides: Dims(description.strides), offset: description.offset)
        let tensor = Tensor(storage: storage, layout: layout, dtype: element.dtype)
        if description.requiresGrad, element.dtype.isFloatingPoint { tensor.requiresGrad_() }
        tensor.isParameter = description.isParameter
        if element.name != description.element.name { types[ObjectIdentifier(tensor)] = description.element.name }
        tensors[number] = tensor
        return .tensor(tensor)
    }
}

extension TorchValueBuilder {
    /// The tensor or the number that an array of NumPy's is; one object however often it appears.
    private mutating func value(of array: NumpyArray, _ index: Int) throws(IOError) -> TorchValue {
        if let known = arrays[index] { return .tensor(known) }
        let header = array.header
        // Numbers stay numbers.
        let keepsBits = asBits && !array.isScalar && header.element.isWidened
        let element = keepsBits ? header.element.asBits! : header.element
        if array.isScalar, let number = complex(array) { return number }
        guard element.readAs != nil else {
            let reason = "elements of type \(element.name) have no dtype here"
            return .object(TorchObject(name: "numpy.ndarray", reason: reason, offset: offset, id: index))
        }
        let storage: Storage
        switch pickle.objects[array.bytes] {
        case .bytes(let bytes), .byteArray(let bytes):
            let read = bytes.withUnsafeBytes { bytes in
                Result { () throws(IOError) in
                    try StorageReader(contents: FileContents(bytes, path: file), operation: "pth").storage(
                        of: element, count: header.count, in: 0..<bytes.count, isSwapped: header.isBigEndian,
                        what: "a NumPy array")
                }
            }
            switch read {
            case .success(let made): storage = made
            case .failure(let error):
                return .object(
                    TorchObject(name: "numpy.ndarray", reason: error.problem, offset: offset, id: index))
            }
        default: preconditionFailure("checked when the array was made")
        }
        let tensor = NumpyFile.view(header, storage, dtype: element.dtype)
        if array.isScalar {
            switch tensor.dtype {
            case .bool: return .bool(tensor.item(Int.self) != 0)
            case let dtype where dtype.isFloatingPoint: return .float(tensor.item())
            default: return .int(tensor.item(Int.self))
            }
        }
        if element.name != header.element.name { types[ObjectIdentifier(tensor)] = header.element.name }
        arrays[index] = tensor
        return .tensor(tensor)
    }

    private func complex(_ array: NumpyArray) -> TorchValue? {
        guard case .bytes(let bytes) = pickle.objects[array.bytes] else { return nil }
        func part(_ index: Int, _ size: Int) -> UInt64 {
            let own = bytes[index * size..<(index + 1) * size]
            return (array.header.isBigEndian ? Array(own) : own.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch array.header.element.name {
        case "complex64":
            let (real, imaginary) = (UInt32(part(0, 4)), UInt32(part(1, 4)))
            return .complex(real: Double(Float(bitPattern: real)), imaginary: Double(Float(bitPattern: imaginary)))
        case "complex128":
            return .complex(real: Double(bitPattern: part(0, 8)), imaginary: Double(bitPattern: part(1, 8)))
        default: return nil
        }
    }
}

extension PickleTensor {
    /// The element type that the tensor's storage is read as; nil if it cannot be read.
    func element(asBits: Bool) -> FileElement? {
        if asBits, element.isWidened || element.readAs == nil { return element.asBits }
        return element.readAs == nil ? nil : element
    }
}
