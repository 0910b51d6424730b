extension ZipArchive {
    /// Reads every entry of an archive into memory, decompressed: names and contents, in the order of the directory.
    ///
    /// - Parameters:
    ///   - path: the path of the archive.
    ///   - limit: the maximum size of an entry in bytes.
    /// - Throws: `IOError` if the archive is malformed or an entry is larger than `limit`.
    package static func contents(
        of path: String, limit: Int = 1 << 26
    ) throws(IOError) -> [(name: String, bytes: [UInt8])] {
        let file = try MappedFile(path)
        return try file.withBytes { bytes throws(IOError) in
            let archive = try ZipArchive(bytes, file: path, operation: "zip")
            var contents: [(name: String, bytes: [UInt8])] = []
            for entry in archive.entries { contents.append((entry.name, try archive.contents(entry, limit: limit))) }
            return contents
        }
    }
}
