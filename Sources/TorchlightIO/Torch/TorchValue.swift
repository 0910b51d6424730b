import TorchlightCore

/// A Python object that was saved with `torch.save`: tensors in containers, with numbers and strings.
///
///     let checkpoint = try TorchFile.load("checkpoint.pt")
///     let epoch = checkpoint["epoch"]?.int
///     let weights = checkpoint["model"]?.tensors ?? []
public enum TorchValue: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    /// An integer that does not fit into 64 bits.
    case bigInt(TorchInteger)
    case float(Double)
    indirect case complex(real: Double, imaginary: Double)
    case string(String)
    case bytes([UInt8])
    case byteArray([UInt8])
    case list([TorchValue])
    case tuple([TorchValue])
    case set([TorchValue])
    /// A `dict` or an `OrderedDict`.
    indirect case dictionary(TorchDictionary)
    /// A `torch.Size`.
    case size([Int])
    /// A `torch.dtype` by its name, such as "float32"; also dtypes that Torchlight does not support.
    case dtype(String)
    /// A `torch.device` by its name: "cuda:1".
    case device(String)
    /// A tensor or a parameter. A tensor that occurs twice is one object; views share their storage.
    case tensor(Tensor)
    /// An object of an unsupported class or function, or a tensor of an unsupported element type.
    indirect case object(TorchObject)

    /// Creates an `OrderedDict` of named tensors, as `model.state_dict()` returns. Parameters become tensors that share
    /// their memory.
    public static func stateDict(_ tensors: some Sequence<(key: String, value: Tensor)>) -> TorchValue {
        .dictionary(TorchDictionary(tensors.map { (.string($0.key), .tensor($0.value.detach())) }, isOrdered: true))
    }

    /// Creates an `OrderedDict` of named tensors in the order of the names, so that the same tensors give the same
    /// bytes.
    public static func stateDict(_ tensors: [String: Tensor]) -> TorchValue {
        stateDict(tensors.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }
}

extension TorchValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Creates a string.
    public init(stringLiteral text: String) { self = .string(text) }
    /// Creates an integer.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// Creates a floating-point number.
    public init(floatLiteral value: Double) { self = .float(value) }
    /// Creates a bool.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates Python's `None`.
    public init(nilLiteral: ()) { self = .none }
    /// Creates a list.
    public init(arrayLiteral items: TorchValue...) { self = .list(items) }
    /// Creates a `dict` with the items in this order.
    public init(dictionaryLiteral items: (TorchValue, TorchValue)...) {
        self = .dictionary(TorchDictionary(items.map { ($0.0, $0.1) }))
    }
}

/// A Python dictionary: keys of any hashable type, in insertion order.
public struct TorchDictionary: Sendable {
    /// The keys, each once, and values.
    public var items: [(key: TorchValue, value: TorchValue)]
    /// Whether it is an `OrderedDict`.
    public var isOrdered: Bool
    /// The attributes of an `OrderedDict`: the state dictionary of a module has `_metadata`, the versions of its
    /// layers.
    public var attributes: [(name: String, value: TorchValue)]

    /// Creates a dictionary of keys and values.
    public init(
        _ items: [(key: TorchValue, value: TorchValue)] = [], isOrdered: Bool = false,
        attributes: [(name: String, value: TorchValue)] = []
    ) {
        self.items = items
        self.isOrdered = isOrdered
        self.attributes = attributes
    }

    /// The value of a string key; nil if there is none.
    public subscript(key: String) -> TorchValue? {
        // Compared as bytes: Swift compares canonically equivalent strings as equal, Python does not.
        items.first {
            if case .string(let text) = $0.key { text.utf8.elementsEqual(key.utf8) } else { false }
        }?.value
    }

    /// The value of an integer key; nil if there is none. Optimisers of PyTorch number their parameters.
    public subscript(key: Int) -> TorchValue? {
        items.first { if case .int(key) = $0.key { true } else { false } }?.value
    }
}

/// An object of a class or function that is not supported: its name and its data. The class is not looked up and no
/// code is executed.
public struct TorchObject: Sendable {
    /// The class or function with its module: "argparse.Namespace".
    public let name: String
    /// Why it is not supported.
    public let reason: String
    /// The position in the file, in bytes.
    public let offset: Int
    /// Its attributes. Those of a pickled module are the dictionaries in which PyTorch stores its parameters.
    public internal(set) var attributes: [(name: String, value: TorchValue)] = []
    /// Identifies the object within the file.
    let id: Int
    /// Whether it is a tensor of a damaged storage.
    let isDamaged: Bool

    init(name: String, reason: String, offset: Int, id: Int, isDamaged: Bool = false) {
        self.name = name
        self.reason = reason
        self.offset = offset
        self.id = id
        self.isDamaged = isDamaged
    }

    /// The value of an attribute; nil if there is none.
    public subscript(name: String) -> TorchValue? {
        attributes.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// Whether it is a pickled `torch.nn.Module`.
    var isModule: Bool { self["_parameters"]?.dictionary != nil && self["_modules"]?.dictionary != nil }

    /// The attributes in which tensors are searched; for a module its state, with the names of `state_dict()`.
    fileprivate var members: [(name: String, value: TorchValue)] {
        guard isModule else { return attributes }
        var members: [(name: String, value: TorchValue)] = []
        var hidden: Set<[UInt8]> = []
        if case .set(let names)? = self["_non_persistent_buffers_set"] {
            hidden = Set(names.compactMap { $0.string.map { Array($0.utf8) } })
        }
        for part in ["_parameters", "_buffers", "_modules"] {
            for (key, value) in self[part]?.dictionary?.items ?? [] {
                let name = key.string ?? "\(key)"
                if part != "_buffers" || !hidden.contains(Array(name.utf8)) { members.append((name, value)) }
            }
        }
        return members
    }
}

// MARK: - What it is

extension TorchValue {
    /// The bool; nil for other values.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The integer, if it fits into 64 bits; nil for other values.
    public var int: Int? { if case .int(let value) = self { value } else { nil } }
    /// The number, converted to Double if it is an integer; nil for other values.
    public var double: Double? {
        switch self {
        case .float(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }
    /// The string; nil for other values.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The tensor; nil for other values.
    public var tensor: Tensor? { if case .tensor(let value) = self { value } else { nil } }
    /// The dictionary; nil for other values.
    public var dictionary: TorchDictionary? { if case .dictionary(let value) = self { value } else { nil } }
    /// The items of a list or a tuple; nil for other values.
    public var items: [TorchValue]? {
        switch self {
        case .list(let items), .tuple(let items): items
        default: nil
        }
    }
    /// The object of an unsupported class; nil for other values.
    public var object: TorchObject? { if case .object(let value) = self { value } else { nil } }
    var isNone: Bool { if case .none = self { true } else { false } }
    /// The value of a string key of a dictionary, or of an attribute of an object; nil if there is none.
    public subscript(key: String) -> TorchValue? { dictionary?[key] ?? object?[key] }

    /// All tensors with their paths, in the order of the file: "model.0.weight", "optimizer.state.0.exp_avg".
    ///
    /// A path consists of keys and list indices, joined by dots. A tensor that is the whole file has the name "tensor".
    /// Tensors of a pickled module have the names of its `state_dict()`.
    public var tensors: [(name: String, tensor: Tensor)] {
        var found: [(name: String, tensor: Tensor)] = []
        collect(path: "", into: &found)
        return found
    }

    private func collect(path: String, into found: inout [(name: String, tensor: Tensor)]) {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch self {
        case .tensor(let tensor): found.append((path.isEmpty ? "tensor" : path, tensor))
        case .list(let items), .tuple(let items), .set(let items):
            for (index, item) in items.enumerated() { item.collect(path: below("\(index)"), into: &found) }
        case .dictionary(let dictionary):
            for (key, value) in dictionary.items {
                switch value {
                case .tensor, .list, .tuple, .set, .dictionary, .object:
                    value.collect(path: below(key.string ?? "\(key)"), into: &found)
                default: break
                }
            }
        case .object(let object):
            for (name, value) in object.members { value.collect(path: below(name), into: &found) }
        default: break
        }
    }

    /// The members that could not be read, with paths and reasons. The tensors and plain values among the attributes of
    /// an unsupported object are read nevertheless.
    public var leftOut: [LeftOut] {
        var found: [LeftOut] = []
        collect(path: "", onlyTensors: false, into: &found)
        return found
    }

    private func collect(path: String, onlyTensors: Bool, into found: inout [LeftOut]) {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch self {
        case .list(let items), .tuple(let items), .set(let items):
            for (index, item) in items.enumerated() {
                item.collect(path: below("\(index)"), onlyTensors: onlyTensors, into: &found)
            }
        case .dictionary(let dictionary):
            for (key, value) in dictionary.items {
                value.collect(path: below(key.string ?? "\(key)"), onlyTensors: onlyTensors, into: &found)
            }
        case .object(let object) where !onlyTensors || object.name == "torch.Tensor":
            let isRead = !tensors.isEmpty
            let reason = isRead ? "an object of \(object.name), of which only the tensors are read" : object.reason
            found.append(
                LeftOut(
                    path.isEmpty ? object.name : path, reason: reason, offset: object.offset,
                    isDamaged: object.isDamaged))
            // Members of an object are not listed one by one, except tensors.
            for (name, value) in object.members {
                value.collect(path: below(name), onlyTensors: true, into: &found)
            }
        case .object(let object):
            for (name, value) in object.members {
                value.collect(path: below(name), onlyTensors: true, into: &found)
            }
        default: break
        }
    }

    /// The first object that could not be read.
    var firstObject: TorchObject? {
        switch self {
        case .object(let object): return object
        case .list(let items), .tuple(let items), .set(let items):
            for item in items { if let object = item.firstObject { return object } }
        case .dictionary(let dictionary):
            for item in dictionary.items {
                if let object = item.value.firstObject ?? item.key.firstObject { return object }
            }
        default: break
        }
        return nil
    }

    /// Whether there is a tensor anywhere, or a plain value outside of objects.
    var holdsValues: Bool {
        switch self {
        case .list(let items), .tuple(let items), .set(let items): items.contains { $0.holdsValues }
        case .dictionary(let dictionary): dictionary.items.contains { $0.value.holdsValues }
        case .object: !tensors.isEmpty
        default: true
        }
    }
}

extension TorchValue: CustomStringConvertible {
    /// The value in one line in Python's notation; tensors as dtype and shape.
    public var description: String {
        func list(_ items: [TorchValue]) -> String { items.map(\.description).joined(separator: ", ") }
        switch self {
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .int(let value): return "\(value)"
        case .bigInt(let value): return "\(value)"
        case .float(let value): return "\(value)"
        case .complex(let real, let imaginary): return "complex(\(real), \(imaginary))"
        case .string(let text): return "'\(IOError.oneLine(text, limit: 1000))'"
        case .bytes(let bytes): return "bytes of length \(bytes.count)"
        case .byteArray(let bytes): return "bytearray of length \(bytes.count)"
        case .list(let items): return "[\(list(items))]"
        case .tuple(let items): return items.count == 1 ? "(\(items[0]),)" : "(\(list(items)))"
        case .set(let items): return items.isEmpty ? "set()" : "{\(list(items))}"
        case .dictionary(let dictionary):
            return "{" + dictionary.items.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        case .size(let sizes): return "torch.Size(\(sizes))"
        case .dtype(let name): return "torch.\(name)"
        case .device(let name): return "device('\(name)')"
        case .tensor(let tensor):
            return "\(tensor.isParameter ? "Parameter" : "Tensor")(\(tensor.dtype), \(tensor.shape))"
        case .object(let object):
            let attributes = object.attributes.map { "\(IOError.oneLine($0.name, limit: 100))=\($0.value)" }
            return "\(object.name)(\(attributes.joined(separator: ", ")))"
        }
    }
}

/// A Python integer of any size.
public struct TorchInteger: Sendable, Equatable, CustomStringConvertible {
    /// The two's complement representation, little-endian, of minimal length.
    public let bytes: [UInt8]

    /// Creates an integer from its two's complement representation, little-endian.
    public init(bytes: [UInt8]) {
        var bytes = bytes
        while bytes.count > 1, bytes.last == (bytes[bytes.count - 2] < 0x80 ? 0 : 0xff) { bytes.removeLast() }
        self.bytes = bytes
    }

    /// The decimal representation.
    public var description: String {
        let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
        var magnitude = bytes.map { isNegative ? ~$0 : $0 }
        if isNegative {
            var index = 0
            while index < magnitude.count {
                magnitude[index] &+= 1
                if magnitude[index] != 0 { break }
                index += 1
            }
            // The negation of the lowest number of this length needs another byte.
            if index == magnitude.count { magnitude.append(1) }
        }
        // Long division by 10^9: nine digits at a time.
        var groups: [String] = []
        while let last = magnitude.last {
            if last == 0 {
                magnitude.removeLast()
                continue
            }
            var rest = 0
            for index in magnitude.indices.reversed() {
                let value = rest << 8 | Int(magnitude[index])
                magnitude[index] = UInt8(value / 1_000_000_000)
                rest = value % 1_000_000_000
            }
            groups.append(String(rest))
        }
        guard var text = groups.popLast() else { return "0" }
        for group in groups.reversed() { text += String(repeating: "0", count: 9 - group.count) + group }
        return isNegative ? "-" + text : text
    }
}
