import TorchlightIO

extension ModelProto {
    /// The size from which the elements of a tensor are stored in another file.
    private static let externalFrom = 1024
    /// A message of Protocol Buffers has at most 2 GiB.
    static let maximumBytes = 2 << 30 - 64 << 20

    private var tensorBytes: Int { graph?.initializers.reduce(0) { $0 + ($1.rawData?.count ?? 0) } ?? 0 }

    /// Writes the model. Elements of large tensors go to the file `PATH.data` if they do not fit, or on request.
    ///
    /// - Parameter maximumBytes: The largest number of bytes of tensors in the file itself. Default: what a message can have.
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
            // Readers map the file into memory by pages.
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
