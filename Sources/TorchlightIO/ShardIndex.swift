import TorchlightCore

/// The index of a sharded checkpoint in Hugging Face's format: `model.safetensors.index.json` for safetensors shards,
/// `pytorch_model.bin.index.json` for PyTorch shards.
package struct ShardIndex {
    package struct Entry {
        package let name: String
        package let file: String
        /// The position of the file name in the index, in bytes.
        let offset: Int
    }

    let path: String
    /// The tensors, in the order of the index.
    package let entries: [Entry]
    /// The shards, each once.
    package let files: [String]

    /// Reads an index. Shards are names of files in the directory of the index, not paths, so that an untrusted index
    /// cannot refer to other files.
    package init(_ path: String) throws(IOError) {
        try self.init(try FileSystem.read(path, limit: SafetensorsHeader.lengthLimit), file: path)
    }

    /// Parses the bytes of an index.
    package init(_ bytes: [UInt8], file path: String) throws(IOError) {
        let texts = [FileSignature.json, FileSignature.likeJSON].map { FileKind.foreign($0) }
        let mismatch = bytes.withUnsafeBytes {
            FileKind.mismatch(
                $0, file: path, operation: "index",
                expected: (texts + [.shardIndex], "the JSON index of a sharded checkpoint"))
        }
        if let mismatch { throw mismatch }
        let json = try JSON.parse(bytes, file: path)
        guard let map = json["weight_map"], let members = map.members else {
            throw IOError(
                .malformed, "index", file: path, offset: json["weight_map"]?.offset ?? json.offset,
                "not the index of a sharded checkpoint", expected: "an object with the object weight_map")
        }
        let endings = [".safetensors", ".bin", ".pt", ".pth", ".ckpt"]
        var entries: [Entry] = []
        var files: [String] = []
        var known: Set<[UInt8]> = []
        for member in members {
            guard let file = member.value.string, !file.isEmpty, !file.utf8.contains(UInt8(ascii: "/")),
                !file.utf8.contains(0), endings.contains(where: { file.hasSuffix($0) })
            else {
                throw IOError(
                    .malformed, "index", file: path, offset: member.value.offset,
                    "the file of \(IOError.quoted(member.name)) is \(member.value.summary)",
                    expected:
                        "the name of a file in the directory of the index that ends in \(endings.joined(separator: ", "))"
                )
            }
            entries.append(Entry(name: member.name, file: file, offset: member.value.offset))
            if known.insert(Array(file.utf8)).inserted { files.append(file) }
        }
        self.path = path
        self.entries = entries
        self.files = files
    }

    /// Reads the tensors of all shards, in the order of the index.
    func open() throws(IOError) -> StoredFile {
        let folder = FileSystem.directory(of: path)
        // Names are compared as bytes: Swift compares canonically equivalent strings as equal.
        struct Key: Hashable {
            let file: [UInt8]
            let name: [UInt8]

            init(_ file: String, _ name: String) { (self.file, self.name) = (Array(file.utf8), Array(name.utf8)) }
        }
        var contents: [Key: StoredTensor] = [:]
        var lost: [Key: LeftOut] = [:]
        var metadata: [(key: String, value: String)] = []
        var kind = FileKind.safetensors
        for name in files {
            let file = try StoredFile.open("\(folder)/\(name)", isShard: true)
            kind = file.kind
            for tensor in file.tensors { contents[Key(name, tensor.name)] = tensor }
            for member in file.leftOut { lost[Key(name, member.name)] = member }
            for note in file.metadata where !metadata.contains(where: { $0.key == note.key }) { metadata.append(note) }
        }
        var tensors: [StoredTensor] = []
        tensors.reserveCapacity(entries.count)
        var leftOut: [LeftOut] = []
        for entry in entries {
            let key = Key(entry.file, entry.name)
            if let tensor = contents[key] {
                tensors.append(tensor)
            } else if let member = lost[key] {
                leftOut.append(member)
            } else {
                throw IOError(
                    .malformed, "index", file: path, offset: entry.offset,
                    "the tensor \(IOError.quoted(entry.name)) is not in \(IOError.quoted(entry.file))",
                    expected: "the shards that belong to this index")
            }
        }
        return StoredFile(kind: kind, tensors: tensors, metadata: metadata, leftOut: leftOut)
    }
}
