import CZlib

/// Writes a zip archive in one pass: checksums follow the data, the directory follows the entries.
///
/// The data of stored entries is aligned to 64 bytes, as in PyTorch's files, so that readers can map it into memory.
/// Entries and archives of 4 GiB or more are written as zip64.
package final class ZipWriter {
    private struct Entry {
        let name: [UInt8]
        let header: Int
        let isDeflated: Bool
        var crc = CRC32()
        var size = 0
        var compressed = 0
    }

    private let file: AtomicFile
    private let path: String
    private let operation: String
    /// Sizes and positions from this value on are written as zip64; tests use a smaller value.
    private let wideFrom: Int
    private var position = 0
    private var entries: [Entry] = []
    private var names: Set<[UInt8]> = []
    private var current: Entry?
    private var expected = 0
    private var deflater: Deflater?

    package init(_ file: AtomicFile, path: String, operation: String, wideFrom: Int = 0xffff_ffff) {
        self.file = file
        self.path = path
        self.operation = operation
        self.wideFrom = wideFrom
    }

    /// Reserves disk space for stored entries with this number of bytes, which are written next.
    package func reserve(_ byteCount: Int) throws(IOError) { try file.reserve(byteCount) }

    /// Begins an entry with `size` bytes of contents.
    package func begin(_ name: String, size: Int, deflated: Bool = false) throws(IOError) {
        precondition(current == nil, "an entry is open")
        let bytes = Array(name.utf8)
        guard names.insert(bytes).inserted, bytes.count < 1 << 15 else {
            throw IOError(
                .unsupported, operation, file: path, "cannot write the entry \(IOError.quoted(name))",
                expected: "each name once and at most \(1 << 15 - 1) bytes long")
        }
        let header = position
        var extra: [UInt8] = []
        // Deflate output can be slightly larger than its input.
        let isWide = size >= wideFrom - 1 << 16
        if isWide { extra += Self.u16(1) + Self.u16(16) + Self.u64(size) + Self.u64(deflated ? 0 : size) }
        if !deflated {
            let unpadded = position + 30 + bytes.count + extra.count + 4
            let padding = (64 - unpadded % 64) % 64
            // The extra field that PyTorch uses for padding.
            extra += Array("FB".utf8) + Self.u16(padding) + [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
        }
        var record = Self.u32(0x0403_4b50) + Self.u16(isWide ? 45 : 20)
        // Bit 3: checksum and sizes follow the data; bit 11: the name is UTF-8.
        record += Self.u16(0x0808) + Self.u16(deflated ? 8 : 0) + Self.date + Self.u32(0)
        record += Self.u32(isWide ? 0xffff_ffff : 0) + Self.u32(isWide ? 0xffff_ffff : 0)
        record += Self.u16(bytes.count) + Self.u16(extra.count)
        try put(record + bytes + extra)
        current = Entry(name: bytes, header: header, isDeflated: deflated)
        expected = size
        isWideEntry = isWide
        if deflated { deflater = try Deflater(path: path, operation: operation) }
    }

    private var isWideEntry = false

    /// Appends bytes to the current entry.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        guard var entry = current else { preconditionFailure("no entry is open") }
        // In pieces that stay in the CPU cache between checksum and copy.
        var start = 0
        while start < bytes.count {
            let piece = bytes.slice(start..<min(start + 1 << 18, bytes.count))
            entry.crc.update(piece)
            if let deflater {
                try deflater.deflate(piece, last: false) { output throws(IOError) in
                    entry.compressed += output.count
                    try put(output)
                }
            } else {
                try put(piece)
                entry.compressed += piece.count
            }
            entry.size += piece.count
            start += piece.count
        }
        current = entry
    }

    /// Appends bytes to the current entry.
    package func write(_ bytes: [UInt8]) throws(IOError) {
        try bytes.withUnsafeBytes { buffer in Result { () throws(IOError) in try write(buffer) } }.get()
    }

    /// Ends the current entry.
    package func end() throws(IOError) {
        guard var entry = current else { preconditionFailure("no entry is open") }
        precondition(entry.size == expected, "the size of the entry is not the size given to begin")
        if let deflater {
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            try deflater.deflate(none, last: true) { output throws(IOError) in
                entry.compressed += output.count
                try put(output)
            }
        }
        deflater = nil
        var record = Self.u32(0x0807_4b50) + Self.u32(Int(entry.crc.value))
        record += isWideEntry ? Self.u64(entry.compressed) : Self.u32(entry.compressed)
        record += isWideEntry ? Self.u64(entry.size) : Self.u32(entry.size)
        try put(record)
        entries.append(entry)
        current = nil
    }

    /// Writes a complete entry.
    package func add(_ name: String, _ contents: [UInt8]) throws(IOError) {
        try begin(name, size: contents.count)
        try write(contents)
        try end()
    }

    /// Writes the directory and the end record.
    package func finish() throws(IOError) {
        precondition(current == nil, "an entry is open")
        let start = position
        for entry in entries {
            var extra: [UInt8] = []
            func field(_ value: Int) -> [UInt8] {
                if value < wideFrom { return Self.u32(value) }
                extra += Self.u64(value)
                return Self.u32(0xffff_ffff)
            }
            let sizes = (size: field(entry.size), compressed: field(entry.compressed), header: field(entry.header))
            if !extra.isEmpty { extra = Self.u16(1) + Self.u16(extra.count) + extra }
            var record = Self.u32(0x0201_4b50) + Self.u16(45) + Self.u16(extra.isEmpty ? 20 : 45) + Self.u16(0x0808)
            record += Self.u16(entry.isDeflated ? 8 : 0) + Self.date + Self.u32(Int(entry.crc.value))
            record += sizes.compressed + sizes.size + Self.u16(entry.name.count) + Self.u16(extra.count)
            // No comment, first part, no attributes.
            record += Self.u16(0) + Self.u16(0) + Self.u16(0) + Self.u32(0) + sizes.header
            try put(record + entry.name + extra)
        }
        let end = position
        let isWide = entries.count >= 0xffff || start >= wideFrom || end - start >= wideFrom
        if isWide {
            var record = Self.u32(0x0606_4b50) + Self.u64(44) + Self.u16(45) + Self.u16(45) + Self.u32(0) + Self.u32(0)
            record += Self.u64(entries.count) + Self.u64(entries.count) + Self.u64(end - start) + Self.u64(start)
            record += Self.u32(0x0706_4b50) + Self.u32(0) + Self.u64(end) + Self.u32(1)
            try put(record)
        }
        let count = Self.u16(min(entries.count, 0xffff))
        var record = Self.u32(0x0605_4b50) + Self.u16(0) + Self.u16(0) + count + count
        record += Self.u32(isWide ? 0xffff_ffff : end - start) + Self.u32(isWide ? 0xffff_ffff : start) + Self.u16(0)
        try put(record)
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        try file.write(bytes)
        position += bytes.count
    }

    private func put(_ bytes: [UInt8]) throws(IOError) {
        try file.write(bytes)
        position += bytes.count
    }

    private static func u16(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt16(value).littleEndian, Array.init) }
    private static func u32(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).littleEndian, Array.init) }
    private static func u64(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(value).littleEndian, Array.init) }
    /// Midnight of 1 January 1980, the earliest time of the format: the same tensors give the same bytes.
    private static let date = u16(0) + u16(0x21)
}

/// A raw deflate stream.
private final class Deflater {
    /// In separately allocated memory, because zlib stores its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output = [UInt8](repeating: 0, count: 1 << 16)

    init(path: String, operation: String) throws(IOError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
            throw IOError(.unsupported, operation, file: path, "zlib could not be initialised")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses fewer than 4 GiB of bytes and passes on the output that is ready.
    func deflate(
        _ bytes: UnsafeRawBufferPointer, last: Bool, _ put: (UnsafeRawBufferPointer) throws(IOError) -> Void
    ) throws(IOError) {
        stream.pointee.next_in = bytes.baseAddress.map {
            UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self))
        }
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            let result = output.withUnsafeMutableBytes { buffer in
                stream.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(buffer.count)
                CZlib.deflate(stream, last ? Z_FINISH : Z_NO_FLUSH)
                let ready = UnsafeRawBufferPointer(rebasing: buffer[..<(buffer.count - Int(stream.pointee.avail_out))])
                return Result { () throws(IOError) in try put(ready) }
            }
            try result.get()
        } while stream.pointee.avail_out == 0
    }
}
