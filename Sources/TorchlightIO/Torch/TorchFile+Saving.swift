import TorchlightCore

extension TorchFile {
    /// Writes a value to a file that `torch.load` reads, also with `weights_only=True`; it appears complete or not at all.
    ///
    /// Tensors that share a storage keep sharing it, and one that appears twice stays one: tied weights stay tied. Of a
    /// storage, the part is written that its tensors reach. Parameters are written as parameters.
    /// - Throws: `IOError` where the file cannot be written or a tensor is the result of an operation that failed.
    public static func save(_ value: TorchValue, to path: String) throws(IOError) {
        let file = try AtomicFile(path)
        defer { file.discard() }
        try write(value, to: ZipWriter(file, path: path, operation: "pth"), path: path)
        try file.commit()
    }

    /// Writes named tensors as `torch.save(model.state_dict(), path)` does: plain tensors in an `OrderedDict`.
    ///
    /// - Throws: As ``save(_:to:)-(TorchValue,_)``.
    public static func save(
        _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String
    ) throws(IOError) {
        try save(.stateDict(tensors), to: path)
    }

    /// The same of a Swift dictionary, in the order of the names.
    ///
    /// - Throws: As ``save(_:to:)-(TorchValue,_)``.
    public static func save(_ tensors: [String: Tensor], to path: String) throws(IOError) {
        try save(.stateDict(tensors), to: path)
    }

    package static func write(_ value: TorchValue, to archive: ZipWriter, path: String) throws(IOError) {
        let pickle = try PickleWriter(value, path: path)
        try archive.reserve(pickle.storages.reduce(0) { $0 + $1.range.count * $1.element.size })
        try archive.add("archive/data.pkl", pickle.bytes)
        try archive.add("archive/.format_version", Array("1".utf8))
        try archive.add("archive/.storage_alignment", Array("64".utf8))
        try archive.add("archive/byteorder", Array("little".utf8))
        for (key, part) in pickle.storages.enumerated() {
            let size = part.element.size
            let bytes = UnsafeRawBufferPointer(
                start: part.storage.bytes + part.range.lowerBound * size, count: part.range.count * size)
            try archive.begin("archive/data/\(key)", size: bytes.count)
            try archive.write(bytes)
            try archive.end()
        }
        try archive.add("archive/version", Array("3\n".utf8))
        try archive.finish()
    }
}
