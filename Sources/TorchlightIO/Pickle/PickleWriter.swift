import TorchlightCore

/// Writes values as a pickle of protocol 2, which every version of PyTorch reads, also with `weights_only=True`.
///
/// A tensor that occurs twice is written once and memoised. Tensors that share a storage share it in the file; of each
/// storage, the range that its tensors use is written.
struct PickleWriter {
    /// A range of a storage, and its key in the file.
    struct StoredPart {
        let storage: Storage
        let element: FileElement
        /// In elements.
        var range: Range<Int>
        /// The key in the file, by order of first occurrence; nil until it is written.
        var key: Int?
    }

    private struct StorageID: Hashable {
        let storage: ObjectIdentifier
        let dtype: DType
    }

    /// The storages in the order of first occurrence among the tensors.
    private(set) var parts: [StoredPart] = []
    private(set) var bytes: [UInt8] = [0x80, 2]
    private let path: String
    private var numbers: [StorageID: Int] = [:]
    private var keyCount = 0
    /// Whether a key or a member of a set is being written.
    private var isHashed = false
    /// Contiguous copies on the CPU of tensors with negative strides or on other devices.
    private var copies: [ObjectIdentifier: Tensor] = [:]
    private var texts: [[UInt8]: Int] = [:]
    private var tensors: [ObjectIdentifier: Int] = [:]
    private var globals: [String: Int] = [:]
    private var memoCount = 0

    /// The element types of tensors that contain the bits of another type.
    private let types: [ObjectIdentifier: String]

    /// Creates the pickle of a value.
    ///
    /// - Parameter types: PyTorch's names of the element types of tensors that contain bits.
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

    /// Collects the storages and the ranges that are used.
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
            // PyTorch does not support negative strides.
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

    private mutating func memoize() -> Int {
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

    private mutating func putMemo(_ index: Int) {
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
        if let known = texts[utf8] { return putMemo(known) }
        guard let count = UInt32(exactly: utf8.count) else {
            throw failure("a string of \(quantity(utf8.count, "byte"))", expected: "at most \(UInt32.max)")
        }
        put("X")
        put(count)
        bytes += utf8
        texts[utf8] = memoize()
    }

    private mutating func write(_ value: Double) {
        put("G")
        put(value.bitPattern.byteSwapped)
    }

    /// Writes a global name: module and name, separated by a space.
    private mutating func writeGlobal(_ name: String) {
        if let known = globals[name] { return putMemo(known) }
        put("c")
        bytes += name.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "\n") : $0 } + [UInt8(ascii: "\n")]
        globals[name] = memoize()
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

    /// Writes bytes, which protocol 2 represents as a Latin-1 string and a call of `_codecs.encode`.
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
                    "an integer of \(quantity(value.bytes.count, "byte"))",
                    expected: "at most \(PickleMachine.integerLimit)")
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
            writeGlobal(isHashed ? "__builtin__ frozenset" : "__builtin__ set")
            let outer = isHashed
            isHashed = true
            try writeList(items)
            isHashed = outer
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
                throw failure("there is no dtype \(IOError.quoted(name))", expected: "a dtype of PyTorch")
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
            throw failure("a plain dictionary has attributes", expected: "an ordered dictionary")
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
            // Sets in a key are frozensets in Python.
            let outer = isHashed
            isHashed = true
            try write(key)
            isHashed = outer
            try write(value)
        }
        put("u")
    }

    // MARK: - Tensors

    private mutating func write(_ tensor: Tensor) throws(IOError) {
        if let known = tensors[ObjectIdentifier(tensor)] { return putMemo(known) }
        if tensor.isParameter { writeGlobal("torch._utils _rebuild_parameter") }
        let source = copies[ObjectIdentifier(tensor)] ?? tensor
        let number = numbers[StorageID(storage: ObjectIdentifier(source.storage), dtype: source.dtype)]!
        if parts[number].key == nil {
            parts[number].key = keyCount
            keyCount += 1
        }
        let part = parts[number]
        // For element types without a storage class, the tensor states the dtype and the storage has bytes.
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
        tensors[ObjectIdentifier(tensor)] = memoize()
    }
}
