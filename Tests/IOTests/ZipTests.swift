import CZlib
import TestSupport
import Testing

@testable import TorchlightIO

@Suite struct ZipTests {
    let folder = TemporaryFolder()
    let text = (0..<600).map { UInt8(truncatingIfNeeded: $0 / 7 &* 13) }

    /// An archive with a stored, a deflated and an empty entry.
    func archive(wideFrom: Int = 0xffff_ffff) throws -> [UInt8] {
        let file = try AtomicFile(folder("a.zip"))
        let writer = ZipWriter(file, path: folder("a.zip"), operation: "zip", wideFrom: wideFrom)
        try writer.add("stored", text)
        try writer.begin("folder/deflated ä", size: text.count, deflated: true)
        try writer.write(Array(text[..<100]))
        try writer.write(Array(text[100...]))
        try writer.end()
        try writer.add("empty", [])
        try writer.finish()
        try file.commit()
        return try FileSystem.read(folder("a.zip"))
    }

    func read<Value>(_ bytes: [UInt8], _ body: (ZipArchive) throws -> Value) throws -> Value {
        try bytes.withUnsafeBytes { try body(ZipArchive($0, file: "a.zip", operation: "zip")) }
    }

    func contents(_ bytes: [UInt8]) throws -> [String: [UInt8]] {
        try read(bytes) { archive in
            var contents: [String: [UInt8]] = [:]
            for entry in archive.entries { contents[entry.name] = try archive.contents(entry, limit: 1 << 20) }
            return contents
        }
    }

    /// The same bytes with those at the place of a pattern replaced.
    func replacing(_ bytes: [UInt8], _ pattern: [UInt8], at offset: Int, _ new: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let start = bytes.indices.first { bytes[$0...].starts(with: pattern) }!
        bytes.replaceSubrange(start + offset..<start + offset + new.count, with: new)
        return bytes
    }

    @Test(arguments: [0xffff_ffff, 300, 0]) func readsWhatItWrites(wideFrom: Int) throws {
        let bytes = try archive(wideFrom: wideFrom)
        #expect(try contents(bytes) == ["stored": text, "folder/deflated ä": text, "empty": []])
        try read(bytes) { archive in
            #expect(archive.entries.map(\.isDeflated) == [false, true, false])
            #expect(archive.entries[0].range.lowerBound % 64 == 0 && archive.entries[2].range.lowerBound % 64 == 0)
            #expect(archive.entries[1].range.count < text.count / 2)
        }
        #expect(bytes.indices.contains { bytes[$0...].starts(with: [0x50, 0x4b, 6, 6]) } == (wideFrom < 1000))
        #expect(try archive(wideFrom: wideFrom) == bytes, "the same contents give the same bytes")
    }

    @Test func refusesEveryTruncation() throws {
        let bytes = try archive()
        for count in bytes.indices {
            #expect(throws: IOError.self, "\(count) bytes") { try contents(Array(bytes[..<count])) }
        }
    }

    @Test(arguments: [0xffff_ffff, 0]) func refusesEveryDamagedByteOrReadsTheSame(wideFrom: Int) throws {
        let bytes = try archive(wideFrom: wideFrom)
        let expected = Set(try contents(bytes).values)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x55
            // Names in both places, times and padding are not covered by a check.
            if let read = try? contents(damaged) { #expect(Set(read.values) == expected, "byte \(index)") }
        }
    }

    @Test func refusesEntriesThatOverlapOrLieElsewhere() throws {
        let bytes = try archive()
        let offsets = try read(bytes) { $0.entries.map(\.header) }
        func directoryEntry(_ index: Int) -> Int {
            bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4b, 1, 2]) }[index]
        }
        func moved(_ index: Int, to offset: Int) -> [UInt8] {
            var bytes = bytes
            let place = directoryEntry(index) + 42
            bytes.replaceSubrange(
                place..<place + 4, with: withUnsafeBytes(of: UInt32(offset).littleEndian, Array.init))
            return bytes
        }
        #expect(try contents(moved(1, to: offsets[1])).count == 3)
        for place in [offsets[0], offsets[2], 1, bytes.count - 4, bytes.count, 0xffff_fff0] {
            #expect(throws: IOError.self, "\(place)") { try contents(moved(1, to: place)) }
        }
    }

    @Test func refusesOtherMethodsEncryptionAndNamesThatComeTwice() throws {
        let bytes = try archive()
        let entry: [UInt8] = [0x50, 0x4b, 1, 2]
        let both = replacing(replacing(bytes, entry, at: 10, [99]), [0x50, 0x4b, 3, 4], at: 8, [99])
        let method = #expect(throws: IOError.self) { try contents(both) }
        #expect(method?.problem == "the entry 'stored' is compressed by method 99" && method?.kind == .unsupported)
        #expect(throws: IOError.self) { try contents(replacing(bytes, entry, at: 10, [99])) }
        let secret = #expect(throws: IOError.self) { try contents(replacing(bytes, entry, at: 8, [9])) }
        #expect(secret?.problem == "the entry 'stored' is encrypted")
        let file = try AtomicFile(folder("b.zip"))
        let writer = ZipWriter(file, path: folder("b.zip"), operation: "zip")
        try writer.add("aa", [1])
        try writer.add("ab", [1])
        #expect(throws: IOError.self) { try writer.add("aa", [1]) }
        try writer.finish()
        try file.commit()
        var twice = try FileSystem.read(folder("b.zip"))
        for index in twice.indices where twice[index...].starts(with: Array("ab".utf8)) { twice[index + 1] = 0x61 }
        let error = #expect(throws: IOError.self) { try contents(twice) }
        #expect(error?.problem == "two entries are named 'aa'")
    }

    @Test func stopsBombsBeforeTheyInflate() throws {
        let zeros = [UInt8](repeating: 0, count: 10 << 20)
        let file = try AtomicFile(folder("c.zip"))
        let writer = ZipWriter(file, path: folder("c.zip"), operation: "zip")
        try writer.begin("bomb", size: zeros.count, deflated: true)
        try writer.write(zeros)
        try writer.end()
        try writer.finish()
        try file.commit()
        let bytes = try FileSystem.read(folder("c.zip"))
        #expect(bytes.count < 20_000)
        let error = #expect(throws: IOError.self) { try contents(bytes) }
        #expect(error?.rule == "at most 1048576")
        // A directory that states more than deflate can give, or less than comes out.
        for size in [1 << 30, 1000] {
            let stated = withUnsafeBytes(of: UInt32(size).littleEndian, Array.init)
            #expect(throws: IOError.self) {
                try read(replacing(bytes, [0x50, 0x4b, 1, 2], at: 24, stated)) {
                    try $0.contents($0.entries[0], limit: .max)
                }
            }
        }
    }

    @Test func checksumsOfManyBytesAreZlibs() {
        let bytes = (0..<(3 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        bytes.withUnsafeBytes { bytes in
            let expected = crc32_z(0, bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count)
            #expect(CRC32.of(bytes) == UInt32(expected))
        }
    }

    @Test func checksumsAreZlibs() {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(CRC32.of(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
        bytes.withUnsafeBytes { bytes in
            for (start, count) in [
                (0, 1), (1, 15), (3, 64), (5, 63), (7, 65), (0, 80), (9, 1000), (11, 3989), (0, 4000),
            ] {
                let slice = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
                let expected = crc32_z(0, slice.baseAddress!.assumingMemoryBound(to: UInt8.self), count)
                #expect(CRC32.of(slice) == UInt32(expected), "\(start) \(count)")
                var crc = CRC32()
                crc.update(UnsafeRawBufferPointer(rebasing: slice[..<(count / 3)]))
                crc.update(UnsafeRawBufferPointer(rebasing: slice[(count / 3)...]))
                #expect(crc.value == UInt32(expected))
            }
        }
    }
}
