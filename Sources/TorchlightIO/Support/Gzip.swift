import CZlib
import TorchlightCore

/// Decompresses gzip streams (RFC 1952) with zlib.
package enum Gzip {
    /// Whether bytes begin with the signature of a gzip stream.
    package static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b }

    /// Decompresses a complete stream of one or more members to at most `limit` bytes.
    ///
    /// Length and checksum of every member are verified. Bytes after the last member are an error.
    package static func inflate(_ bytes: [UInt8], limit: Int, file: String) throws(IOError) -> [UInt8] {
        guard isGzip(bytes) else {
            throw IOError(
                .malformed, "gzip", file: file, offset: 0, "not a gzip stream", expected: "the bytes 1f 8b at the start"
            )
        }
        // The last four bytes state the length modulo 2^32, which is only a hint. Deflate expands by a factor of at
        // most 1032.
        let stated = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        // One more byte than the limit distinguishes an output of exactly the limit from a longer one.
        let limit = min(limit, .max - 1)
        var output = [UInt8](repeating: 0, count: min(stated, limit, bytes.count * 1032) + 1)
        let result = bytes.withUnsafeBufferPointer { input in
            Result { () throws(IOError) in try inflate(input, into: &output, limit: limit, file: file) }
        }
        output.removeLast(output.count - (try result.get()))
        return output
    }

    private static func inflate(
        _ input: UnsafeBufferPointer<UInt8>, into output: inout [UInt8], limit: Int, file: String
    ) throws(IOError) -> Int {
        var stream = z_stream()
        // 15 window bits, plus 16 for the gzip format.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw IOError(.unsupported, "gzip", file: file, "zlib could not be initialised")
        }
        defer { inflateEnd(&stream) }
        var consumed = 0
        var produced = 0
        // The counters of zlib have 32 bits; larger buffers are processed in pieces.
        let piece = 1 << 30
        while true {
            if produced == output.count {
                output.append(contentsOf: repeatElement(0, count: min(output.count, limit + 1 - output.count)))
            }
            let available = min(input.count - consumed, piece)
            let capacity = min(output.count - produced, piece)
            let status = output.withUnsafeMutableBufferPointer { buffer in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + consumed)
                stream.avail_in = UInt32(available)
                stream.next_out = buffer.baseAddress! + produced
                stream.avail_out = UInt32(capacity)
                return CZlib.inflate(&stream, Z_NO_FLUSH)
            }
            consumed += available - Int(stream.avail_in)
            produced += capacity - Int(stream.avail_out)
            guard produced <= limit else {
                throw IOError(
                    .malformed, "gzip", file: file, offset: consumed,
                    "the data decompresses to more than \(quantity(limit, "byte"))",
                    expected: "at most that many")
            }
            switch status {
            case Z_OK: continue
            case Z_STREAM_END:
                if consumed == input.count { return produced }
                guard input.count - consumed >= 2, input[consumed] == 0x1f, input[consumed + 1] == 0x8b else {
                    throw IOError(
                        .malformed, "gzip", file: file, offset: consumed,
                        "\(quantity(input.count - consumed, "byte")) after the end of the stream", expected: "none")
                }
                inflateReset(&stream)
            case Z_BUF_ERROR where produced < output.count:
                throw IOError(
                    .malformed, "gzip", file: file, offset: consumed, "the stream ends early",
                    expected: "a checksum and a length at the end")
            case Z_BUF_ERROR: continue
            default:
                let reason = stream.msg.map { String(cString: $0) } ?? "zlib status \(status)"
                throw IOError(
                    .malformed, "gzip", file: file, offset: consumed, "damaged data (\(reason))",
                    expected: "a complete gzip stream")
            }
        }
    }
}
