import TorchlightCore

/// What a file of `torch.save` holds: tensors in Python's containers, with numbers and texts beside them.
///
///     let checkpoint = try TorchFile.load("checkpoint.pt")
///     let epoch = checkpoint["epoch"]?.int
///     let weights = checkpoint["model"]?.tensors ?? []
public enum TorchValue: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    /// An integer that does not fit 64 bits.
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
    /// A `torch.dtype` by its name: "float32". Also those that have no dtype here.
    case dtype(String)
    /// A `torch.device` by its name: "cuda:1".
    case device(String)
    /// A tensor, or a parameter. The same tensor at two places is one object; views share their storage.
    case tensor(Tensor)

    /// An `OrderedDict` of named tensors, as `model.state_dict()` gives: parameters become plain tensors over the same
    /// memory.
    public static func stateDict(_ tensors: some Sequence<(key: String, value: Tensor)>) -> TorchValue {
        .dictionary(TorchDictionary(tensors.map { (.string($0.key), .tensor($0.value.detach())) }, isOrdered: true))
    }

    /// The same of a Swift dictionary, which has no order: by name, so that the same tensors give the same bytes.
    public static func stateDict(_ tensors: [String: Tensor]) -> TorchValue {
        stateDict(tensors.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }
}

extension TorchValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A text.
    public init(stringLiteral text: String) { self = .string(text) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .float(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Python's None.
    public init(nilLiteral: ()) { self = .none }
    /// A list.
    public init(arrayLiteral items: TorchValue...) { self = .list(items) }
    /// A `dict` in this order.
    public init(dictionaryLiteral items: (TorchValue, TorchValue)...) {
        self = .dictionary(TorchDictionary(items.map { ($0.0, $0.1) }))
    }
}

/// A Python dictionary: keys of several types, in the order of their insertion.
public struct TorchDictionary: Sendable {
    /// The keys, each once, and values.
    public var items: [(key: TorchValue, value: TorchValue)]
    /// Whether it is an `OrderedDict`.
    public var isOrdered: Bool
    /// The attributes of an `OrderedDict`: state dictionaries of modules carry `_metadata`, the versions of the layers.
    public var attributes: [(name: String, value: TorchValue)]

    /// A dictionary of keys and values.
    public init(
        _ items: [(key: TorchValue, value: TorchValue)] = [], isOrdered: Bool = false,
        attributes: [(name: String, value: TorchValue)] = []
    ) {
        self.items = items
        self.isOrdered = isOrdered
        self.attributes = attributes
    }

    /// The value of a text key.
    public subscript(key: String) -> TorchValue? {
        // As bytes: Swift's strings are equal where two spellings of an accented letter are, Python's are not.
        items.first {
            if case .string(let text) = $0.key { text.utf8.elementsEqual(key.utf8) } else { false }
        }?.value
    }

    /// The value of an integer key: optimizers number their parameters.
    public subscript(key: Int) -> TorchValue? {
        items.first { if case .int(key) = $0.key { true } else { false } }?.value
    }
}

// MARK: - What it is

extension TorchValue {
    /// The truth value; nil for others.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The integer within 64 bits; nil for others.
    public var int: Int? { if case .int(let value) = self { value } else { nil } }
    /// The number, also where it is an integer; nil for others.
    public var double: Double? {
        switch self {
        case .float(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }
    /// The text; nil for others.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The tensor; nil for others.
    public var tensor: Tensor? { if case .tensor(let value) = self { value } else { nil } }
    /// The dictionary; nil for others.
    public var dictionary: TorchDictionary? { if case .dictionary(let value) = self { value } else { nil } }
    /// The items of a list or a tuple; nil for others.
    public var items: [TorchValue]? {
        switch self {
        case .list(let items), .tuple(let items): items
        default: nil
        }
    }
    /// The value of a text key in a dictionary.
    public subscript(key: String) -> TorchValue? { dictionary?[key] }

    /// Every tensor with its path, in the order of the file: "model.0.weight", "optimizer.state.0.exp_avg".
    ///
    /// Keys and the positions in lists are joined by dots; a tensor that is the whole file has the name "tensor".
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
                case .tensor, .list, .tuple, .set, .dictionary:
                    value.collect(path: below(key.string ?? "\(key)"), into: &found)
                default: break
                }
            }
        default: break
        }
    }
}

extension TorchValue: CustomStringConvertible {
    /// The value in one line as Python writes it; tensors by dtype and shape.
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
        }
    }
}

/// An integer of any length, as Python has it.
public struct TorchInteger: Sendable, Equatable, CustomStringConvertible {
    /// Two's complement, the least significant byte first, without superfluous bytes.
    public let bytes: [UInt8]

    /// The integer of bytes in two's complement, the least significant first.
    public init(bytes: [UInt8]) {
        var bytes = bytes
        while bytes.count > 1, bytes.last == (bytes[bytes.count - 2] < 0x80 ? 0 : 0xff) { bytes.removeLast() }
        self.bytes = bytes
    }

    /// The decimal digits.
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
            // The lowest number of its length has no counterpart of that length.
            if index == magnitude.count { magnitude.append(1) }
        }
        // Schoolbook division, nine digits at a time.
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
