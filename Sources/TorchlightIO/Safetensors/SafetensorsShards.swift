import TorchlightCore

// A sharded checkpoint in Hugging Face's format: `model-00001-of-00003.safetensors` and so on, and
// `model.safetensors.index.json`, which maps each tensor to its shard.

extension Safetensors {
    /// The suffix of an index's name.
    static let indexSuffix = ".safetensors.index.json"

    /// Writes tensors to several files (shards) and an index.
    ///
    ///     try Safetensors.saveShards(tensors, to: "model.safetensors.index.json", shardSize: 2 << 30)
    ///
    /// The shards are in the directory of the index and are named after it: `model-00001-of-00003.safetensors`. All
    /// shards are synchronised to the disk before the first gets its name, and the index is written last. An older
    /// index of this name and its shards are replaced. After a crash in between there is no index, so old and new
    /// shards are never mixed.
    /// - Parameters:
    ///   - tensors: names and tensors; they are written in the order of their names.
    ///   - path: the path of the index, which ends in `.safetensors.index.json`.
    ///   - shardSize: the maximum number of bytes of data in a shard. Default: 5 GB. A larger tensor has a shard of its
    ///     own.
    ///   - metadata: strings by key, which every shard contains. Default: none.
    /// - Throws: the errors of ``save(_:to:metadata:)``.
    public static func saveShards(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String, shardSize: Int = 5_000_000_000,
        metadata: [String: String] = [:]
    ) throws(IOError) {
        try saveShards(
            stored: tensors.map { StoredTensor($0.key, $0.value) }, to: path, shardSize: shardSize, metadata: metadata)
    }

    /// Writes tensors with the element types of another file.
    package static func saveShards(
        stored tensors: [StoredTensor], to path: String, shardSize: Int, metadata: [String: String]
    ) throws(IOError) {
        let name = FileSystem.name(of: path)
        guard name.hasSuffix(indexSuffix), name.utf8.count > indexSuffix.utf8.count else {
            throw IOError(
                .unsupported, "safetensors", file: path, "the path is not a name for an index",
                expected: "a name that ends in \(indexSuffix)")
        }
        let stem = String(name.dropLast(indexSuffix.count))
        let folder = FileSystem.directory(of: path)
        try check(tensors, path: path)
        let shards = split(tensors, size: max(shardSize, 1))
        var weightMap: [(String, JSON)] = []
        var files: [AtomicFile] = []
        defer { for file in files { file.discard() } }
        var names: [String] = []
        for (number, shard) in shards.enumerated() {
            names.append("\(stem)-\(padded(number + 1))-of-\(padded(shards.count)).safetensors")
            weightMap += shard.map { ($0.name, .string(names[number])) }
            files.append(try write(shard, to: "\(folder)/\(names[number])", metadata: metadata))
        }
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        let index = try AtomicFile(path)
        defer { index.discard() }
        let json = JSON.object([("metadata", ["total_size": .int(total)]), ("weight_map", .object(weightMap))])
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
