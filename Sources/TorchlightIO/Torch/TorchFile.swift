import TorchlightCore

/// Reads and writes PyTorch files: the zip archives of `torch.save`, and the format of versions before 1.6.
///
///     let weights = try TorchFile.loadTensors("resnet.pth")
///     let checkpoint = try TorchFile.load("checkpoint.pt")
///     try TorchFile.save(["epoch": 3, "model": .stateDict(model.stateDict())], to: "next.pt")
///
/// No code in a file is ever executed. A PyTorch file contains a pickle, which is a program for Python. Here it is read
/// by an interpreter without calls that supports containers, numbers, strings and tensors, and skips everything else.
public enum TorchFile {
    /// Reads the object that was saved.
    ///
    /// Tensors share the memory of the memory-mapped file if byte order and alignment allow it; changing one in place
    /// does not change the file. Views of one storage share it, and a tensor that occurs twice is one object. uint16
    /// becomes int32, uint32 and uint64 become int64 (uint64 only if every value fits), and 8-bit floats become float16
    /// or float32. A storage becomes a vector of its elements, or of its bytes if it has no element type. Objects of other classes
    /// and unsupported tensors (quantized, sparse) become ``TorchValue/object(_:)`` with the reason, as do containers that contain
    /// themselves; ``TorchValue/leftOut`` lists them.
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - verifyingChecksums: whether to verify the CRC-32 of every tensor in a zip archive, which takes one pass over
    ///     the file. Default: true. Archives that PyTorch wrote without checksums are not verified.
    /// - Throws: `IOError` with the position and the rule that is broken if the file is damaged, or if it contains
    ///   nothing but objects of other classes.
    public static func load(_ path: String, verifyingChecksums: Bool = true) throws(IOError) -> TorchValue {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { _ throws(IOError) in
            try parse(FileContents(mapped), verifyingChecksums: verifyingChecksums)
        }
    }

    /// Reads the tensors of a file by their paths: for a state dictionary the keys, for a checkpoint paths such as
    /// "model.0.weight" (``TorchValue/tensors``).
    ///
    /// - Throws: the errors of ``load(_:verifyingChecksums:)``, and `IOError` if two tensors have the same path.
    public static func loadTensors(_ path: String, verifyingChecksums: Bool = true) throws(IOError) -> [String: Tensor]
    {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in try load(path, verifyingChecksums: verifyingChecksums).tensors {
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "pth", file: path, "two tensors have the path \(IOError.quoted(name))",
                    expected: "each path once; TorchFile.load(_:) reads both")
            }
        }
        return tensors
    }

    /// Lists the global names in the file's pickle that are not those of tensors, with the calls that Python would have
    /// made. The list is empty for files of tensors.
    ///
    /// - Throws: `IOError` if the file is not a PyTorch file. A damaged pickle gives the names before the damage.
    package static func refusals(_ path: String) throws(IOError) -> [PickleRefusal] {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { _ throws(IOError) in
            let contents = FileContents(mapped)
            if ZipArchive.isZip(contents.bytes) {
                let reader = try TorchArchive(contents, verifyingChecksums: false)
                return try reader.withPickle { pickle throws(IOError) in
                    Self.inspect(pickle.bytes, file: pickle.file, start: pickle.start, layout: .zip)
                }
            }
            if contents.bytes.first != 0x80 { throw unknown(contents) }
            let start = LegacyTorchStream.isLegacy(contents.bytes) ? try LegacyTorchStream.pickleStart(contents) : 0
            return Self.inspect(
                contents.bytes.slice(start..<contents.bytes.count), file: path, start: start, layout: .legacy)
        }
    }

    private static func inspect(
        _ bytes: UnsafeRawBufferPointer, file: String, start: Int, layout: PickleMachine.Layout
    ) -> [PickleRefusal] {
        var machine = PickleMachine(
            bytes, file: file, start: start, layout: layout, isInspection: true,
            limit: PickleMachine.limit(pickleSize: bytes.count))
        _ = try? machine.run()
        return machine.refusals
    }

    /// Reads a pickle of an archive on its own, with storages of zeros of the stated sizes, and lists its global names
    /// that are not those of tensors. Used to test the reader on arbitrary pickles.
    package static func readPickle(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) -> (value: TorchValue?, refusals: [PickleRefusal]) {
        let refusals = inspect(bytes, file: file, start: 0, layout: .zip)
        let limit = PickleMachine.limit(pickleSize: bytes.count)
        var machine = PickleMachine(bytes, file: file, start: 0, layout: .zip, limit: limit)
        guard let pickle = try? machine.run(), pickle.storages.allSatisfy({ $0.byteCount <= 1 << 20 }) else {
            return (nil, refusals)
        }
        var storages: [[String: Storage]] = Array(repeating: [:], count: pickle.storages.count)
        for tensor in pickle.tensors where tensor.element(asBits: false) != nil {
            let count = pickle.storages[tensor.storage].byteCount / tensor.element.size * tensor.element.dtype.byteSize
            guard let storage = try? Storage(byteCount: count, device: .cpu) else { return (nil, refusals) }
            storage.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            storages[tensor.storage][tensor.element.name] = storage
        }
        var builder = TorchValueBuilder(pickle, storages: storages, file: file, offset: 0, limit: limit)
        return (try? builder.build(), refusals)
    }

    /// Parses the bytes of a file.
    package static func parse(_ contents: FileContents, verifyingChecksums: Bool = true) throws(IOError) -> TorchValue {
        try parse(contents, verifyingChecksums: verifyingChecksums, asBits: false).value
    }

    /// Parses the bytes of a file. With `asBits`, tensors of element types without a dtype contain their bits, and
    /// `types` gives their element types. With `skippingDamaged`, tensors whose storages are damaged are listed as left
    /// out; otherwise they are an error.
    static func parse(
        _ contents: FileContents, verifyingChecksums: Bool = true, asBits: Bool, skippingDamaged: Bool = false
    ) throws(IOError) -> (value: TorchValue, types: [ObjectIdentifier: String]) {
        if ZipArchive.isZip(contents.bytes) {
            if let error = mismatch(contents) { throw error }
            return try TorchArchive(contents, verifyingChecksums: verifyingChecksums).load(
                asBits: asBits, skippingDamaged: skippingDamaged)
        }
        guard contents.bytes.first == 0x80, LegacyTorchStream.isLegacy(contents.bytes) else { throw unknown(contents) }
        return try LegacyTorchStream.load(contents, asBits: asBits)
    }

    private static func mismatch(_ contents: FileContents) -> IOError? {
        // These are read as archives; the reader of archives reports what is missing.
        let expected = ([FileKind.torchArchive, .torchStream, .torchScript, .zip], "a file of torch.save")
        return FileKind.mismatch(contents.bytes, file: contents.path, operation: "pth", expected: expected)
    }

    /// The error for bytes of neither format, with a description of the bytes.
    private static func unknown(_ contents: FileContents) -> IOError {
        if let error = mismatch(contents) { return error }
        return IOError(
            .malformed, "pth", file: contents.path, offset: 0,
            "the file begins with the bytes \(contents.bytes.hexadecimal(4))",
            expected: "a zip archive, or the format of torch.save before PyTorch 1.6")
    }
}

/// A zip archive of `torch.save`: the pickle `archive/data.pkl`, storages in `archive/data/`, and metadata entries.
private struct TorchArchive {
    let contents: FileContents
    let archive: ZipArchive
    let verifyingChecksums: Bool
    /// The directory in the archive, with a trailing slash.
    let folder: String
    let pickle: ZipArchive.Entry
    let isBigEndian: Bool

    /// The maximum size of a compressed pickle after decompression; typical pickles deflate to about a tenth.
    private static func inflatedLimit(_ entry: ZipArchive.Entry) -> Int { 16 << 20 + 32 * entry.range.count }

    init(_ contents: FileContents, verifyingChecksums: Bool) throws(IOError) {
        self.contents = contents
        let archive = try ZipArchive(contents.bytes, file: contents.path, operation: "pth")
        self.archive = archive
        // After `set_crc32_options(False)` PyTorch writes zeros as checksums.
        let verifyingChecksums = verifyingChecksums && archive.entries.contains { $0.crc != 0 }
        self.verifyingChecksums = verifyingChecksums
        let pickles = archive.entries.filter { entry in
            entry.name.hasSuffix("/data.pkl") && entry.name.utf8.count { $0 == UInt8(ascii: "/") } == 1
        }
        guard pickles.count == 1, let pickle = pickles.first else {
            throw IOError(
                .malformed, "pth", file: contents.path, offset: 0,
                "a zip archive with \(quantity(pickles.count, "entry", plural: "entries")) named FOLDER/data.pkl",
                expected: "exactly one, as torch.save writes")
        }
        self.pickle = pickle
        let folder = String(pickle.name.dropLast("data.pkl".count))
        self.folder = folder
        func note(_ name: String) throws(IOError) -> (text: String, entry: ZipArchive.Entry)? {
            guard let entry = archive[folder + name] else { return nil }
            let bytes = try archive.contents(entry, limit: 64, verifyingChecksum: verifyingChecksums)
            return (String(decoding: bytes, as: UTF8.self), entry)
        }
        func failure(_ entry: ZipArchive.Entry, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, "pth", file: contents.path, offset: entry.range.lowerBound, problem, expected: rule)
        }
        if let (text, entry) = try note("version") {
            guard let version = Int(text.prefix { $0.isNumber }), (1...10).contains(version) else {
                throw failure(entry, "the format's version is \(IOError.quoted(text))", expected: "1 to 10")
            }
        }
        var isBigEndian = false
        if let (text, entry) = try note("byteorder") {
            switch text {
            case "little": break
            case "big": isBigEndian = true
            default: throw failure(entry, "the byte order is \(IOError.quoted(text))", expected: "little or big")
            }
        }
        self.isBigEndian = isBigEndian
        if let constants = archive[folder + "constants.pkl"] {
            throw IOError(
                .unsupported, "pth", file: contents.path, offset: constants.header,
                "a TorchScript archive, which contains code", expected: "a file of torch.save(model.state_dict(), ...)")
        }
    }

    /// The bytes of the pickle, with the file and position for error texts.
    struct Pickle {
        let bytes: UnsafeRawBufferPointer
        let file: String
        let start: Int
    }

    func withPickle<Value>(_ body: (Pickle) throws(IOError) -> Value) throws(IOError) -> Value {
        guard pickle.isDeflated else {
            let bytes = try archive.stored(pickle, verifyingChecksum: verifyingChecksums)
            return try body(Pickle(bytes: bytes, file: contents.path, start: pickle.range.lowerBound))
        }
        let inflated = try archive.contents(
            pickle, limit: Self.inflatedLimit(pickle), verifyingChecksum: verifyingChecksums)
        return try inflated.withUnsafeBytes { bytes in
            Result { () throws(IOError) in
                try body(Pickle(bytes: bytes, file: "\(contents.path):\(pickle.name)", start: 0))
            }
        }.get()
    }

    func load(
        asBits: Bool, skippingDamaged: Bool
    ) throws(IOError) -> (value: TorchValue, types: [ObjectIdentifier: String]) {
        try withPickle { pickle throws(IOError) in
            // The size in the file, not the size after decompression.
            let limit = PickleMachine.limit(pickleSize: self.pickle.range.count)
            var machine = PickleMachine(
                pickle.bytes, file: pickle.file, start: pickle.start, layout: .zip, limit: limit)
            let result = try machine.run()
            guard result.end == pickle.bytes.count else {
                throw IOError(
                    .malformed, "pth", file: pickle.file, offset: pickle.start + result.end,
                    "\(quantity(pickle.bytes.count - result.end, "byte")) after the end of the pickle", expected: "none"
                )
            }
            // Nested and shared values are checked before any storage is read.
            var storages: [[String: Storage]] = Array(repeating: [:], count: result.storages.count)
            var failures: [Int: StorageFailure] = [:]
            var recordEntries: [ZipArchive.Entry?] = []
            recordEntries.reserveCapacity(result.storages.count)
            for (number, storage) in result.storages.enumerated() {
                do throws(IOError) { recordEntries.append(try recordEntry(of: storage, pickle)) } catch {
                    guard skippingDamaged else { throw error }
                    recordEntries.append(nil)
                    failures[number] = StorageFailure(error)
                }
            }
            var verified: Set<Int> = []
            for tensor in result.tensors {
                let number = tensor.storage
                guard let element = tensor.element(asBits: asBits), let entry = recordEntries[number],
                    failures[number]?.isDamaged != true
                else { continue }
                // The real and imaginary parts of complex numbers would have to be swapped separately.
                if isBigEndian, tensor.element.readAs == nil {
                    failures[number] = StorageFailure(
                        problem: "the big-endian element type \(tensor.element.name) is not supported",
                        isDamaged: false)
                    continue
                }
                do throws(IOError) {
                    try read(
                        element, of: result.storages[number], at: entry, pickle,
                        verify: verified.insert(number).inserted, into: &storages[number])
                } catch {
                    guard error.kind == .unsupported || error.kind == .malformed && skippingDamaged else {
                        throw damaged(result.storages[number], error)
                    }
                    failures[number] = StorageFailure(error)
                }
            }
            var builder = TorchValueBuilder(
                result, storages: storages, failures: failures, file: pickle.file, offset: pickle.start, limit: limit,
                asBits: asBits)
            let value = try builder.build()
            return (value, builder.types)
        }
    }

    /// The error for a damaged storage, with the function that reads the others.
    private func damaged(_ storage: PickleStorage, _ error: IOError) -> IOError {
        guard error.kind == .malformed else { return error }
        return IOError(
            error.kind, error.operation, file: error.file, offset: error.offset,
            "the storage \(IOError.quoted(storage.key)) is damaged: \(error.problem)", expected: error.rule,
            fix: "TensorFile.load(_:only:) to read other tensors")
    }

    /// The entry of a storage; its size must be the one that the pickle states.
    private func recordEntry(of storage: PickleStorage, _ pickle: Pickle) throws(IOError) -> ZipArchive.Entry {
        let name = "\(folder)data/\(storage.key)"
        guard let entry = archive[name] else {
            throw IOError(
                .malformed, "pth", file: pickle.file, offset: pickle.start + storage.offset,
                "the storage \(IOError.quoted(storage.key)) is not in the archive",
                expected: "an entry \(IOError.quoted(name))")
        }
        guard entry.size == storage.byteCount else {
            throw IOError(
                .malformed, "pth", file: contents.path, offset: entry.header,
                "the entry \(IOError.quoted(name)) has \(quantity(entry.size, "byte"))",
                expected: "\(storage.byteCount), the size of the storage in the pickle")
        }
        return entry
    }

    /// Reads a storage with an element type, unless it was read already.
    private func read(
        _ element: FileElement, of storage: PickleStorage, at entry: ZipArchive.Entry, _ pickle: Pickle, verify: Bool,
        into storages: inout [String: Storage]
    ) throws(IOError) {
        guard storages[element.name] == nil else { return }
        try archive.checkReadable(entry)
        if isBigEndian, storage.isMixed || !storages.isEmpty {
            throw IOError(
                .unsupported, "pth", file: pickle.file, offset: pickle.start + storage.offset,
                "the big-endian storage \(IOError.quoted(storage.key)) is used with several types", expected: "one")
        }
        let reader = StorageReader(contents: contents, operation: "pth")
        let what = "the storage \(IOError.quoted(storage.key))"
        let count = storage.byteCount / element.size
        guard entry.isDeflated else {
            if verify { _ = try archive.stored(entry, verifyingChecksum: verifyingChecksums) }
            let range = entry.range.lowerBound..<entry.range.lowerBound + count * element.size
            storages[element.name] = try reader.storage(
                of: element, count: count, in: range, isSwapped: isBigEndian, what: what)
            return
        }
        guard storages.isEmpty, count * element.size == storage.byteCount else {
            throw IOError(
                .unsupported, "pth", file: pickle.file, offset: pickle.start + storage.offset,
                "the compressed storage \(IOError.quoted(storage.key)) is used with several types", expected: "one")
        }
        let stream = try ZipStream(entry, in: archive, verifyingChecksum: verifyingChecksums)
        storages[element.name] = try reader.storage(
            of: element, count: count, from: stream, at: entry.range.lowerBound, isSwapped: isBigEndian, what: what)
        try stream.finish()
    }
}
