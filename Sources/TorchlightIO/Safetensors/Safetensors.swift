import TorchlightCore

/// Reads and writes tensors in the safetensors format (<https://github.com/huggingface/safetensors>).
///
///     try Safetensors.save(["weight": w, "bias": b], to: "linear.safetensors", metadata: ["epoch": "3"])
///     let tensors = try Safetensors.load("linear.safetensors")
public enum Safetensors {
    /// Returns the tensors of a file by name.
    ///
    /// The file is memory-mapped: the tensors share the memory of the mapping, unless one does not begin at a multiple
    /// of its element size, and data is read when it is first used (bool tensors are checked at once). Changing a
    /// tensor in place does not change the file.
    ///
    /// Element types without a dtype are widened without loss: U16 to int32, U32 to int64, U64 to int64 if every value
    /// fits, 8-bit floats (F8) to float16 and F8_E8M0 to float32. Tensors of other types (complex numbers, floats of
    /// less than 8 bits, unknown types) are skipped; ``open(_:only:)`` lists them.
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - names: the names of the tensors to read. Default: nil, all that can be read.
    /// - Throws: `IOError` if the file is malformed, none of its tensors can be read, or one of `names` is missing or
    ///   cannot be read.
    public static func load(_ path: String, only names: [String]? = nil) throws(IOError) -> [String: Tensor] {
        try byName(try open(path, only: names), path: path)
    }

    /// Returns copies of the tensors in the bytes of a file, by name. The path is for error texts.
    package static func load(_ bytes: [UInt8], path: String) throws(IOError) -> [String: Tensor] {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(IOError) in try byName(parse(FileContents(buffer, path: path)), path: path) }
        }.get()
    }

    private static func byName(_ file: SafetensorsFile, path: String) throws(IOError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in file.tensors {
            // Names are bytes in the file; Swift compares canonically equivalent strings as equal.
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "safetensors", file: path,
                    "two tensors have names that are equal as Unicode strings: \(IOError.quoted(name))",
                    expected: "each name once", fix: "Safetensors.open(_:)")
            }
        }
        return tensors
    }

    /// Opens a file with its metadata and its tensors in the order of their data, or all shards of an index
    /// (`model.safetensors.index.json`).
    ///
    /// - Throws: the errors of ``load(_:only:)``.
    public static func open(_ path: String, only names: [String]? = nil) throws(IOError) -> SafetensorsFile {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            if path.hasSuffix(".index.json") || FileKind.of(bytes) == .shardIndex {
                return try SafetensorsFile(stored: try ShardIndex(path).open(), path: path, only: names)
            }
            return try parse(FileContents(mapped), only: names)
        }
    }

    /// Reads the header of a file: the names, element types and shapes of its tensors, without their data.
    ///
    /// - Throws: `IOError` if the header is malformed.
    public static func header(of path: String) throws(IOError) -> SafetensorsHeader {
        try MappedFile(path).withBytes { bytes throws(IOError) in
            try SafetensorsHeader.parse(bytes, file: path, listing: true)
        }
    }

    /// Parses the bytes of a file.
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
                leftOut.append(LeftOut(entry.name, error, offset: entry.range.lowerBound))
            }
        }
        try selection.check(
            found: tensors.map(\.name), leftOut: leftOut, operation: "safetensors", file: contents.path)
        return SafetensorsFile(tensors: tensors, metadata: header.metadata ?? [], leftOut: leftOut)
    }

    /// The tensors of a file's bytes with their element types in the file, and those that cannot be read even as bits.
    static func stored(
        _ contents: FileContents
    ) throws(IOError) -> (tensors: [StoredTensor], metadata: [(key: String, value: String)], leftOut: [LeftOut]) {
        let header = try SafetensorsHeader.parse(contents.bytes, file: contents.path)
        var tensors: [StoredTensor] = []
        tensors.reserveCapacity(header.entries.count)
        var leftOut: [LeftOut] = []
        for entry in header.entries {
            do throws(IOError) { tensors.append(try stored(entry, in: contents)) } catch {
                guard error.kind == .unsupported else { throw error }
                leftOut.append(LeftOut(entry.name, error, offset: entry.range.lowerBound))
            }
        }
        try Selection(nil).check(
            found: tensors.map(\.name), leftOut: leftOut, operation: "safetensors", file: contents.path)
        return (tensors, header.metadata ?? [], leftOut)
    }

    /// Writes tensors and metadata to a file. The file is created complete or not at all; an existing file is replaced
    /// only after the new one has been synchronised to the disk.
    ///
    /// The tensors are written in order of decreasing element size and then by name, so that the same tensors give the
    /// same bytes.
    /// - Parameters:
    ///   - tensors: names and tensors: a dictionary or a list of labelled pairs.
    ///   - path: the path of the file.
    ///   - metadata: strings by key, written in the order of the keys. Default: none.
    /// - Throws: `IOError` if the file cannot be written, a name occurs twice, or a name is `__metadata__`.
    public static func save(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String, metadata: [String: String] = [:]
    ) throws(IOError) {
        try save(stored: tensors.map { StoredTensor($0.key, $0.value) }, to: path, metadata: metadata)
    }

    /// Writes tensors with the element types of another file.
    package static func save(
        stored tensors: [StoredTensor], to path: String, metadata: [String: String]
    ) throws(IOError) {
        try check(tensors, path: path)
        let file = try write(tensors, to: path, metadata: metadata)
        defer { file.discard() }
        try file.publish()
    }

    /// Throws if a tensor cannot be written.
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
                    expected: "an element type of the safetensors format")
            }
        }
    }

    /// Writes a file under its temporary name. The bytes are written from the memory of the tensors without a copy.
    static func write(
        _ tensors: [StoredTensor], to path: String, metadata: [String: String]
    ) throws(IOError) -> AtomicFile {
        let file = try AtomicFile(path)
        do throws(IOError) {
            try put(
                tensors, metadata: metadata, begin: { size throws(IOError) in try file.reserve(size) },
                { bytes throws(IOError) in try file.write(bytes) })
            try file.flush()
        } catch {
            file.discard()
            throw error
        }
        return file
    }

    /// Writes tensors in the format as a part of another file.
    ///
    /// - Parameters:
    ///   - tensors: the tensors.
    ///   - path: the path of the other file, for error texts.
    ///   - begin: gets the number of bytes, before the first of them.
    ///   - write: gets the bytes in pieces.
    package static func write(
        _ tensors: [StoredTensor], path: String, begin: (Int) throws(IOError) -> Void,
        _ write: (UnsafeRawBufferPointer) throws(IOError) -> Void
    ) throws(IOError) {
        try check(tensors, path: path)
        try put(tensors, metadata: [:], begin: begin, write)
    }

    private static func put(
        _ tensors: [StoredTensor], metadata: [String: String], begin: (Int) throws(IOError) -> Void,
        _ write: (UnsafeRawBufferPointer) throws(IOError) -> Void
    ) throws(IOError) {
        let notes = metadata.sorted { $0.key < $1.key }
        let header = SafetensorsHeader(
            tensors: tensors.map { ($0.name, typeName(of: $0.type)!, $0.shape, $0.byteCount) },
            metadata: notes.isEmpty ? nil : notes)
        let byName = Dictionary(uniqueKeysWithValues: tensors.map { (Array($0.name.utf8), $0.bits!) })
        let start = header.encoded()
        try begin(header.entries.last?.range.upperBound ?? start.count)
        try start.withUnsafeBytes { bytes in Result { () throws(IOError) in try write(bytes) } }.get()
        for entry in header.entries {
            try byName[Array(entry.name.utf8)]!.withUnsafeBytes { bytes throws(IOError) in try write(bytes) }
        }
    }
}

/// The contents of a safetensors file.
public struct SafetensorsFile: Sendable {
    /// The names and tensors, in the order of their data.
    public let tensors: [(name: String, tensor: Tensor)]
    /// The metadata, in the order of the file.
    public let metadata: [(key: String, value: String)]
    /// The tensors that cannot be read, with reasons.
    public let leftOut: [LeftOut]

    init(
        tensors: [(name: String, tensor: Tensor)], metadata: [(key: String, value: String)], leftOut: [LeftOut] = []
    ) {
        self.tensors = tensors
        self.metadata = metadata
        self.leftOut = leftOut
    }

    /// Reads the values of stored tensors.
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

    /// The tensor with a name; nil if there is none.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name.utf8.elementsEqual(name.utf8) }?.tensor }

    /// The metadata string of a key; nil if there is none.
    public func metadataValue(for key: String) -> String? { metadata.first { $0.key == key }?.value }

    /// The metadata string of a key; nil if there is none.
    @available(*, deprecated, renamed: "metadataValue(for:)")
    public func note(_ key: String) -> String? { metadataValue(for: key) }
}
