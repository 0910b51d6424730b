import TorchlightCore

/// Reads and writes NumPy files: one array (`.npy`) or an archive of named arrays (`.npz`).
///
///     try NumpyFile.save(["x": x, "y": y], to: "data.npz", compressed: true)
///     let arrays = try NumpyFile.loadArchive("data.npz")
///     let x = try NumpyFile.load("x.npy")
///
/// All versions of the format, both byte orders and both memory orders (C and Fortran) are read. uint16 becomes int32,
/// uint32 and uint64 become int64 (uint64 only if every value fits). Arrays of extended precision, strings, dates,
/// structures and Python objects are an error in a `.npy` file, and are skipped in an archive.
public enum NumpyFile {
    /// Reads the array of a `.npy` file.
    ///
    /// The tensor shares the memory of the memory-mapped file if byte order and alignment allow it; data is then read
    /// when it is first used. An array in Fortran order keeps that order through its strides.
    /// - Throws: `IOError` if the file is malformed, is an archive, or has elements that are not numbers or bools.
    public static func load(_ path: String) throws(IOError) -> Tensor {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            guard FileKind.of(bytes) != .npz else {
                throw IOError(
                    .unsupported, "npy", file: path, offset: 0, "the file is an archive of arrays",
                    expected: "one array",
                    fix: "NumpyFile.loadArchive(_:)")
            }
            return try array(FileContents(mapped))
        }
    }

    /// Reads the arrays of a `.npz` file by name, without the suffix `.npy` of the entries.
    ///
    /// Uncompressed arrays share the memory of the memory-mapped file if they are aligned. Arrays of unsupported
    /// element types are skipped; ``NumpyFile/contents(of:only:)`` lists them.
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - names: the names of the arrays to read. Default: nil, all that can be read.
    /// - Throws: the errors of ``load(_:)``, and `IOError` if one of the arrays to read is damaged, or one of `names` is
    ///   missing or cannot be read. Of an archive with a damaged array, `names` selects the others.
    public static func loadArchive(_ path: String, only names: [String]? = nil) throws(IOError) -> [String: Tensor] {
        var arrays: [String: Tensor] = [:]
        for (name, tensor) in try open(path, only: names) {
            // Names are bytes in the file; Swift compares canonically equivalent strings as equal.
            guard arrays.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "npz", file: path,
                    "two arrays have names that are equal as Unicode strings: \(IOError.quoted(name))",
                    expected: "each name once", fix: "NumpyFile.open(_:)")
            }
        }
        return arrays
    }

    /// Reads the arrays of a `.npz` file in the order of the file; a `.npy` file gives one array named `array`.
    ///
    /// - Throws: the errors of ``loadArchive(_:only:)``.
    public static func open(
        _ path: String, only names: [String]? = nil
    ) throws(IOError) -> [(name: String, tensor: Tensor)] { try contents(of: path, only: names).arrays }

    /// Reads the arrays of a file, and lists those that cannot be read with reasons.
    ///
    /// - Throws: the errors of ``loadArchive(_:only:)``.
    public static func contents(
        of path: String, only names: [String]? = nil
    ) throws(IOError) -> (arrays: [(name: String, tensor: Tensor)], leftOut: [LeftOut]) {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { _ throws(IOError) in try members(of: FileContents(mapped), only: names) }
    }

    /// Parses the bytes of a `.npy` or `.npz` file.
    package static func parse(
        _ contents: FileContents, verifyingChecksums: Bool = true
    ) throws(IOError) -> [(name: String, tensor: Tensor)] {
        try members(of: contents, verifyingChecksums: verifyingChecksums).arrays
    }

    /// The arrays in the bytes of a `.npy` or `.npz` file, and those that cannot be read.
    static func members(
        of contents: FileContents, only names: [String]? = nil, verifyingChecksums: Bool = true
    ) throws(IOError) -> (arrays: [(name: String, tensor: Tensor)], leftOut: [LeftOut]) {
        let selection = Selection(names)
        guard ZipArchive.isZip(contents.bytes) else {
            let array = ("array", try array(contents))
            try selection.check(found: ["array"], leftOut: [], operation: "npy", file: contents.path)
            return ([array], [])
        }
        var arrays: [(name: String, tensor: Tensor)] = []
        let leftOut = try eachArray(in: contents, selection, skippingDamaged: false) {
            (name, entry, archive) throws(IOError) in
            let (header, storage) = try read(
                entry, in: archive, contents, verifyingChecksum: verifyingChecksums, asBits: false)
            arrays.append((name, tensor(header, storage)))
        }
        try selection.check(found: arrays.map(\.name), leftOut: leftOut, operation: "npz", file: contents.path)
        return (arrays, leftOut)
    }

    /// The arrays of an archive with their element types, and those that cannot be read even as bits.
    ///
    /// - Parameter skippingDamaged: whether damaged arrays are listed too, and not an error.
    static func stored(
        _ contents: FileContents, skippingDamaged: Bool
    ) throws(IOError) -> (tensors: [StoredTensor], leftOut: [LeftOut]) {
        var tensors: [StoredTensor] = []
        let leftOut = try eachArray(in: contents, Selection(nil), skippingDamaged: skippingDamaged) {
            (name, entry, archive) throws(IOError) in
            let (header, storage) = try read(entry, in: archive, contents, verifyingChecksum: true, asBits: true)
            tensors.append(stored(name, header, storage))
        }
        try Selection(nil).check(
            found: tensors.map(\.name), leftOut: leftOut, operation: "npz", file: contents.path)
        return (tensors, leftOut)
    }

    /// The array of a `.npy` file with its element type.
    static func storedArray(_ contents: FileContents) throws(IOError) -> StoredTensor {
        let (header, storage) = try read(contents, asBits: true)
        return stored("array", header, storage)
    }

    private static func stored(_ name: String, _ header: NumpyHeader, _ storage: Storage) -> StoredTensor {
        let dtype = header.element.carrier ?? header.element.dtype
        let bits = view(header, storage, dtype: dtype)
        return StoredTensor(
            name: name, type: header.element.name, shape: header.shape, byteCount: header.count * header.element.size,
            bits: bits)
    }

    /// Calls a closure for each array of an archive.
    ///
    /// - Returns: the arrays for which it threw an error of kind `.unsupported`, or of any kind with `skippingDamaged`.
    private static func eachArray(
        in contents: FileContents, _ selection: Selection, skippingDamaged: Bool,
        _ body: (String, ZipArchive.Entry, ZipArchive) throws(IOError) -> Void
    ) throws(IOError) -> [LeftOut] {
        let expected = ([FileKind.npz, .npy, .zip, .torchScript], "a .npy or .npz file")
        if let error = FileKind.mismatch(contents.bytes, file: contents.path, operation: "npz", expected: expected) {
            throw error
        }
        let archive = try ZipArchive(contents.bytes, file: contents.path, operation: "npz")
        if !archive.entries.isEmpty, archive.entries.allSatisfy({ !$0.name.hasSuffix(".npy") }) {
            throw FileSignature.error(
                FileSignature.zip + " without arrays (.npy)", file: contents.path, operation: "npz",
                expected: expected.1)
        }
        var leftOut: [LeftOut] = []
        for entry in archive.entries {
            guard entry.name.hasSuffix(".npy") else {
                // NumPy reads such entries as bytes.
                if selection.contains(entry.name) {
                    leftOut.append(
                        LeftOut(entry.name, reason: "the entry is not an array (.npy)", offset: entry.header))
                }
                continue
            }
            let name = String(entry.name.dropLast(4))
            guard selection.contains(name) else { continue }
            do throws(IOError) { try body(name, entry, archive) } catch {
                guard error.kind == .unsupported || error.kind == .malformed && skippingDamaged else {
                    throw damaged(name, error)
                }
                leftOut.append(LeftOut(name, error, offset: entry.header))
            }
        }
        return leftOut
    }

    /// The error for a damaged array of an archive, with its name and the function that reads the others.
    private static func damaged(_ name: String, _ error: IOError) -> IOError {
        guard error.kind == .malformed else { return error }
        return IOError(
            error.kind, error.operation, file: error.file, offset: error.offset,
            "the array \(IOError.quoted(name)) is damaged: \(error.problem)", expected: error.rule,
            fix: "NumpyFile.loadArchive(_:only:) to read other arrays")
    }

    private static func array(_ contents: FileContents) throws(IOError) -> Tensor {
        let (header, storage) = try read(contents, asBits: false)
        return tensor(header, storage)
    }

    /// The element type that the storage of an array is read as.
    private static func element(
        _ header: NumpyHeader, asBits: Bool, file: String, operation: String, offset: Int
    ) throws(IOError) -> FileElement {
        if asBits, header.element.isWidened || header.element.readAs == nil, let bits = header.element.asBits,
            !header.isBigEndian || header.element.readAs != nil
        {
            return bits
        }
        guard header.element.readAs != nil else {
            throw IOError(
                .unsupported, operation, file: file, offset: offset,
                "elements of type \(header.element.name) have no dtype here", expected: "numbers")
        }
        return header.element
    }

    private static func read(_ contents: FileContents, asBits: Bool) throws(IOError) -> (NumpyHeader, Storage) {
        let expected = ([FileKind.npy], "a .npy file")
        if let error = FileKind.mismatch(contents.bytes, file: contents.path, operation: "npy", expected: expected) {
            throw error
        }
        let header = try NumpyHeader.parse(
            contents.bytes, available: contents.bytes.count, file: contents.path, operation: "npy", start: 0)
        let element = try element(
            header, asBits: asBits, file: contents.path, operation: "npy", offset: 10)
        let storage = try StorageReader(contents: contents, operation: "npy").storage(
            of: element, count: header.count, in: header.dataStart..<contents.bytes.count,
            isSwapped: header.isBigEndian, what: "the array")
        return (header, storage)
    }

    private static func read(
        _ entry: ZipArchive.Entry, in archive: ZipArchive, _ contents: FileContents, verifyingChecksum: Bool,
        asBits: Bool
    ) throws(IOError) -> (NumpyHeader, Storage) {
        let reader = StorageReader(contents: contents, operation: "npz")
        let what = IOError.quoted(entry.name)
        func element(_ header: NumpyHeader) throws(IOError) -> FileElement {
            try Self.element(
                header, asBits: asBits, file: contents.path, operation: "npz",
                offset: entry.range.lowerBound)
        }
        guard entry.isDeflated else {
            let bytes = try archive.stored(entry, verifyingChecksum: verifyingChecksum)
            let start = entry.range.lowerBound
            try checkIsArray(bytes, entry, contents)
            let header = try NumpyHeader.parse(
                bytes, available: bytes.count, file: contents.path, operation: "npz", start: start)
            let storage = try reader.storage(
                of: try element(header), count: header.count, in: start + header.dataStart..<entry.range.upperBound,
                isSwapped: header.isBigEndian, what: what)
            return (header, storage)
        }
        // The header is read first: memory is allocated only if its shape agrees with the size of the entry.
        let stream = try ZipStream(entry, in: archive, verifyingChecksum: verifyingChecksum)
        let inflated = "\(contents.path):\(entry.name)"
        var start = [UInt8](repeating: 0, count: min(entry.size, NumpyHeader.prefixLimit))
        try fill(&start, from: 0, stream)
        let total = try withBytes(start) { bytes throws(IOError) in
            try checkIsArray(bytes, entry, contents)
            return try NumpyHeader.length(bytes, file: inflated, operation: "npz", start: 0).total
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
            of: try element(header), count: header.count, from: stream, at: entry.range.lowerBound,
            isSwapped: header.isBigEndian, what: what)
        try stream.finish()
        return (header, storage)
    }

    /// Programs that pack archives add other entries, such as `__MACOSX/._x.npy`; they are left out like entries of
    /// other names.
    private static func checkIsArray(
        _ bytes: UnsafeRawBufferPointer, _ entry: ZipArchive.Entry, _ contents: FileContents
    ) throws(IOError) {
        guard !NumpyHeader.isNumpy(bytes) else { return }
        throw IOError(
            .unsupported, "npz", file: contents.path, offset: entry.range.lowerBound,
            "the entry is not an array: it does not begin as a .npy file", expected: "a .npy file")
    }

    private static func fill(_ bytes: inout [UInt8], from start: Int, _ stream: ZipStream) throws(IOError) {
        try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(IOError) in
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
            }
        }.get()
    }

    /// `withUnsafeBytes` preserves the type of the error only through a Result.
    private static func withBytes<Value>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(IOError) -> Value
    ) throws(IOError) -> Value {
        try bytes.withUnsafeBytes { buffer in Result { () throws(IOError) in try body(buffer) } }.get()
    }

    private static func tensor(_ header: NumpyHeader, _ storage: Storage) -> Tensor {
        view(header, storage, dtype: header.element.dtype)
    }

    static func view(_ header: NumpyHeader, _ storage: Storage, dtype: DType) -> Tensor {
        guard header.isFortranOrder, header.count > 0 else {
            return Tensor(storage: storage, layout: Layout(shape: Dims(header.shape)), dtype: dtype)
        }
        var strides: [Int] = []
        var step = 1
        for extent in header.shape {
            strides.append(step)
            step *= extent
        }
        return Tensor(
            storage: storage, layout: Layout(shape: Dims(header.shape), strides: Dims(strides), offset: 0),
            dtype: dtype)
    }
}

extension NumpyFile {
    /// Writes a tensor to a `.npy` file. The file is created complete or not at all.
    ///
    /// - Throws: `IOError` if the file cannot be written, or the dtype is bfloat16, which NumPy does not have.
    public static func save(_ tensor: Tensor, to path: String) throws(IOError) {
        try save(stored: StoredTensor("array", tensor), to: path)
    }

    /// Writes an array with the element type of another file.
    package static func save(stored array: StoredTensor, to path: String) throws(IOError) {
        let element = try element(of: array, "the array", operation: "npy", path: path)
        let file = try AtomicFile(path)
        defer { file.discard() }
        try file.write(NumpyHeader.encoded(element, shape: array.shape))
        try array.bits!.withUnsafeBytes { bytes throws(IOError) in try file.write(bytes) }
        try file.commit()
    }

    /// Writes named tensors to a `.npz` file. The file is created complete or not at all.
    ///
    /// The arrays are written in the order of their names. Uncompressed arrays are aligned to 64 bytes, so that readers
    /// can map them into memory.
    /// - Parameters:
    ///   - tensors: names and tensors.
    ///   - path: the path of the file.
    ///   - compressed: whether to compress the arrays, as `numpy.savez_compressed` does. Default: false.
    /// - Throws: `IOError` if the file cannot be written, a name occurs twice, or a dtype is bfloat16.
    public static func save(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String, compressed: Bool = false
    ) throws(IOError) {
        try save(stored: tensors.map { StoredTensor($0.key, $0.value) }, to: path, compressed: compressed)
    }

    /// Writes arrays with the element types of another file.
    package static func save(stored tensors: [StoredTensor], to path: String, compressed: Bool = false) throws(IOError)
    {
        var arrays: [(tensor: StoredTensor, element: FileElement)] = []
        for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let what = "the array \(IOError.quoted(tensor.name))"
            arrays.append((tensor, try element(of: tensor, what, operation: "npz", path: path)))
        }
        let file = try AtomicFile(path)
        defer { file.discard() }
        let archive = ZipWriter(file, path: path, operation: "npz")
        for (tensor, element) in arrays {
            let header = NumpyHeader.encoded(element, shape: tensor.shape)
            try archive.begin(tensor.name + ".npy", size: header.count + tensor.byteCount, deflated: compressed)
            try archive.write(header)
            try tensor.bits!.withUnsafeBytes { bytes throws(IOError) in try archive.write(bytes) }
            try archive.end()
        }
        try archive.finish()
        try file.commit()
    }

    /// The element type of an array, if NumPy has it.
    private static func element(
        of tensor: StoredTensor, _ what: String, operation: String, path: String
    ) throws(IOError) -> FileElement {
        guard tensor.bits?.isPlaceholder != true else {
            throw IOError(
                .unsupported, operation, file: path, "\(what) is the result of an operation that failed",
                expected: "results of operations that succeeded")
        }
        guard tensor.bits != nil, let element = FileElement(name: tensor.type), holds(tensor.type) else {
            let problem = "\(what) is \(tensor.type), which NumPy does not have"
            guard tensor.dtype?.isFloatingPoint == true else {
                throw IOError(.unsupported, operation, file: path, problem, expected: "an element type of NumPy")
            }
            throw IOError(
                .unsupported, operation, file: path, problem,
                expected: "another dtype; float32 holds every value of a smaller float", fix: ".to(.float32)")
        }
        return element
    }

    /// Whether NumPy has an element type, given by PyTorch's name.
    package static func holds(_ type: String) -> Bool {
        FileElement(name: type).map { NumpyHeader.kind(of: $0) != nil } ?? false
    }
}
