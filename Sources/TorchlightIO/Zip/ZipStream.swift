import CZlib
import TorchlightCore

/// Reads the contents of an entry of a zip archive in pieces into the caller's memory, and verifies the checksum at the
/// end.
package final class ZipStream {
    private let entry: ZipArchive.Entry
    private let archive: ZipArchive
    private let verifiesChecksum: Bool
    /// In separately allocated memory, because zlib stores its address.
    private let inflater: UnsafeMutablePointer<z_stream>
    /// The number of bytes read from the file, and the number returned.
    private var consumed = 0
    private var produced = 0
    private var crc = CRC32()

    package init(_ entry: ZipArchive.Entry, in archive: ZipArchive, verifyingChecksum: Bool = true) throws(IOError) {
        try archive.checkReadable(entry)
        self.entry = entry
        self.archive = archive
        verifiesChecksum = verifyingChecksum
        inflater = .allocate(capacity: 1)
        inflater.initialize(to: z_stream())
        // Negative window bits: raw deflate without a zlib header.
        if entry.isDeflated,
            inflateInit2_(inflater, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) != Z_OK
        {
            throw IOError(.unsupported, archive.operation, file: archive.file, "zlib could not be initialised")
        }
    }

    deinit {
        if entry.isDeflated { inflateEnd(inflater) }
        inflater.deallocate()
    }

    /// The number of remaining bytes.
    package var left: Int { entry.size - produced }

    /// Fills a buffer with the next bytes; fewer remaining bytes are an error.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(IOError) {
        guard let start = buffer.baseAddress, buffer.count > 0 else { return }
        guard buffer.count <= left else {
            throw failure(
                "the entry \(IOError.quoted(entry.name)) ends after \(quantity(entry.size, "byte"))",
                expected: "at least \(produced + buffer.count)")
        }
        if entry.isDeflated {
            try inflate(into: start.assumingMemoryBound(to: UInt8.self), count: buffer.count)
        } else {
            let range = entry.range.lowerBound + produced..<entry.range.lowerBound + produced + buffer.count
            buffer.copyMemory(from: archive.bytes.slice(range))
        }
        produced += buffer.count
        if verifiesChecksum { crc.update(UnsafeRawBufferPointer(buffer)) }
    }

    /// Checks that all data was read, that the stream ends here, and that the checksum is correct.
    package func finish() throws(IOError) {
        guard left == 0 else {
            throw failure(
                "\(quantity(left, "byte")) left in the entry \(IOError.quoted(entry.name))", expected: "its end")
        }
        if entry.isDeflated {
            // The end of the stream may not have been read yet; it must not give more bytes.
            var extra: UInt8 = 0
            let (status, count) = step(into: &extra, count: 1)
            guard status == Z_STREAM_END, count == 0, consumed == entry.range.count else {
                throw failure(
                    "the entry \(IOError.quoted(entry.name)) does not end after \(quantity(entry.size, "byte"))",
                    expected: "the deflated data to give exactly that many")
            }
        }
        guard !verifiesChecksum || crc.value == entry.crc else {
            throw archive.checksumFailure(entry, found: crc.value)
        }
    }

    private func failure(_ problem: String, expected rule: String) -> IOError {
        let offset = entry.range.lowerBound + (entry.isDeflated ? consumed : produced)
        return IOError(.malformed, archive.operation, file: archive.file, offset: offset, problem, expected: rule)
    }

    private func inflate(into buffer: UnsafeMutablePointer<UInt8>, count: Int) throws(IOError) {
        var filled = 0
        while filled < count {
            let (status, given) = step(into: buffer + filled, count: count - filled)
            filled += given
            if filled == count { return }
            switch status {
            case Z_OK: continue
            case Z_BUF_ERROR, Z_STREAM_END:
                throw failure(
                    "the deflated data of \(IOError.quoted(entry.name)) ends after \(quantity(produced + filled, "byte"))",
                    expected: "\(entry.size), which the directory states")
            default:
                let reason = inflater.pointee.msg.map { String(cString: $0) } ?? "code \(status)"
                throw failure(
                    "the deflated data of \(IOError.quoted(entry.name)) is damaged: \(reason)",
                    expected: "a deflate stream")
            }
        }
    }

    /// Calls zlib once; its counters have 32 bits.
    private func step(into buffer: UnsafeMutablePointer<UInt8>, count: Int) -> (status: Int32, given: Int) {
        let input = archive.bytes.slice(entry.range.lowerBound + consumed..<entry.range.upperBound)
        let available = min(input.count, 1 << 30)
        let capacity = min(count, 1 << 30)
        var none: UInt8 = 0
        let status = withUnsafeMutablePointer(to: &none) { none in
            // zlib rejects a null pointer even if there is nothing to read.
            let start = input.baseAddress.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self)) }
            inflater.pointee.next_in = start ?? none
            inflater.pointee.avail_in = UInt32(available)
            inflater.pointee.next_out = buffer
            inflater.pointee.avail_out = UInt32(capacity)
            return CZlib.inflate(inflater, Z_NO_FLUSH)
        }
        consumed += available - Int(inflater.pointee.avail_in)
        return (status, capacity - Int(inflater.pointee.avail_out))
    }
}
