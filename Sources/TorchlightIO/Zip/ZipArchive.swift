import TorchlightCore

/// The entries of a zip archive (PKWARE's APPNOTE 6.3), with zip64, stored or deflated.
///
/// Parsing checks everything: the directory must end where its end record begins, agree with the local headers, and
/// refer to ranges of the file that do not overlap. Split archives and duplicate names are errors; encrypted entries and other
/// compression methods are errors of kind `.unsupported` when the entry is read. No file is written by an entry's name.
package struct ZipArchive {
    /// An entry of the archive.
    package struct Entry {
        /// The name, with slashes as separators.
        package let name: String
        /// Whether the data is compressed.
        package let isDeflated: Bool
        /// Why the entry cannot be read: an encryption, or another compression method; nil if it can.
        package let refusal: String?
        /// The CRC-32 of the contents.
        package let crc: UInt32
        /// The uncompressed size in bytes.
        package let size: Int
        /// The range of its data in the file, compressed or not.
        package let range: Range<Int>
        /// The position of its local header in the file.
        package let header: Int
    }

    /// The entries, in the order of the directory.
    package let entries: [Entry]
    package let bytes: UnsafeRawBufferPointer
    package let file: String
    /// The operation for error texts.
    package let operation: String
    private let indices: [[UInt8]: Int]

    /// Whether bytes begin with the signature of a zip archive.
    package static func isZip(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: "PK\u{3}\u{4}") || bytes.starts(with: "PK\u{5}\u{6}")
    }

    /// Parses the directory. The bytes must stay valid while the archive is used.
    ///
    /// - Throws: `IOError` with the file, the position and the rule that is broken.
    package init(_ bytes: UnsafeRawBufferPointer, file: String, operation: String) throws(IOError) {
        let parser = ZipParser(bytes: bytes, file: file, operation: operation)
        entries = try parser.entries()
        var indices: [[UInt8]: Int] = [:]
        for (index, entry) in entries.enumerated() {
            // Compared as bytes: Swift compares canonically equivalent strings as equal.
            guard indices.updateValue(index, forKey: Array(entry.name.utf8)) == nil else {
                throw parser.failure(
                    entry.header, "two entries are named \(IOError.quoted(entry.name))", expected: "each name once")
            }
        }
        self.indices = indices
        self.bytes = bytes
        self.file = file
        self.operation = operation
    }

    /// The entry with a name; nil if there is none.
    package subscript(name: String) -> Entry? { indices[Array(name.utf8)].map { entries[$0] } }

    /// The bytes of a stored entry, after verifying the checksum.
    package func stored(_ entry: Entry, verifyingChecksum: Bool = true) throws(IOError) -> UnsafeRawBufferPointer {
        precondition(!entry.isDeflated)
        try checkReadable(entry)
        let contents = bytes.slice(entry.range)
        if verifyingChecksum {
            let crc = CRC32.of(contents)
            guard crc == entry.crc else { throw checksumFailure(entry, found: crc) }
        }
        return contents
    }

    /// The contents of an entry, decompressed if necessary; at most `limit` bytes.
    package func contents(
        _ entry: Entry, limit: Int, verifyingChecksum: Bool = true
    ) throws(IOError) -> [UInt8] {
        guard entry.size <= limit else {
            throw IOError(
                .malformed, operation, file: file, offset: entry.header,
                "the entry \(IOError.quoted(entry.name)) has \(quantity(entry.size, "byte"))",
                expected: "at most \(limit)")
        }
        let stream = try ZipStream(entry, in: self, verifyingChecksum: verifyingChecksum)
        var contents = [UInt8](repeating: 0, count: entry.size)
        try contents.withUnsafeMutableBytes { buffer in Result { () throws(IOError) in try stream.read(into: buffer) } }
            .get()
        try stream.finish()
        return contents
    }

    /// Throws an error of kind `.unsupported` for an entry that is encrypted or compressed by another method.
    func checkReadable(_ entry: Entry) throws(IOError) {
        guard let refusal = entry.refusal else { return }
        throw IOError(
            .unsupported, operation, file: file, offset: entry.header,
            "the entry \(IOError.quoted(entry.name)) is \(refusal)",
            expected: "plain contents, of method 0 (stored) or 8 (deflate)")
    }

    func checksumFailure(_ entry: Entry, found: UInt32) -> IOError {
        IOError(
            .malformed, operation, file: file, offset: entry.range.lowerBound,
            "the contents of \(IOError.quoted(entry.name)) are damaged: their CRC-32 is \(CRC32.hex(found))",
            expected: "\(CRC32.hex(entry.crc)), which the directory states")
    }
}

/// Parses the directory of an archive.
private struct ZipParser {
    let bytes: UnsafeRawBufferPointer
    let file: String
    let operation: String

    private static let endSignature: UInt32 = 0x0605_4b50
    private static let wideEndSignature: UInt32 = 0x0606_4b50
    private static let locatorSignature: UInt32 = 0x0706_4b50
    private static let directorySignature: UInt32 = 0x0201_4b50
    private static let headerSignature: UInt32 = 0x0403_4b50
    /// The size of each record without its variable part.
    private static let endSize = 22
    private static let wideEndSize = 56
    private static let locatorSize = 20
    private static let directorySize = 46
    private static let headerSize = 30

    func failure(_ offset: Int, _ problem: String, expected rule: String) -> IOError {
        IOError(.malformed, operation, file: file, offset: offset, problem, expected: rule)
    }

    func u16(_ offset: Int) -> Int { Int(bytes.integer(UInt16.self, at: offset)) }
    func u32(_ offset: Int) -> Int { Int(bytes.integer(UInt32.self, at: offset)) }

    /// A 64-bit size or position; it must fit into Int.
    func u64(_ offset: Int, _ what: String) throws(IOError) -> Int {
        let value = bytes.integer(UInt64.self, at: offset)
        guard value <= UInt64(Int.max) else {
            throw failure(
                offset, "\(what) is \(value)", expected: "a number within the file's \(quantity(bytes.count, "byte"))")
        }
        return Int(value)
    }

    func entries() throws(IOError) -> [ZipArchive.Entry] {
        let (directory, count) = try directory()
        var entries: [ZipArchive.Entry] = []
        entries.reserveCapacity(count)
        var position = directory.lowerBound
        for _ in 0..<count {
            entries.append(try entry(at: &position, directory: directory))
        }
        guard position == directory.upperBound else {
            throw failure(
                position,
                "\(quantity(directory.upperBound - position, "byte")) after the \(quantity(count, "entry", plural: "entries")) of the directory",
                expected: "as many entries as the end record counts")
        }
        var end = 0
        var previous: ZipArchive.Entry?
        for entry in entries.sorted(by: { $0.header < $1.header }) {
            guard entry.header >= end else {
                throw failure(
                    entry.header,
                    "the entry \(IOError.quoted(entry.name)) overlaps \(IOError.quoted(previous?.name ?? ""))",
                    expected: "data from byte \(end) on")
            }
            end = entry.range.upperBound
            previous = entry
        }
        return entries
    }

    /// The range of the directory and the number of its entries, from the records at the end of the file.
    func directory() throws(IOError) -> (Range<Int>, count: Int) {
        guard let end = endRecord() else {
            throw failure(
                bytes.count, "no end record: the file was cut off, or is not a zip archive",
                expected: "the end record of a zip archive as the last bytes")
        }
        guard u16(end + 4) == 0 || u16(end + 4) == 0xffff, u16(end + 6) == 0 || u16(end + 6) == 0xffff else {
            throw failure(end + 4, "one part of a split archive", expected: "a complete archive")
        }
        var count = u16(end + 10)
        var size = u32(end + 12)
        var start = u32(end + 16)
        var limit = end
        var record = end
        if end >= Self.locatorSize, bytes.integer(UInt32.self, at: end - Self.locatorSize) == Self.locatorSignature {
            let locator = end - Self.locatorSize
            record = try u64(locator + 8, "the position of the zip64 end record")
            guard record <= locator - Self.wideEndSize,
                bytes.integer(UInt32.self, at: record) == Self.wideEndSignature,
                try u64(record + 4, "the length of the zip64 end record") == locator - record - 12
            else {
                throw failure(
                    locator + 8, "no zip64 end record at byte \(record)", expected: "one that ends at byte \(locator)")
            }
            count = try u64(record + 32, "the number of entries")
            size = try u64(record + 40, "the size of the directory")
            start = try u64(record + 48, "the position of the directory")
            limit = record
        }
        guard start <= limit, size == limit - start else {
            throw failure(
                record, "a directory of \(quantity(size, "byte")) at byte \(start)",
                expected: "a directory that ends at byte \(limit), where its end record begins")
        }
        guard count <= size / Self.directorySize else {
            throw failure(
                record, "\(quantity(count, "entry", plural: "entries")) in a directory of \(quantity(size, "byte"))",
                expected: "at most \(size / Self.directorySize)")
        }
        return (start..<limit, count)
    }

    /// The position of the end record: the last one whose comment ends exactly at the end of the file.
    func endRecord() -> Int? {
        var offset = bytes.count - Self.endSize
        let first = max(0, offset - 0xffff)
        while offset >= first {
            if bytes.integer(UInt32.self, at: offset) == Self.endSignature,
                u16(offset + 20) == bytes.count - offset - Self.endSize
            {
                return offset
            }
            offset -= 1
        }
        return nil
    }

    func entry(at position: inout Int, directory: Range<Int>) throws(IOError) -> ZipArchive.Entry {
        let at = position
        guard directory.upperBound - at >= Self.directorySize,
            bytes.integer(UInt32.self, at: at) == Self.directorySignature
        else { throw failure(at, "an entry of the directory is missing", expected: "the bytes PK 01 02") }
        let nameEnd = at + Self.directorySize + u16(at + 28)
        let extraEnd = nameEnd + u16(at + 30)
        let end = extraEnd + u16(at + 32)
        guard end <= directory.upperBound else {
            throw failure(
                at, "an entry that ends beyond the directory", expected: "its name and comment within the directory")
        }
        position = end
        guard let name = String(validating: bytes.slice(at + Self.directorySize..<nameEnd), as: UTF8.self) else {
            throw failure(at + Self.directorySize, "a name that is not UTF-8", expected: "UTF-8")
        }
        let method = u16(at + 10)
        let refusal: String? =
            if u16(at + 8) & 1 != 0 { "encrypted" } else if method != 0, method != 8 {
                "compressed by method \(method)"
            } else { nil }
        var compressed = u32(at + 20)
        var size = u32(at + 24)
        var header = u32(at + 42)
        try readWideSizes(in: nameEnd..<extraEnd, size: &size, compressed: &compressed, header: &header)
        guard method == 8 || refusal != nil || size == compressed else {
            throw failure(
                at + 20,
                "the stored entry \(IOError.quoted(name)) has \(quantity(size, "byte")) and \(compressed) in the file",
                expected: "the same number")
        }
        // Deflate compresses by a factor of at most 1032.
        guard method == 0 || refusal != nil || size / 1032 <= compressed else {
            throw failure(
                at + 24, "the entry \(IOError.quoted(name)) states \(quantity(size, "byte")) from \(compressed)",
                expected: "at most 1032 times as many, the most that deflate gives")
        }
        let range = try data(
            of: name, header: header, method: method, size: size, compressed: compressed,
            crc: bytes.integer(UInt32.self, at: at + 16), limit: directory.lowerBound, entry: at)
        return ZipArchive.Entry(
            name: name, isDeflated: method == 8 && refusal == nil, refusal: refusal,
            crc: bytes.integer(UInt32.self, at: at + 16), size: size,
            range: range, header: header)
    }

    /// Reads the fields that do not fit into 32 bits from the extra fields of an entry.
    func readWideSizes(
        in extra: Range<Int>, size: inout Int, compressed: inout Int, header: inout Int
    ) throws(IOError) {
        guard size == 0xffff_ffff || compressed == 0xffff_ffff || header == 0xffff_ffff else { return }
        var position = extra.lowerBound
        while extra.upperBound - position >= 4 {
            let end = position + 4 + u16(position + 2)
            guard end <= extra.upperBound else { break }
            if u16(position) != 1 {
                position = end
                continue
            }
            position += 4
            for field in 0..<3 {
                let value = field == 0 ? size : field == 1 ? compressed : header
                guard value == 0xffff_ffff else { continue }
                guard end - position >= 8 else {
                    throw failure(position, "a zip64 field that is too short", expected: "8 bytes for each size")
                }
                let wide = try u64(position, "a size of the zip64 field")
                if field == 0 { size = wide } else if field == 1 { compressed = wide } else { header = wide }
                position += 8
            }
            return
        }
    }

    /// The range of an entry's data: after its local header, which must agree with the directory.
    func data(
        of name: String, header: Int, method: Int, size: Int, compressed: Int, crc: UInt32, limit: Int, entry: Int
    ) throws(IOError) -> Range<Int> {
        let quoted = IOError.quoted(name)
        guard header <= limit - Self.headerSize else {
            throw failure(
                entry + 42, "the directory states byte \(header) for the entry \(quoted)",
                expected: "a position before the directory at byte \(limit)")
        }
        guard bytes.integer(UInt32.self, at: header) == Self.headerSignature else {
            throw failure(header, "there is no local header of the entry \(quoted)", expected: "the bytes PK 03 04")
        }
        let nameEnd = header + Self.headerSize + u16(header + 26)
        let start = nameEnd + u16(header + 28)
        guard start <= limit, compressed <= limit - start else {
            throw failure(
                header, "the entry \(quoted) of \(quantity(compressed, "byte")) ends beyond byte \(limit)",
                expected: "its data before the directory")
        }
        guard bytes.slice(header + Self.headerSize..<nameEnd).elementsEqual(name.utf8) else {
            throw failure(
                header + Self.headerSize, "the local header does not have the name \(quoted)",
                expected: "the name in the directory")
        }
        // With bit 3 set the sizes follow the data, and those of the directory are used.
        let follows = u16(header + 6) & 8 != 0
        let agrees =
            u16(header + 8) == method
            && (follows
                || bytes.integer(UInt32.self, at: header + 14) == crc
                    && (u32(header + 18) == compressed || u32(header + 18) == 0xffff_ffff)
                    && (u32(header + 22) == size || u32(header + 22) == 0xffff_ffff))
        guard agrees else {
            throw failure(
                header, "the header of \(quoted) disagrees with the directory",
                expected: "the same method, sizes and checksum")
        }
        return start..<start + compressed
    }
}
