import TorchlightCore

/// Turns what a pickle made into values and tensors.
///
/// A pickle can nest without end, contain itself, or stand for billions of values through shared references in a few
/// bytes. Values are trees: nesting, cycles and the number of values are checked on the way.
struct TorchValueBuilder {
    let pickle: PickleContents
    let file: String
    /// The offset for errors that concern a whole value.
    let offset: Int
    /// The most values, shared ones counted wherever they appear.
    let limit: Int
    /// The memory of a storage, by its number in the pickle.
    let storages: [[String: Storage]]

    static let depthLimit = 256

    private enum Progress {
        case running
        case done(TorchValue, count: Int)
    }
    private var progress: [Int: Progress] = [:]
    private var tensors: [Int: Tensor] = [:]

    init(
        _ pickle: PickleContents, storages: [[String: Storage]], file: String, offset: Int, limit: Int
    ) {
        self.pickle = pickle
        self.storages = storages
        self.file = file
        self.offset = offset
        self.limit = limit
    }

    private func failure(_ problem: String, expected rule: String) -> IOError {
        IOError(.unsupported, "pth", file: file, offset: offset, problem, expected: rule)
    }

    /// The value that the pickle ends with.
    mutating func build() throws(IOError) -> TorchValue { try value(pickle.root, depth: 0).value }

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
            case .tensor(let number): return (.tensor(tensor(number)), 1)
            case .list, .tuple, .set, .dictionary: return try container(index, depth: depth)
            case .global, .storage, .foreign:
                throw failure(
                    "\(pickle.objects[index].summary) as a value", expected: "tensors, containers, numbers and texts")
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
            throw failure("\(pickle.objects[index].summary) that contains itself", expected: "a tree of values")
        case nil: break
        }
        guard depth < Self.depthLimit else {
            throw failure("values nested too deeply", expected: "at most \(Self.depthLimit) levels")
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
                        throw failure("an attribute named \(name)", expected: "a text")
                    }
                    dictionary.attributes.append((name, value))
                }
            }
            result = .dictionary(dictionary)
        default: preconditionFailure("not a container")
        }
        try add(0, to: &count)
        progress[index] = .done(result, count: count)
        return (result, count)
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
        // By hash values, which take less memory than keys.
        var places: [Int: Int] = [:]
        places.reserveCapacity(refs.count / 2)
        for index in stride(from: 0, to: refs.count, by: 2) {
            let (name, nameCount) = try value(refs[index], depth: depth + 1)
            let (value, valueCount) = try value(refs[index + 1], depth: depth + 1)
            try add(nameCount + valueCount, to: &count)
            let key = try key(name)
            var place = places[key.hashValue]
            if let candidate = place, try self.key(items[candidate].key) != key {
                place = nil
                for (other, item) in items.enumerated() where try self.key(item.key) == key { place = other }
            }
            // A key that comes again replaces the value and keeps the place.
            if let place {
                items[place].value = value
            } else {
                places[key.hashValue] = items.count
                items.append((name, value))
            }
        }
        return items
    }

    private func add(_ more: Int, to count: inout Int) throws(IOError) {
        count += more
        guard count <= limit else {
            throw failure("more than \(limit) values through references that are shared", expected: "fewer")
        }
    }

    /// What makes two keys the same in Python, where 1, 1.0 and True are.
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
        case tensor(ObjectIdentifier)
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
        case .tuple(let items):
            var keys: [Key] = []
            for item in items { keys.append(try key(item)) }
            return .tuple(keys)
        case .list, .set, .dictionary, .byteArray:
            throw failure("a container that can change as a key", expected: "a value that does not change")
        }
    }

    /// The tensor of a number, one object however often it appears.
    private mutating func tensor(_ number: Int) -> Tensor {
        if let known = tensors[number] { return known }
        let description = pickle.tensors[number]
        let layout = Layout(
            shape: Dims(description.shape), strides: Dims(description.strides), offset: description.offset)
        let tensor = Tensor(
            storage: storages[description.storage][description.element.name]!, layout: layout,
            dtype: description.element.dtype)
        if description.requiresGrad, description.element.dtype.isFloatingPoint { tensor.requiresGrad_() }
        tensor.isParameter = description.isParameter
        tensors[number] = tensor
        return tensor
    }
}
