import TorchlightCore

// A checkpoint in several files, as Hugging Face writes large models: `model-00001-of-00003.safetensors` and so on, and
// `model.safetensors.index.json`, which says in which file each tensor is.

extension Safetensors {
    /// What the name of an index ends in; ``open(_:)`` and ``load(_:)`` take such a path too.
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
        let name = FileSystem.name(of: path)
        guard name.hasSuffix(indexSuffix), name.utf8.count > indexSuffix.utf8.count else {
            throw IOError(
                .unsupported, "safetensors", file: path, "cannot be the name of an index",
                expected: "a name that ends in \(indexSuffix)")
        }
        let stem = String(name.dropLast(indexSuffix.count))
        let folder = FileSystem.directory(of: path)
        let byName = try unique(tensors, path: path)
        let shards = split(byName, size: max(shardSize, 1))
        var places: [(String, JSON)] = []
        var files: [AtomicFile] = []
        defer { for file in files { file.discard() } }
        var names: [String] = []
        for (number, shard) in shards.enumerated() {
            names.append("\(stem)-\(padded(number + 1))-of-\(padded(shards.count)).safetensors")
            places += shard.map { ($0.key, .string(names[number])) }
            files.append(try write(shard, to: "\(folder)/\(names[number])", metadata: metadata))
        }
        let total = byName.values.reduce(0) { $0 + $1.count * $1.dtype.byteSize }
        let index = try AtomicFile(path)
        defer { index.discard() }
        let json = JSON.object([("metadata", ["total_size": .int(total)]), ("weight_map", .object(places))])
        try index.write(Array((json.text(indented: true) + "\n").utf8))
        try index.flush()
        let old = (try? SafetensorsIndex(path))?.files ?? []
        try FileSystem.remove(path)
        FileSystem.flushDirectory(folder)
        for file in files { try file.publish() }
        try index.publish()
        for name in old where !names.contains(name) && name.hasPrefix(stem + "-") {
            try FileSystem.remove("\(folder)/\(name)")
        }
    }

    /// The tensors of the files that an index names, in the order of the index.
    static func openShards(_ path: String) throws(IOError) -> SafetensorsFile {
        let index = try SafetensorsIndex(path)
        let folder = FileSystem.directory(of: path)
        var contents: [String: [String: Tensor]] = [:]
        var metadata: [(key: String, value: String)] = []
        for name in index.files {
            let file = try open("\(folder)/\(name)")
            contents[name] = Dictionary(
                file.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
            for note in file.metadata where !metadata.contains(where: { $0.key == note.key }) { metadata.append(note) }
        }
        var tensors: [(name: String, tensor: Tensor)] = []
        tensors.reserveCapacity(index.places.count)
        for place in index.places {
            guard let tensor = contents[place.file]?[place.name] else {
                throw IOError(
                    .malformed, "safetensors", file: path, offset: place.offset,
                    "the tensor \(IOError.quoted(place.name)) is not in \(IOError.quoted(place.file))",
                    expected: "files that belong to this index")
            }
            tensors.append((place.name, tensor))
        }
        return SafetensorsFile(tensors: tensors, metadata: metadata)
    }

    private static func split(_ tensors: [String: Tensor], size: Int) -> [[(key: String, value: Tensor)]] {
        var shards: [[(key: String, value: Tensor)]] = [[]]
        var filled = 0
        for (name, tensor) in tensors.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            let bytes = tensor.count * tensor.dtype.byteSize
            if filled > 0, filled + bytes > size {
                shards.append([])
                filled = 0
            }
            shards[shards.count - 1].append((name, tensor))
            filled += bytes
        }
        return shards
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
    }
}

/// The index of a checkpoint in several files.
package struct SafetensorsIndex {
    package struct Place {
        let name: String
        package let file: String
        /// Where the index names the file.
        let offset: Int
    }

    /// The tensors, in the order of the index.
    package let places: [Place]
    /// The files, each once.
    package let files: [String]

    /// Reads an index. Files are names beside the index, never paths: an index from elsewhere cannot point at other
    /// files of this machine.
    init(_ path: String) throws(IOError) {
        try self.init(try FileSystem.read(path, limit: SafetensorsHeader.lengthLimit), file: path)
    }

    /// Reads the bytes of an index.
    package init(_ bytes: [UInt8], file path: String) throws(IOError) {
        let json = try JSON.parse(bytes, file: path)
        guard let map = json["weight_map"], let members = map.members else {
            throw IOError(
                .malformed, "safetensors", file: path, offset: json["weight_map"]?.offset ?? json.offset,
                "no index of a checkpoint", expected: "an object with the object weight_map")
        }
        var places: [Place] = []
        var files: [String] = []
        var known: Set<String> = []
        for member in members {
            guard let file = member.value.string, !file.isEmpty, !file.utf8.contains(UInt8(ascii: "/")),
                !file.utf8.contains(0), file.hasSuffix(".safetensors")
            else {
                throw IOError(
                    .malformed, "safetensors", file: path, offset: member.value.offset,
                    "the file of \(IOError.quoted(member.name)) is \(member.value.summary)",
                    expected: "the name of a .safetensors file beside the index")
            }
            places.append(Place(name: member.name, file: file, offset: member.value.offset))
            if known.insert(file).inserted { files.append(file) }
        }
        self.places = places
        self.files = files
    }
}
