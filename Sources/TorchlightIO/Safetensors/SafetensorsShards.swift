import TorchlightCore

// A checkpoint in several files, as Hugging Face writes large models: `model-00001-of-00003.safetensors` and so on, and
// `model.safetensors.index.json`, which says in which file each tensor is.

extension Safetensors {
    /// What the name of an index ends in.
    static let indexSuffix = ".safetensors.index.json"

    /// Writes tensors to several files and an index.
    ///
    ///     try Safetensors.saveShards(tensors, to: "model.safetensors.index.json", shardSize: 2 << 30)
    ///
    /// The files lie beside the index and are named after it: `model-00001-of-00003.safetensors`. All of them are
    /// complete on the device before the first gets its name, and the index comes last. The files of an older index of
    /// this name are replaced: after a crash in between there is no index, so that old and new files are never mixed.
    /// - Parameters:
    ///   - tensors: Names and tensors; they are written in the order of their names.
    ///   - path: The index; its name ends in `.safetensors.index.json`.
    ///   - shardSize: How many bytes of data a file may hold. A tensor that is larger has a file of its own.
    ///   - metadata: Free-form notes, which every file carries.
    /// - Throws: As ``save(_:to:metadata:)``.
    public static func saveShards(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String, shardSize: Int = 5_000_000_000,
        metadata: [String: String] = [:]
    ) throws(IOError) {
        try saveShards(
            stored: tensors.map { StoredTensor($0.key, $0.value) }, to: path, shardSize: shardSize, metadata: metadata)
    }

    /// The same of tensors with the element types of another file.
    package static func saveShards(
        stored tensors: [StoredTensor], to path: String, shardSize: Int, metadata: [String: String]
    ) throws(IOError) {
        let name = FileSystem.name(of: path)
        guard name.hasSuffix(indexSuffix), name.utf8.count > indexSuffix.utf8.count else {
            throw IOError(
                .unsupported, "safetensors", file: path, "cannot be the name of an index",
                expected: "a name that ends in \(indexSuffix)")
        }
        let stem = String(name.dropLast(indexSuffix.count))
        let folder = FileSystem.directory(of: path)
        try check(tensors, path: path)
        let shards = split(tensors, size: max(shardSize, 1))
        var places: [(String, JSON)] = []
        var files: [AtomicFile] = []
        defer { for file in files { file.discard() } }
        var names: [String] = []
        for (number, shard) in shards.enumerated() {
            names.append("\(stem)-\(padded(number + 1))-of-\(padded(shards.count)).safetensors")
            places += shard.map { ($0.name, .string(names[number])) }
            files.append(try write(shard, to: "\(folder)/\(names[number])", metadata: metadata))
        }
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        let index = try AtomicFile(path)
        defer { index.discard() }
        let json = JSON.object([("metadata", ["total_size": .int(total)]), ("weight_map", .object(places))])
        try index.write(Array((json.text(indented: true) + "\n").utf8))
        try index.flush()
        let old = (try? ShardIndex(path))?.files ?? []
        try FileSystem.remove(path)
        FileSystem.flushDirectory(folder)
        for file in files { try file.publish() }
        try index.publish()
        for name in old where !names.contains(name) && name.hasPrefix(stem + "-") {
            try FileSystem.remove("\(folder)/\(name)")
        }
    }

    private static func split(_ tensors: [StoredTensor], size: Int) -> [[StoredTensor]] {
        var shards: [[StoredTensor]] = [[]]
        var filled = 0
        for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            if filled > 0, filled + tensor.byteCount > size {
                shards.append([])
                filled = 0
            }
            shards[shards.count - 1].append(tensor)
            filled += tensor.byteCount
        }
        return shards
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
    }
}
