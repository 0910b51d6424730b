import TorchlightCore

/// Writes values as a pickle of protocol 2, which every version of PyTorch reads, also with `weights_only`.
///
/// A tensor that appears twice is written once and remembered. Tensors that share a storage keep sharing it: of each
/// storage the part is written that its tensors reach.
struct PickleWriter {
    /// A part of a storage, and the name that it gets.
    struct StoredPart {
        let storage: Storage
        let element: FileElement
        /// In elements.
        var range: Range<Int>
        /// The position in the order of first appearance, as the key in the file; nil before it was written.
        var key: Int?
    }

    private struct StorageID: Hashable {
        let storage: ObjectIdentifier
        let dtype: DType
    }

    /// The parts in the order of their keys.
    private(set) var parts: [StoredPart] = []
    private(set) var bytes: [UInt8] = [0x80, 2]
    private let path: String
    private var numbers: [StorageID: Int] = [:]
    private var keyCount = 0
    /// Copies of the tensors whose layout PyTorch does not have.
    private var copies: [ObjectIdentifier: Tensor] = [:]
    private var texts: [[UInt8]: Int] = [:]
    private var tensors: [ObjectIdentifier: Int] = [:]
    private var globals: [String: Int] = [:]
    private var memoCount = 0

    /// The element types of tensors that hold the bits of others.
    private let types: [ObjectIdentifier: String]

    /// The pickle of a value.
    ///
    /// - Parameter types: For tensors that hold the bits of elements of another type, PyTorch's name of it.
    init(_ value: TorchValue, path: String, types: [ObjectIdentifier: String] = [:]) throws(IOError) {
        self.path = path
        self.types = types
        try collect(value, depth: 0)
        try write(value)
        bytes.append(UInt8(ascii: "."))
    }

    /// The storages in the order of their keys: 0, 1, 2, ...
    var storages: [StoredPart] { parts.sorted { $0.key! < $1.key! } }

    // MARK: - Storages

    private func failure(_ problem: String, expected rule: String) -> IOError {
        IOError(.unsupported, "pth", file: path, problem, expected: rule)
    }

    /// Finds the storages and what is reached of each.
    private mutating func collect(_ value: TorchValue, depth: Int) throws(IOError) {
        guard depth < TorchValueBuilder.depthLimit else {
            throw failure("values nested too deeply", expected: "at most \(TorchValueBuilder.depthLimit) levels")
        }
        switch value {
        case .list(let items), .tuple(let items), .set(let items):
            for item in items { try collect(item, depth: depth + 1) }
        case .dictionary(let dictionary):
            for (key, value) in dictionary.items {
                try collect(key, depth: depth + 1)
                try collect(value, depth: depth + 1)
            }
            for (_, value) in dictionary.attributes { try collect(value, depth: depth + 1) }
        case .tensor(let tensor): try collect(tensor)
        default: break
        }
    }

    private mutating func collect(_ tensor: Tensor) throws(IOError) {
        guard !tensor.isPlaceholder else {
            throw failure(
                "cannot write the result of an operation that failed",
                expected: "results of operations that succeeded")
        }
        if tensor.device != .cpu || tensor.strides.contains(where: { $0 < 0 }) {
            // PyTorch has no strides below zero.
            if copies[ObjectIdentifier(tensor)] == nil {
                copies[ObjectIdentifier(tensor)] = tensor.detach().to(.cpu).contiguous()
            }
        }
        let source = copies[ObjectIdentifier(tensor)] ?? tensor
        let id = StorageID(storage: ObjectIdentifier(source.storage), dtype: source.dtype)
        let reach = source.layout.extent
        guard let number = numbers[id] else {
            numbers[id] = parts.count
            parts.append(StoredPart(storage: source.storage, element: FileElement(source.dtype), range: reach))
            return
        }
        let range = parts[number].range
        if range.isEmpty {
            parts[number].range = reach
        } else if !reach.isEmpty {
            parts[number].range =
                min(range.lowerBound, reach.lowerBound)..<max(range.upperBound, reach.upperBound)
        }
    }

    // MARK: - Opcodes

    private mutating func put(_ opcode: Unicode.Scalar) { bytes.append(UInt8(ascii: opcode)) }

    private mutating func put<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func remember() -> Int {
        defer { memoCount += 1 }
        if memoCount < 256 {
            put("q")
            put(UInt8(memoCount))
        } else {
            put("r")
            put(UInt32(memoCount))
        }
        return memoCount
    }

    private mutating func recall(_ index: Int) {
        if index < 256 {
            put("h")
            put(UInt8(index))
        } else {
            put("j")
            put(UInt32(index))
        }
    }

    private mutating func write(_ value: Int) {
        switch value {
        case 0..<256:
            put("K")
            put(UInt8(value))
        case 256..<65536:
            put("M")
            put(UInt16(value))
        case Int(Int32.min)...Int(Int32.max):
            put("J")
            put(Int32(value))
        default:
            bytes += [0x8a, 8]
            put(Int64(value))
        }
    }

    private mutating func write(_ text: String) throws(IOError) {
        let utf8 = Array(text.utf8)
        if let known = texts[utf8] { return recall(known) }
        guard let count = UInt32(exactly: utf8.count) else {
            throw failure("a text of \(utf8.count) bytes", expected: "at most \(UInt32.max)")
        }
        put("X")
        put(count)
        bytes += utf8
        texts[utf8] = remember()
    }

    private mutating func write(_ value: Double) {
        put("G")
        put(value.bitPattern.byteSwapped)
    }

    /// A global by its module and name, parted by a space.
    private mutating func writeGlobal(_ name: String) {
        if let known = globals[name] { return recall(known) }
        put("c")
        bytes += name.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "\n") : $0 } + [UInt8(ascii: "\n")]
        globals[name] = remember()
    }

    private mutating func writeTuple(_ values: [Int]) {
        if values.count > 3 { put("(") }
        for value in values { write(value) }
        switch values.count {
        case 0: put(")")
        case 1...3: bytes.append(0x84 + UInt8(values.count))
        default: put("t")
        }
    }

    private mutating func writeEmptyOrderedDict() {
        writeGlobal("collections OrderedDict")
        put(")")
        put("R")
    }

    /// Bytes, which protocol 2 writes as a text of Latin-1 and a call.
    private mutating func writeBytes(_ value: [UInt8]) throws(IOError) {
        writeGlobal("_codecs encode")
        var text = ""
        for byte in value { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        try write(text)
        try write("latin1")
        bytes += [0x86]
        put("R")
    }

    private mutating func write(_ value: TorchValue) throws(IOError) {
        switch value {
        case .none: put("N")
        case .bool(let value): bytes.append(value ? 0x88 : 0x89)
        case .int(let value): write(value)
        case .bigInt(let value):
            guard value.bytes.count <= PickleMachine.integerLimit else {
                throw failure(
                    "an integer of \(value.bytes.count) bytes", expected: "at most \(PickleMachine.integerLimit)")
            }
            if let count = UInt8(exactly: value.bytes.count) {
                bytes += [0x8a, count]
            } else {
                bytes.append(0x8b)
                put(Int32(value.bytes.count))
            }
            bytes += value.bytes
        case .float(let value): write(value)
        case .complex(let real, let imaginary):
            writeGlobal("__builtin__ complex")
            write(real)
            write(imaginary)
            bytes += [0x86]
            put("R")
        case .string(let text): try write(text)
        case .bytes(let value): try writeBytes(value)
        case .byteArray(let value):
            writeGlobal("__builtin__ bytearray")
            try writeBytes(value)
            bytes += [0x85]
            put("R")
        case .list(let items): try writeList(items)
        case .tuple(let items):
            put("(")
            for item in items { try write(item) }
            put("t")
        case .set(let items):
            writeGlobal("__builtin__ set")
            try writeList(items)
            bytes += [0x85]
            put("R")
        case .dictionary(let dictionary): try write(dictionary)
        case .size(let sizes):
            writeGlobal("torch Size")
            writeTuple(sizes)
            bytes += [0x85]
            put("R")
        case .dtype(let name):
            guard PickleGlobal.find(module: "torch", name: name).global == .dtype(name) else {
                throw failure("there is no dtype \(IOError.quoted(name))", expected: "one of PyTorch's")
            }
            writeGlobal("torch \(name)")
        case .device(let name):
            writeGlobal("torch device")
            let parts = name.split(separator: ":", maxSplits: 1)
            try write(String(parts.first ?? ""))
            if parts.count == 2, let number = Int(parts[1]) {
                write(number)
                bytes += [0x86]
            } else {
                bytes += [0x85]
            }
            put("R")
        case .tensor(let tensor): try write(tensor)
        case .object(let object):
            throw failure(
                "an object of \(IOError.quoted(object.name)) cannot be written",
                expected: "values of PyTorch and Python")
        }
    }

    private mutating func writeList(_ items: [TorchValue]) throws(IOError) {
        put("]")
        put("(")
        for item in items { try write(item) }
        put("e")
    }

    private mutating func write(_ dictionary: TorchDictionary) throws(IOError) {
        guard dictionary.isOrdered || dictionary.attributes.isEmpty else {
            throw failure("attributes of a plain dictionary", expected: "an ordered one")
        }
        if dictionary.isOrdered { writeEmptyOrderedDict() } else { put("}") }
        try writeItems(dictionary.items)
        guard !dictionary.attributes.isEmpty else { return }
        put("}")
        try writeItems(dictionary.attributes.map { (.string($0.name), $0.value) })
        put("b")
    }

    private mutating func writeItems(_ items: [(key: TorchValue, value: TorchValue)]) throws(IOError) {
        put("(")
        for (key, value) in items {
            try write(key)
            try write(value)
        }
        put("u")
    }

    // MARK: - Tensors

    private mutating func write(_ tensor: Tensor) throws(IOError) {
        if let known = tensors[ObjectIdentifier(tensor)] { return recall(known) }
        if tensor.isParameter { writeGlobal("torch._utils _rebuild_parameter") }
        let source = copies[ObjectIdentifier(tensor)] ?? tensor
        let number = numbers[StorageID(storage: ObjectIdentifier(source.storage), dtype: source.dtype)]!
        if parts[number].key == nil {
            parts[number].key = keyCount
            keyCount += 1
        }
        let part = parts[number]
        // Element types that have no storage class stand in the tensor, over a storage of bytes.
        let type = types[ObjectIdentifier(tensor)]
        writeGlobal("torch._utils _rebuild_tensor_v\(type == nil ? 2 : 3)")
        put("(")
        put("(")
        try write("storage")
        writeGlobal(
            type == nil ? "torch \(PickleGlobal.storageClass(of: part.element))" : "torch.storage UntypedStorage")
        try write("\(part.key!)")
        try write("cpu")
        write(type == nil ? part.range.count : part.range.count * part.element.size)
        put("t")
        put("Q")
        write(source.count == 0 ? 0 : source.layout.offset - part.range.lowerBound)
        writeTuple(source.shape)
        writeTuple(source.strides)
        bytes.append(tensor.requiresGrad && !tensor.isParameter ? 0x88 : 0x89)
        writeEmptyOrderedDict()
        if let type { writeGlobal("torch \(type)") }
        put("t")
        put("R")
        if tensor.isParameter {
            bytes.append(tensor.requiresGrad ? 0x88 : 0x89)
            writeEmptyOrderedDict()
            bytes.append(0x87)
            put("R")
        }
        tensors[ObjectIdentifier(tensor)] = remember()
    }
}
