import TorchlightIO

extension ModelProto {
    /// The size in bytes from which the elements of a tensor are stored in the external file.
    private static let externalFrom = 1024
    /// The largest size of a Protocol Buffers message is 2 GiB; 64 MiB are kept for the graph.
    static let maximumBytes = 2 << 30 - 64 << 20

    private var tensorBytes: Int { graph?.initializers.reduce(0) { $0 + ($1.rawData?.count ?? 0) } ?? 0 }

    /// Writes the model. Elements of large tensors are stored in the file `PATH.data` if the model is too large or
    /// `externalData` is set.
    ///
    /// - Parameter maximumBytes: The largest number of bytes of tensors in the model file. Default: the limit of
    ///   Protocol Buffers.
    func write(to path: String, externalData: Bool, maximumBytes: Int = Self.maximumBytes) throws {
        guard externalData || tensorBytes > maximumBytes else {
            return try AtomicFile.write(serialized(), to: path)
        }
        var model = self
        let name = FileSystem.name(of: path) + ".data"
        let file = try AtomicFile(FileSystem.directory(of: path) + "/" + name)
        var offset = 0
        for index in graph?.initializers.indices ?? 0..<0 {
            guard let data = graph?.initializers[index].rawData, data.count >= Self.externalFrom else { continue }
            // Elements are aligned to pages, because readers map the file.
            let padding = (4096 - offset % 4096) % 4096
            try file.write([UInt8](repeating: 0, count: padding))
            offset += padding
            try withExtendedLifetime(data.owner) { try file.write(data.bytes) }
            model.graph?.initializers[index].rawData = nil
            model.graph?.initializers[index].isExternal = true
            model.graph?.initializers[index].externalData = [
                ("location", name), ("offset", "\(offset)"), ("length", "\(data.count)"),
            ]
            offset += data.count
        }
        try file.commit()
        try AtomicFile.write(model.serialized(), to: path)
    }
}
