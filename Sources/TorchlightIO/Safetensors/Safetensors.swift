import TorchlightCore

/// Reading and writing of tensors in the safetensors format (<https://github.com/huggingface/safetensors>).
///
///     try Safetensors.save(["weight": w, "bias": b], to: "linear.safetensors", metadata: ["epoch": "3"])
///     let tensors = try Safetensors.load("linear.safetensors")
public enum Safetensors {
    /// The tensors of a file by name.
    ///
    /// They lie in the mapped file itself, unless a tensor does not begin at a multiple of its element's size: nothing is
    /// read before it is used, and changing a tensor in place does not change the file.
    /// - Throws: `IOError` where the file breaks a rule of the format, or holds an element type that has no dtype here.
    public static func load(_ path: String) throws(IOError) -> [String: Tensor] {
        let file = try open(path)
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in file.tensors {
            // Names are bytes in the file; Swift takes two spellings of an accented letter for equal.
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "safetensors", file: path,
                    "two names that Unicode takes for equal: \(IOError.quoted(name))", expected: "Safetensors.open(_:)")
            }
        }
        return tensors
    }

    /// A file with its metadata and with its tensors in the order of their data, or all files of an index
    /// (`model.safetensors.index.json`) together.
    ///
    /// - Throws: As `load(_:)`.
    public static func open(_ path: String) throws(IOError) -> SafetensorsFile {
        if path.hasSuffix(indexSuffix) { return try openShards(path) }
        let mapped = try MappedFile(path)
        let header = try mapped.withBytes { bytes throws(IOError) in try SafetensorsHeader.parse(bytes, file: path) }
        var tensors: [(name: String, tensor: Tensor)] = []
        tensors.reserveCapacity(header.entries.count)
        for entry in header.entries { tensors.append((entry.name, try tensor(entry, in: mapped))) }
        return SafetensorsFile(tensors: tensors, metadata: header.metadata ?? [])
    }

    /// Writes tensors and notes to a file that appears complete or not at all.
    ///
    /// The tensors are streamed one after another, the widest element types first and by name within a type, so that the
    /// same tensors give the same bytes. An existing file is replaced only when the new one is safely on the device.
    /// - Parameters:
    ///   - tensors: Names and tensors; a dictionary or a list of labelled pairs.
    ///   - metadata: Free-form notes, written in the order of their names.
    /// - Throws: `IOError` where the file cannot be written, a name comes twice, or is `__metadata__`.
    public static func save(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String, metadata: [String: String] = [:]
    ) throws(IOError) {
        let byName = try unique(tensors, path: path)
        let file = try write(byName.map { (key: $0.key, value: $0.value) }, to: path, metadata: metadata)
        defer { file.discard() }
        try file.publish()
    }

    /// The tensors by name, if they can be written.
    static func unique(
        _ tensors: some Sequence<(key: String, value: Tensor)>, path: String
    ) throws(IOError) -> [String: Tensor] {
        var byName: [String: Tensor] = [:]
        for (name, tensor) in tensors {
            guard name != "__metadata__", !tensor.isPlaceholder, byName.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "safetensors", file: path, "cannot write the tensor \(IOError.quoted(name))",
                    expected: "each name once, none __metadata__, and results of operations that succeeded")
            }
        }
        return byName
    }

    /// Writes a file that has not got its name yet. The bytes go from the tensors' own memory to the system.
    static func write(
        _ tensors: [(key: String, value: Tensor)], to path: String, metadata: [String: String]
    ) throws(IOError) -> AtomicFile {
        let notes = metadata.sorted { $0.key < $1.key }
        let header = SafetensorsHeader(
            tensors: tensors.map { ($0.key, names[$0.value.dtype]!, $0.value.shape) },
            metadata: notes.isEmpty ? nil : notes)
        let byName = Dictionary(uniqueKeysWithValues: tensors.map { ($0.key, $0.value) })
        let file = try AtomicFile(path)
        do throws(IOError) {
            try file.write(header.encoded())
            for entry in header.entries {
                try byName[entry.name]!.withUnsafeBytes { bytes throws(IOError) in try file.write(bytes) }
            }
            try file.flush()
        } catch {
            file.discard()
            throw error
        }
        return file
    }

    /// The format's names of the dtypes.
    private static let names: [DType: String] = [
        .float64: "F64", .float32: "F32", .float16: "F16", .bfloat16: "BF16", .int64: "I64", .int32: "I32",
        .int16: "I16",
        .int8: "I8", .uint8: "U8", .bool: "BOOL",
    ]
    private static let dtypes = Dictionary(uniqueKeysWithValues: names.map { ($1, $0) })

    private static func tensor(_ entry: SafetensorsHeader.Entry, in file: MappedFile) throws(IOError) -> Tensor {
        guard let dtype = dtypes[entry.dtype] else {
            throw IOError(
                .unsupported, "safetensors", file: file.path, offset: entry.range.lowerBound,
                "tensor \(IOError.quoted(entry.name)) has elements of type \(entry.dtype)",
                expected: "one of \(dtypes.keys.sorted().joined(separator: ", "))")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
        defer { withExtendedLifetime(file) {} }
        // Any other byte in a bool would make kernels disagree about it.
        if dtype == .bool, let wrong = bytes.firstIndex(where: { $0 > 1 }) {
            throw IOError(
                .malformed, "safetensors", file: file.path, offset: entry.range.lowerBound + wrong,
                "the byte \(bytes[wrong]) in the bool tensor \(IOError.quoted(entry.name))", expected: "0 or 1")
        }
        let layout = Layout(shape: Dims(entry.shape))
        if let start = bytes.baseAddress, bytes.count > 0, entry.range.lowerBound % dtype.byteSize == 0 {
            let storage = Storage(
                bytes: UnsafeMutableRawPointer(mutating: start), byteCount: bytes.count, device: .cpu, owner: file,
                isReadOnly: false)
            return Tensor(storage: storage, layout: layout, dtype: dtype)
        }
        do {
            let storage = try Storage(byteCount: bytes.count, device: .cpu)
            if let start = bytes.baseAddress { storage.bytes.copyMemory(from: start, byteCount: bytes.count) }
            return Tensor(storage: storage, layout: layout, dtype: dtype)
        } catch {
            throw IOError(.unsupported, "safetensors", file: file.path, "\(error)")
        }
    }
}

/// What a safetensors file holds.
public struct SafetensorsFile: Sendable {
    /// The names and tensors, in the order of their data.
    public let tensors: [(name: String, tensor: Tensor)]
    /// The free-form notes, in the file's order.
    public let metadata: [(key: String, value: String)]

    /// The first tensor of a name.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name }?.tensor }

    /// The note of a key.
    public func note(_ key: String) -> String? { metadata.first { $0.key == key }?.value }
}
