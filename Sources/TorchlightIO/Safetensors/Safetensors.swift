import TorchlightCore

/// Reading and writing of tensors in the safetensors format (<https://github.com/huggingface/safetensors>).
///
///     try Safetensors.save(["weight": w, "bias": b], to: "linear.safetensors", metadata: ["epoch": "3"])
///     let tensors = try Safetensors.load("linear.safetensors")
public enum Safetensors {
    /// The tensors of a file by name.
    ///
    /// They lie in the mapped file itself, unless a tensor does not begin at a multiple of its element's size: nothing is
    /// read before it is used (but for bools, which are checked), and changing a tensor in place does not change the file.
    ///
    /// Element types without a dtype of their own here are widened without loss: U16 to int32, U32 to int64, U64 to int64
    /// where every value fits, F8_E5M2 and F8_E4M3 to float16, F8_E8M0 to float32.
    /// - Throws: `IOError` where the file breaks a rule of the format, or holds complex numbers or floats of less than
    ///   8 bits.
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
        return try mapped.withBytes { _ throws(IOError) in try parse(FileContents(mapped)) }
    }

    /// The header of a file: what is in it, without a look at the tensors.
    ///
    /// - Throws: `IOError` where the header breaks a rule of the format.
    public static func header(of path: String) throws(IOError) -> SafetensorsHeader {
        try MappedFile(path).withBytes { bytes throws(IOError) in try SafetensorsHeader.parse(bytes, file: path) }
    }

    /// The contents of a file's bytes.
    package static func parse(_ contents: FileContents) throws(IOError) -> SafetensorsFile {
        let header = try SafetensorsHeader.parse(contents.bytes, file: contents.path)
        var tensors: [(name: String, tensor: Tensor)] = []
        tensors.reserveCapacity(header.entries.count)
        for entry in header.entries { tensors.append((entry.name, try tensor(entry, in: contents))) }
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
            tensors: tensors.map { ($0.key, typeName(of: $0.value.dtype), $0.value.shape) },
            metadata: notes.isEmpty ? nil : notes)
        let byName = Dictionary(uniqueKeysWithValues: tensors.map { ($0.key, $0.value) })
        let file = try AtomicFile(path)
        do throws(IOError) {
            let start = header.encoded()
            try file.reserve(header.entries.last?.range.upperBound ?? start.count)
            try file.write(start)
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
