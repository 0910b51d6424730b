import TorchlightCore

/// The format of `torch.save` before PyTorch 1.6: five pickles, followed by the data of the storages.
///
/// The pickles are a magic number, a version, a description of the machine, the value, and the keys of the storages in
/// the order of their data. A storage is its number of elements (64 bits) and the elements, always little-endian.
enum LegacyTorchStream {
    /// `0x1950a86a20f9469cfc6c` as a pickle of protocol 2 and later.
    private static let magic: [UInt8] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]

    /// Whether bytes begin with the magic number.
    static func isLegacy(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Protocol 4 puts a frame before the number.
        guard bytes.count >= 15, bytes[0] == 0x80 else { return false }
        let start = bytes[2] == 0x95 ? 11 : 2
        return bytes.count >= start + magic.count && bytes.slice(start..<start + magic.count).elementsEqual(magic)
    }

    /// The position of the value's pickle.
    static func pickleStart(_ contents: FileContents) throws(IOError) -> Int {
        var position = 0
        for part in 0..<3 {
            let result = try run(contents, at: position, limit: 1000)
            if part == 1 {
                guard case .int(1001) = result.root else {
                    throw IOError(
                        .malformed, "pth", file: contents.path, offset: position, "the format has another version",
                        expected: "1001")
                }
            }
            position = result.end
        }
        return position
    }

    static func load(
        _ contents: FileContents, asBits: Bool
    ) throws(IOError) -> (value: TorchValue, types: [ObjectIdentifier: String]) {
        let limit = PickleMachine.limit(pickleSize: contents.bytes.count)
        let start = try pickleStart(contents)
        let value = try run(contents, at: start, limit: limit)
        let keys = try run(contents, at: value.end, limit: limit)
        let (storages, failures) = try read(
            value, keys: try texts(keys, contents, at: value.end), from: keys.end, contents, asBits: asBits)
        var builder = TorchValueBuilder(
            value, storages: storages, failures: failures, file: contents.path, offset: start, limit: limit,
            asBits: asBits)
        let result = try builder.build()
        return (result, builder.types)
    }

    /// Runs the pickle at a position; positions in the result are relative to the start of the file.
    private static func run(_ contents: FileContents, at start: Int, limit: Int) throws(IOError) -> PickleContents {
        var machine = PickleMachine(
            contents.bytes, file: contents.path, start: 0, layout: .legacy, limit: limit)
        machine.position = start
        return try machine.run()
    }

    private static func texts(_ pickle: PickleContents, _ contents: FileContents, at start: Int) throws(IOError)
        -> [String]
    {
        var texts: [String] = []
        if case .object(let index) = pickle.root, case .list(let refs) = pickle.objects[index] {
            for ref in refs {
                guard case .object(let index) = ref, case .string(let text) = pickle.objects[index] else { continue }
                texts.append(text)
            }
            if texts.count == refs.count { return texts }
        }
        throw IOError(
            .malformed, "pth", file: contents.path, offset: start, "the list of storage keys is missing",
            expected: "a list of strings")
    }

    /// Reads the storages after the pickles.
    private static func read(
        _ pickle: PickleContents, keys: [String], from start: Int, _ contents: FileContents, asBits: Bool
    ) throws(IOError) -> (storages: [[String: Storage]], failures: [Int: StorageFailure]) {
        func failure(_ offset: Int, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, "pth", file: contents.path, offset: offset, problem, expected: rule)
        }
        var numbers: [String: Int] = [:]
        for (number, storage) in pickle.storages.enumerated() { numbers[storage.key] = number }
        var ranges: [Range<Int>?] = Array(repeating: nil, count: pickle.storages.count)
        var position = start
        var skipped: Set<String> = []
        for key in keys {
            let number = numbers[key].flatMap { ranges[$0] == nil ? $0 : nil }
            let sizes: (count: Int, byteCount: Int)
            if let number {
                let storage = pickle.storages[number]
                sizes = (storage.byteCount / (storage.element?.size ?? 1), storage.byteCount)
            } else if let known = pickle.skippedStorages[key], skipped.insert(key).inserted {
                sizes = known
            } else {
                throw failure(
                    position, "the storage key \(IOError.quoted(key))", expected: "each key of the pickle once")
            }
            guard contents.bytes.count - position >= 8 else {
                throw failure(
                    contents.bytes.count, "the file ends before its storages",
                    expected: quantity(keys.count, "storage"))
            }
            let stated = contents.bytes.integer(UInt64.self, at: position)
            guard stated == UInt64(sizes.count) else {
                throw failure(
                    position, "\(quantity(stated, "element")) in the storage \(IOError.quoted(key))",
                    expected: "\(sizes.count), as in the pickle")
            }
            position += 8
            guard sizes.byteCount <= contents.bytes.count - position else {
                throw failure(
                    contents.bytes.count,
                    "the file was cut off: \(quantity(sizes.byteCount - (contents.bytes.count - position), "byte")) of the storage "
                        + "\(IOError.quoted(key)) are missing",
                    expected: "\(quantity(sizes.byteCount, "byte")) from byte \(position)")
            }
            if let number { ranges[number] = position..<position + sizes.byteCount }
            position += sizes.byteCount
        }
        guard position == contents.bytes.count else {
            throw failure(
                position, "\(quantity(contents.bytes.count - position, "byte")) after the last storage",
                expected: "none")
        }
        var storages: [[String: Storage]] = Array(repeating: [:], count: ranges.count)
        let reader = StorageReader(contents: contents, operation: "pth")
        var failures: [Int: StorageFailure] = [:]
        for tensor in pickle.tensors {
            guard let element = tensor.element(asBits: asBits), storages[tensor.storage][element.name] == nil else {
                continue
            }
            let storage = pickle.storages[tensor.storage]
            guard let range = ranges[tensor.storage] else {
                throw failure(
                    storage.offset, "the data of the storage \(IOError.quoted(storage.key)) is missing",
                    expected: "its key in the list of storage keys")
            }
            do throws(IOError) {
                storages[tensor.storage][element.name] = try reader.storage(
                    of: element, count: storage.byteCount / element.size, in: range, isSwapped: false,
                    what: "the storage \(IOError.quoted(storage.key))")
            } catch {
                guard error.kind == .unsupported else { throw error }
                failures[tensor.storage] = StorageFailure(error)
            }
        }
        return (storages, failures)
    }
}
