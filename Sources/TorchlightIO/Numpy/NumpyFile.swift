import TorchlightCore

/// Reading and writing of NumPy's files: one array (`.npy`) or an archive of named ones (`.npz`).
///
///     try NumpyFile.save(["x": x, "y": y], to: "data.npz", compressed: true)
///     let arrays = try NumpyFile.loadArchive("data.npz")
///     let x = try NumpyFile.load("x.npy")
///
/// All versions of the format, both orders of bytes and both orders of dimensions are read. uint16 becomes int32, uint32
/// and uint64 become int64 (uint64 only where every value fits). Complex numbers, extended precision, strings, dates,
/// structures and Python objects are refused.
public enum NumpyFile {
    /// The array of a `.npy` file.
    ///
    /// It lies in the mapped file itself where order of bytes and alignment allow: nothing is read before it is used. An
    /// array in Fortran order keeps that order through its strides.
    /// - Throws: `IOError` where the file breaks a rule of the format, is an archive or holds other things than numbers.
    public static func load(_ path: String) throws(IOError) -> Tensor {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            guard !ZipArchive.isZip(bytes) else {
                throw IOError(
                    .unsupported, "npy", file: path, "an archive of arrays", expected: "NumpyFile.loadArchive(_:)")
            }
            return try array(FileContents(mapped))
        }
    }

    /// The arrays of a `.npz` file by name, without the `.npy` that its entries end in.
    ///
    /// Arrays that are not compressed lie in the mapped file where they are aligned.
    /// - Throws: As ``load(_:)``, and where an entry is no array or damaged.
    public static func loadArchive(_ path: String) throws(IOError) -> [String: Tensor] {
        var arrays: [String: Tensor] = [:]
        for (name, tensor) in try open(path) {
            // Names are bytes in the file; Swift takes two spellings of an accented letter for equal.
            guard arrays.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "npz", file: path, "two names that Unicode takes for equal: \(IOError.quoted(name))",
                    expected: "NumpyFile.open(_:)")
            }
        }
        return arrays
    }

    /// The arrays of a `.npz` file in its order; a `.npy` file gives one, named `array`.
    ///
    /// - Throws: As ``loadArchive(_:)``.
    public static func open(_ path: String) throws(IOError) -> [(name: String, tensor: Tensor)] {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { _ throws(IOError) in try parse(FileContents(mapped)) }
    }

    /// The arrays in the bytes of a file of either kind.
    package static func parse(
        _ contents: FileContents, verifyingChecksums: Bool = true
    ) throws(IOError) -> [(name: String, tensor: Tensor)] {
        guard ZipArchive.isZip(contents.bytes) else { return [("array", try array(contents))] }
        let archive = try ZipArchive(contents.bytes, file: contents.path, operation: "npz")
        var arrays: [(name: String, tensor: Tensor)] = []
        arrays.reserveCapacity(archive.entries.count)
        for entry in archive.entries {
            guard entry.name.hasSuffix(".npy") else {
                throw IOError(
                    .malformed, "npz", file: contents.path, offset: entry.header,
                    "the entry \(IOError.quoted(entry.name))", expected: "names that end in .npy")
            }
            let array = try array(entry, in: archive, contents, verifyingChecksum: verifyingChecksums)
            arrays.append((String(entry.name.dropLast(4)), array))
        }
        return arrays
    }

    private static func array(_ contents: FileContents) throws(IOError) -> Tensor {
        let header = try NumpyHeader.parse(
            contents.bytes, available: contents.bytes.count, file: contents.path, operation: "npy", start: 0)
        let storage = try StorageReader(contents: contents, operation: "npy").storage(
            of: header.element, count: header.count, in: header.dataStart..<contents.bytes.count,
            isSwapped: header.isBigEndian, what: "the array")
        return tensor(header, storage)
    }

    private static func array(
        _ entry: ZipArchive.Entry, in archive: ZipArchive, _ contents: FileContents, verifyingChecksum: Bool
    ) throws(IOError) -> Tensor {
        let reader = StorageReader(contents: contents, operation: "npz")
        let what = IOError.quoted(entry.name)
        guard entry.isDeflated else {
            let bytes = try archive.stored(entry, verifyingChecksum: verifyingChecksum)
            let start = entry.range.lowerBound
            let header = try NumpyHeader.parse(
                bytes, available: bytes.count, file: contents.path, operation: "npz", start: start)
            let storage = try reader.storage(
                of: header.element, count: header.count, in: start + header.dataStart..<entry.range.upperBound,
                isSwapped: header.isBigEndian, what: what)
            return tensor(header, storage)
        }
        // The header first: memory for the elements is taken only when it agrees with the size of the entry.
        let stream = try ZipStream(entry, in: archive, verifyingChecksum: verifyingChecksum)
        let inflated = "\(contents.path):\(entry.name)"
        var start = [UInt8](repeating: 0, count: min(entry.size, NumpyHeader.prefixLimit))
        try fill(&start, from: 0, stream)
        let total = try withBytes(start) { bytes throws(IOError) in
            try NumpyHeader.length(bytes, file: inflated, operation: "npz", start: 0).total
        }
        if total > start.count, total <= entry.size {
            let count = start.count
            start.append(contentsOf: repeatElement(0, count: total - count))
            try fill(&start, from: count, stream)
        }
        let header = try withBytes(start) { bytes throws(IOError) in
            try NumpyHeader.parse(bytes, available: entry.size, file: inflated, operation: "npz", start: 0)
        }
        let storage = try reader.storage(
            of: header.element, count: header.count, from: stream, at: entry.range.lowerBound,
            isSwapped: header.isBigEndian, what: what)
        try stream.finish()
        return tensor(header, storage)
    }

    private static func fill(_ bytes: inout [UInt8], from start: Int, _ stream: ZipStream) throws(IOError) {
        try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(IOError) in
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
            }
        }.get()
    }

    /// `withUnsafeBytes` keeps the type of the error only through a Result.
    private static func withBytes<Value>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(IOError) -> Value
    ) throws(IOError) -> Value {
        try bytes.withUnsafeBytes { buffer in Result { () throws(IOError) in try body(buffer) } }.get()
    }

    private static func tensor(_ header: NumpyHeader, _ storage: Storage) -> Tensor {
        guard header.isFortranOrder, header.count > 0 else {
            return Tensor(
                storage: storage, layout: Layout(shape: Dims(header.shape)), dtype: header.element.dtype)
        }
        var strides: [Int] = []
        var step = 1
        for extent in header.shape {
            strides.append(step)
            step *= extent
        }
        return Tensor(
            storage: storage, layout: Layout(shape: Dims(header.shape), strides: Dims(strides), offset: 0),
            dtype: header.element.dtype)
    }
}

extension NumpyFile {
    /// Writes one array to a `.npy` file, which appears complete or not at all.
    ///
    /// - Throws: `IOError` where the file cannot be written, or the dtype is bfloat16, which NumPy does not have.
    public static func save(_ tensor: Tensor, to path: String) throws(IOError) {
        try check(tensor, "the array", operation: "npy", path: path)
        let file = try AtomicFile(path)
        defer { file.discard() }
        try file.write(NumpyHeader.encoded(FileElement(tensor.dtype), shape: tensor.shape))
        try tensor.withUnsafeBytes { bytes throws(IOError) in try file.write(bytes) }
        try file.commit()
    }

    /// Writes named arrays to a `.npz` file, which appears complete or not at all.
    ///
    /// The arrays are streamed one after another in the order of their names, each at a multiple of 64 bytes unless it is
    /// compressed, so that readers can map them.
    /// - Parameter compressed: Whether to deflate the arrays, as `numpy.savez_compressed` does.
    /// - Throws: `IOError` where the file cannot be written, a name comes twice, or a dtype is bfloat16, which NumPy does
    ///   not have.
    public static func save(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String, compressed: Bool = false
    ) throws(IOError) {
        let sorted = tensors.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (name, tensor) in sorted {
            try check(tensor, "the array \(IOError.quoted(name))", operation: "npz", path: path)
        }
        let file = try AtomicFile(path)
        defer { file.discard() }
        let archive = ZipWriter(file, path: path, operation: "npz")
        for (name, tensor) in sorted {
            let header = NumpyHeader.encoded(FileElement(tensor.dtype), shape: tensor.shape)
            let size = header.count + tensor.count * tensor.dtype.byteSize
            try archive.begin(name + ".npy", size: size, deflated: compressed)
            try archive.write(header)
            try tensor.withUnsafeBytes { bytes throws(IOError) in try archive.write(bytes) }
            try archive.end()
        }
        try archive.finish()
        try file.commit()
    }

    private static func check(_ tensor: Tensor, _ what: String, operation: String, path: String) throws(IOError) {
        guard !tensor.isPlaceholder else {
            throw IOError(
                .unsupported, operation, file: path, "\(what) is the result of an operation that failed",
                expected: "results of operations that succeeded")
        }
        guard tensor.dtype != .bfloat16 else {
            throw IOError(
                .unsupported, operation, file: path, "\(what) is bfloat16, which NumPy does not have",
                expected: "another dtype: .to(.float32) loses nothing")
        }
    }
}
