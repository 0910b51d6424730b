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
    /// where every value fits, the types F8 to float16 and F8_E8M0 to float32. Tensors of other types (complex numbers, floats
    /// of less than 8 bits, types that are not known) are left out; ``open(_:only:)`` lists them.
    /// - Parameter names: The tensors to read; nil for all that can be read. No other is looked at.
    /// - Throws: `IOError` where the file breaks a rule of the format, none of its tensors can be read, or one of `names` is
    ///   not there or cannot be read.
    public static func load(_ path: String, only names: [String]? = nil) throws(IOError) -> [String: Tensor] {
        let file = try open(path, only: names)
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in file.tensors {
            // Names are bytes in the file; Swift takes two spellings of an accented letter for equal.
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "safetensors", file: path,
                    "two names that Unicode takes for equal: \(IOError.quoted(name))",
                    expected: "names that differ as texts", fix: "Safetensors.open(_:)")
            }
        }
        return tensors
    }

    /// A file with its metadata and with its tensors in the order of their data, or all files of an index
    /// (`model.safetensors.index.json`) together.
    ///
    /// - Throws: As ``load(_:only:)``.
    public static func open(_ path: String, only names: [String]? = nil) throws(IOError) -> SafetensorsFile {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            if path.hasSuffix(".index.json") || FileKind.of(bytes) == .shardIndex {
                return try SafetensorsFile(stored: try ShardIndex(path).open(), path: path, only: names)
            }
            return try parse(FileContents(mapped), only: names)
        }
    }

    /// The header of a file: what is in it, without a look at the tensors.
    ///
    /// - Throws: `IOError` where the header breaks a rule of the format.
    public static func header(of path: String) throws(IOError) -> SafetensorsHeader {
        try MappedFile(path).withBytes { bytes throws(IOError) in
            try SafetensorsHeader.parse(bytes, file: path, listing: true)
        }
    }

    /// The contents of a file's bytes.
    package static func parse(
        _ contents: FileContents, only names: [String]? = nil
    ) throws(IOError) -> SafetensorsFile {
        let header = try SafetensorsHeader.parse(contents.bytes, file: contents.path)
        let selection = Selection(names)
        var tensors: [(name: String, tensor: Tensor)] = []
        tensors.reserveCapacity(header.entries.count)
        var leftOut: [LeftOut] = []
        for entry in header.entries where selection.contains(entry.name) {
            do throws(IOError) { tensors.append((entry.name, try tensor(entry, in: contents))) } catch {
                guard error.kind == .unsupported else { throw error }
                leftOut.append(
                    LeftOut(entry.name, reason: error.problem, offset: error.offset ?? entry.range.lowerBound))
            }
        }
        try selection.check(
            found: tensors.map(\.name), leftOut: leftOut, operation: "safetensors", file: contents.path)
        return SafetensorsFile(tensors: tensors, metadata: header.metadata ?? [], leftOut: leftOut)
    }

    /// The tensors of a file's bytes with their element types there.
    static func stored(
        _ contents: FileContents
    ) throws(IOError) -> (tensors: [StoredTensor], metadata: [(key: String, value: String)]) {
        let header = try SafetensorsHeader.parse(contents.bytes, file: contents.path)
        var tensors: [StoredTensor] = []
        tensors.reserveCapacity(header.entries.count)
        for entry in header.entries { tensors.append(try stored(entry, in: contents)) }
        return (tensors, header.metadata ?? [])
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
        try save(stored: tensors.map { StoredTensor($0.key, $0.value) }, to: path, metadata: metadata)
    }

    /// The same of tensors with the element types of another file.
    package static func save(
        stored tensors: [StoredTensor], to path: String, metadata: [String: String]
    ) throws(IOError) {
        try check(tensors, path: path)
        let file = try write(tensors, to: path, metadata: metadata)
        defer { file.discard() }
        try file.publish()
    }

    /// Fails where tensors cannot be written.
    static func check(_ tensors: [StoredTensor], path: String) throws(IOError) {
        var names: Set<[UInt8]> = []
        for tensor in tensors {
            guard tensor.name != "__metadata__", tensor.bits?.isPlaceholder != true,
                names.insert(Array(tensor.name.utf8)).inserted
            else {
                throw IOError(
                    .unsupported, "safetensors", file: path, "cannot write the tensor \(IOError.quoted(tensor.name))",
                    expected: "each name once, none __metadata__, and results of operations that succeeded")
            }
            guard tensor.bits != nil, typeName(of: tensor.type) != nil else {
                throw IOError(
                    .unsupported, "safetensors", file: path,
                    "cannot write the tensor \(IOError.quoted(tensor.name)) of type \(tensor.type)",
                    expected: "an element type of the format")
            }
        }
    }

    /// Writes a file that has not got its name yet. The bytes go from the tensors' own memory to the system.
    static func write(
        _ tensors: [StoredTensor], to path: String, metadata: [String: String]
    ) throws(IOError) -> AtomicFile {
        let notes = metadata.sorted { $0.key < $1.key }
        let header = SafetensorsHeader(
            tensors: tensors.map { ($0.name, typeName(of: $0.type)!, $0.shape, $0.byteCount) },
            metadata: notes.isEmpty ? nil : notes)
        let byName = Dictionary(uniqueKeysWithValues: tensors.map { (Array($0.name.utf8), $0.bits!) })
        let file = try AtomicFile(path)
        do throws(IOError) {
            let start = header.encoded()
            try file.reserve(header.entries.last?.range.upperBound ?? start.count)
            try file.write(start)
            for entry in header.entries {
                try byName[Array(entry.name.utf8)]!.withUnsafeBytes { bytes throws(IOError) in try file.write(bytes) }
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
    /// The tensors that cannot be read here, with the reasons.
    public let leftOut: [LeftOut]

    init(
        tensors: [(name: String, tensor: Tensor)], metadata: [(key: String, value: String)], leftOut: [LeftOut] = []
    ) {
        self.tensors = tensors
        self.metadata = metadata
        self.leftOut = leftOut
    }

    /// The values of stored tensors.
    init(stored file: StoredFile, path: String, only names: [String]?) throws(IOError) {
        let selection = Selection(names)
        var tensors: [(name: String, tensor: Tensor)] = []
        var leftOut: [LeftOut] = []
        for stored in file.tensors where selection.contains(stored.name) {
            do throws(IOError) { tensors.append((stored.name, try stored.tensor(file: path))) } catch {
                guard error.kind == .unsupported else { throw error }
                leftOut.append(LeftOut(stored.name, reason: stored.problem ?? error.problem, offset: 0))
            }
        }
        leftOut += file.leftOut.filter { selection.contains($0.name) }
        try selection.check(found: tensors.map(\.name), leftOut: leftOut, operation: "read", file: path)
        self.init(tensors: tensors, metadata: file.metadata, leftOut: leftOut)
    }

    /// The tensor of a name.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name.utf8.elementsEqual(name.utf8) }?.tensor }

    /// The note of a key.
    public func note(_ key: String) -> String? { metadata.first { $0.key == key }?.value }
}
