import CZlib
import TestSupport
import Testing
import TorchlightCore
import TorchlightIO

@Suite("PNG files")
struct PNGTests {
    private let folder = TemporaryFolder()

    /// The chunks of a PNG file by type, after a check of the signature and of each checksum.
    private func chunks(_ path: String) throws -> [String: [UInt8]] {
        let bytes = try FileSystem.read(path)
        #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        func number(_ start: Int) -> Int { bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
        var (position, chunks): (Int, [String: [UInt8]]) = (8, [:])
        while position < bytes.count {
            let length = number(position)
            let content = Array(bytes[position + 4..<position + 8 + length])
            #expect(number(position + 8 + length) == Int(crc32(0, content, UInt32(content.count))))
            chunks[String(decoding: content.prefix(4), as: UTF8.self)] = Array(content.dropFirst(4))
            position += 12 + length
        }
        return chunks
    }

    /// The lines of the image, each after its filter.
    private func lines(_ path: String, count: Int) throws -> [UInt8] {
        let data = try #require(try chunks(path)["IDAT"])
        var output = [UInt8](repeating: 1, count: count + 1)
        var size = UInt(output.count)
        #expect(uncompress(&output, &size, data, UInt(data.count)) == Z_OK)
        return Array(output.prefix(Int(size)))
    }

    @Test("Floating-point values are scaled, rounded and limited; the first dimension is the channel")
    func pixels() throws {
        let grey = Tensor([[0.0, 0.5, 1.0], [-1.0, 2.0, 0.25]])
        try PNGFile.save(grey, to: folder("grey.png"))
        #expect(try chunks(folder("grey.png"))["IHDR"] == [0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])
        #expect(try lines(folder("grey.png"), count: 8) == [0, 0, 128, 255, 0, 0, 255, 64])
        let colours = Tensor([[[1, 2]], [[3, 4]], [[5, 300]]])
        try PNGFile.save(colours, to: folder("colours.png"))
        #expect(try chunks(folder("colours.png"))["IHDR"] == [0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0, 0, 0])
        #expect(try lines(folder("colours.png"), count: 7) == [0, 1, 3, 5, 2, 4, 255])
    }

    @Test("What is no image is refused", arguments: [[], [3], [2, 4, 4], [0, 3], [1, 1, 2, 2]])
    func refusals(_ shape: [Int]) {
        #expect(throws: IOError.self) { try PNGFile.save(Tensor.zeros(shape), to: folder("x.png")) }
        #expect(!FileSystem.isFile(folder("x.png")))
    }
}
