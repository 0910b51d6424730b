import CZlib
import Testing

@testable import TorchlightIO

@Suite struct GzipTests {
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, 0, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + 1000)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
                return output.count - Int(stream.avail_out)
            }
        }
        return Array(output[..<count])
    }

    func inflate(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
        try Gzip.inflate(bytes, limit: limit, file: "test.gz")
    }

    let text = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 7 &* 13) }

    @Test(arguments: [0, 1, 2, 1000, 10_000]) func inflatesWhatZlibDeflates(count: Int) throws {
        let bytes = Array(text[..<count])
        #expect(try inflate(Self.compress(bytes)) == bytes)
        #expect(try inflate(Self.compress(bytes), limit: count) == bytes)
        if count > 0 { #expect(throws: IOError.self) { try inflate(Self.compress(bytes), limit: count - 1) } }
    }

    @Test func joinsMembers() throws {
        let other = [UInt8]("another".utf8)
        #expect(try inflate(Self.compress(text) + Self.compress(other)) == text + other)
    }

    @Test func refusesEveryTruncation() {
        let whole = Self.compress(Array(text[..<500]))
        for count in 0..<whole.count {
            #expect(throws: IOError.self, "\(count) bytes") { try inflate(Array(whole[..<count])) }
        }
    }

    @Test func refusesEveryDamagedByteOrReadsTheSame() {
        let bytes = Array(text[..<500])
        let whole = Self.compress(bytes)
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0x55
            // Time stamp and operating system are not covered by a check.
            if let read = try? inflate(damaged) { #expect(read == bytes, "byte \(index)") }
        }
    }

    @Test func refusesTrailingBytesAndSaysWhere() {
        let whole = Self.compress(text)
        let error = #expect(throws: IOError.self) { try inflate(whole + [0, 0]) }
        #expect(error?.offset == whole.count)
    }

    @Test func stopsBombs() {
        let bomb = Self.compress([UInt8](repeating: 0, count: 50 << 20))
        let error = #expect(throws: IOError.self) { try inflate(bomb) }
        #expect(error?.problem == "the data decompresses to more than 1048576 bytes")
    }
}
