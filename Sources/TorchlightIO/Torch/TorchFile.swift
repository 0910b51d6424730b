import TorchlightCore

/// Reading and writing of PyTorch's files: what `torch.save` writes, as zip archives and in the stream that came before
/// PyTorch 1.6.
///
///     let weights = try TorchFile.loadTensors("resnet.pth")
///     let checkpoint = try TorchFile.load("checkpoint.pt")
///     try TorchFile.save(["epoch": 3, "model": .stateDict(model.stateDict())], to: "next.pt")
///
/// Nothing in such a file is ever run. It holds a pickle, a program for Python; here it is read by a machine without calls
/// that knows containers, numbers, texts and tensors, and leaves out what any other name would make.
public enum TorchFile {
    /// The value that was saved.
    ///
    /// Tensors lie in the mapped file itself where alignment and order of bytes allow; changing one in place does not
    /// change the file. Views of one storage share it, and a tensor that appears twice is one object. uint16 becomes int32,
    /// uint32 and uint64 become int64 (uint64 only where every value fits), 8-bit floats float16 or float32. Objects of other
    /// classes, and tensors that do not exist here (complex, quantized, sparse), are ``TorchValue/object(_:)`` with the
    /// reason; ``TorchValue/leftOut`` lists them.
    /// - Parameter verifyingChecksums: whether to compare the CRC-32 of every tensor's bytes in a zip archive, which takes
    ///   one pass over the file. Archives that state none, as PyTorch can write them, are read without.
    /// - Throws: `IOError` naming the place and the rule that is broken where the file is damaged, or holds nothing but
    ///   objects of other classes.
    public static func load(_ path: String, verifyingChecksums: Bool = true) throws(IOError) -> TorchValue {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { _ throws(IOError) in
            try parse(FileContents(mapped), verifyingChecksums: verifyingChecksums)
        }
    }

    /// The tensors of a file by their paths: those of a state dictionary by their names, in a checkpoint
    /// "model.0.weight" and so on (``TorchValue/tensors``).
    ///
    /// - Throws: As ``load(_:verifyingChecksums:)``, and where two tensors have one path.
    public static func loadTensors(_ path: String, verifyingChecksums: Bool = true) throws(IOError) -> [String: Tensor]
    {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in try load(path, verifyingChecksums: verifyingChecksums).tensors {
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "pth", file: path, "two tensors with the path \(IOError.quoted(name))",
                    expected: "TorchFile.load(_:)")
            }
        }
        return tensors
    }

    /// Names that the file's pickle asks for beyond those of tensors, with the calls that Python would have made. Empty for
    /// files of tensors.
    ///
    /// - Throws: `IOError` where the file is no file of PyTorch. A pickle that is damaged further on gives what came before.
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

    /// The value of a pickle alone, as it stands in an archive, with storages of zeros of the sizes that it states, and
    /// what it asks for beyond tensors. For trying the reader on pickles of any kind.
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

    /// The value in a file's bytes.
    package static func parse(_ contents: FileContents, verifyingChecksums: Bool = true) throws(IOError) -> TorchValue {
        try parse(contents, verifyingChecksums: verifyingChecksums, asBits: false).value
    }

    /// The value in a file's bytes; with `asBits`, tensors whose elements have no dtype here hold their bits, and `types`
    /// says what they are.
    static func parse(
        _ contents: FileContents, verifyingChecksums: Bool = true, asBits: Bool
    ) throws(IOError) -> (value: TorchValue, types: [ObjectIdentifier: String]) {
        if ZipArchive.isZip(contents.bytes) {
            if let error = mismatch(contents) { throw error }
            return try TorchArchive(contents, verifyingChecksums: verifyingChecksums).load(asBits: asBits)
        }
        guard contents.bytes.first == 0x80, LegacyTorchStream.isLegacy(contents.bytes) else { throw unknown(contents) }
        return try LegacyTorchStream.load(contents, asBits: asBits)
    }

    private static func mismatch(_ contents: FileContents) -> IOError? {
        // The archive's own reader says what is missing in these.
        let expected = ([FileKind.torchArchive, .torchStream, .torchScript, .zip], "a file of torch.save")
        return FileKind.mismatch(contents.bytes, file: contents.path, operation: "pth", expected: expected)
    }

    /// The error for bytes that are neither of the two layouts: it says what they look like.
    private static func unknown(_ contents: FileContents) -> IOError {
        if let error = mismatch(contents) { return error }
        let start = contents.bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return IOError(
            .malformed, "pth", file: contents.path, offset: 0, "the bytes \(start.joined(separator: " "))",
            expected: "a zip archive or the older stream of torch.save")
    }
}

/// A zip archive of `torch.save`: the pickle `archive/data.pkl`, storages in `archive/data/`, and a few notes.
private struct TorchArchive {
    let contents: FileContents
    let archive: ZipArchive
    let verifyingChecksums: Bool
    /// The folder in the archive, with its slash.
    let folder: String
    let pickle: ZipArchive.Entry
    let isBigEndian: Bool

    /// A pickle that is compressed and inflates to more is refused. Those of tensors' names deflate to a tenth or so.
    private static func inflatedLimit(_ entry: ZipArchive.Entry) -> Int { 16 << 20 + 32 * entry.range.count }

    init(_ contents: FileContents, verifyingChecksums: Bool) throws(IOError) {
        self.contents = contents
        let archive = try ZipArchive(contents.bytes, file: contents.path, operation: "pth")
        self.archive = archive
        // After `set_crc32_options(False)` PyTorch computes no checksums and states zeros.
        let verifyingChecksums = verifyingChecksums && archive.entries.contains { $0.crc != 0 }
        self.verifyingChecksums = verifyingChecksums
        let pickles = archive.entries.filter { entry in
            entry.name.hasSuffix("/data.pkl") && entry.name.utf8.count { $0 == UInt8(ascii: "/") } == 1
        }
        guard pickles.count == 1, let pickle = pickles.first else {
            throw IOError(
                .malformed, "pth", file: contents.path, offset: 0,
                "a zip archive with \(pickles.count) entries named FOLDER/data.pkl",
                expected: "the one that torch.save writes")
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
                "a TorchScript archive: a program, not only tensors", expected: "a file of model.state_dict()")
        }
    }

    /// The bytes of the pickle, and the file and position that messages name.
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

    func load(asBits: Bool) throws(IOError) -> (value: TorchValue, types: [ObjectIdentifier: String]) {
        try withPickle { pickle throws(IOError) in
            // By the bytes in the file, not by those that they inflate to.
            let limit = PickleMachine.limit(pickleSize: self.pickle.range.count)
            var machine = PickleMachine(
                pickle.bytes, file: pickle.file, start: pickle.start, layout: .zip, limit: limit)
            let result = try machine.run()
            guard result.end == pickle.bytes.count else {
                throw IOError(
                    .malformed, "pth", file: pickle.file, offset: pickle.start + result.end,
                    "\(pickle.bytes.count - result.end) bytes after the end of the pickle", expected: "none")
            }
            // Nested and shared values are checked before any storage is read.
            var storages: [[String: Storage]] = Array(repeating: [:], count: result.storages.count)
            let places = try places(of: result.storages, pickle)
            var verified: Set<Int> = []
            var failures: [Int: String] = [:]
            for tensor in result.tensors {
                let number = tensor.storage
                guard let element = tensor.element(asBits: asBits) else { continue }
                // Complex numbers are swapped by halves.
                if isBigEndian, tensor.element.readAs == nil {
                    failures[number] = "big-endian elements of type \(tensor.element.name) have no dtype here"
                    continue
                }
                do throws(IOError) {
                    try read(
                        element, of: result.storages[number], at: places[number], pickle,
                        verify: verified.insert(number).inserted, into: &storages[number])
                } catch {
                    guard error.kind == .unsupported else { throw error }
                    failures[number] = error.problem
                }
            }
            var builder = TorchValueBuilder(
                result, storages: storages, failures: failures, file: pickle.file, offset: pickle.start, limit: limit,
                asBits: asBits)
            let value = try builder.build()
            return (value, builder.types)
        }
    }

    /// The entries of the storages, whose sizes must be those that the pickle states.
    private func places(of storages: [PickleStorage], _ pickle: Pickle) throws(IOError) -> [ZipArchive.Entry] {
        var places: [ZipArchive.Entry] = []
        places.reserveCapacity(storages.count)
        for storage in storages {
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
                    "the entry \(IOError.quoted(name)) has \(entry.size) bytes",
                    expected: "\(storage.byteCount), the size of the storage in the pickle")
            }
            places.append(entry)
        }
        return places
    }

    /// Reads a storage as elements of a type, unless that was done.
    private func read(
        _ element: FileElement, of storage: PickleStorage, at entry: ZipArchive.Entry, _ pickle: Pickle, verify: Bool,
        into storages: inout [String: Storage]
    ) throws(IOError) {
        guard storages[element.name] == nil else { return }
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
