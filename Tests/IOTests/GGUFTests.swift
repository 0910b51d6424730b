import Testing
import TestSupport
import TorchlightCore
import TorchlightIO

@Suite struct GGUFTests {
    private static let types = SourceTree.root.appending(path: "Tests/IOTests/GGUF/types.gguf").path

    /// What the package gguf decodes lies beside each tensor.
    @Test(arguments: [
        "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K",
    ]) func decodesAsTheReference(_ type: String) throws {
        let file = try GGUFFile(Self.types)
        let entry = try #require(file.entries.first { $0.name == type })
        #expect(entry.type == type)
        let tensor = try file.tensor(type).to(.float32)
        let expected = try file.tensor("\(type).expected")
        #expect(tensor.shape == expected.shape, "\(type)")
        #expect(tensor.equal(expected), "\(type): \((tensor - expected).abs().max().item())")
    }

    /// Codes, scales and offsets are those of the decoded numbers.
    @Test(arguments: [("Q8_0", 128), ("Q4_0", 8), ("Q4_1", 0)]) func takesBlocksApart(_ type: String, _ zero: Int)
        throws
    {
        let file = try GGUFFile(Self.types)
        let parts = try #require(try file.quantized(type))
        let shape = parts.codes.shape
        let codes = parts.codes.to(.float32).reshape([shape[0], shape[1] / 32, 32]) - zero
        var numbers = codes * parts.scales.to(.float32).unsqueeze(-1)
        if let offsets = parts.offsets { numbers = numbers + offsets.to(.float32).unsqueeze(-1) }
        let difference = (numbers.reshape(shape) - (try file.tensor(type))).abs().max().item()
        #expect(difference < 1e-5, "\(type): \(difference)")
        #expect((parts.offsets != nil) == (type == "Q4_1"), "\(type)")
    }

    /// Names are compared byte by byte: canonically equivalent ones are different tensors and keys.
    @Test func namesAreBytes() throws {
        let names = ["caf\u{e9}", "cafe\u{301}"]
        var file = GGUFBytes(tensors: 2, pairs: 2)
        for (index, name) in names.enumerated() { file.pair(name, UInt32(index)) }
        for (index, name) in names.enumerated() { file.tensor(name, sizes: [8], type: 0, offset: UInt64(32 * index)) }
        file.align()
        for index in 0..<2 { for _ in 0..<8 { file.append(Float(index).bitPattern) } }
        let folder = TemporaryFolder()
        try AtomicFile.write(file.bytes, to: folder("names.gguf"))
        let read = try GGUFFile(folder("names.gguf"))
        for (index, name) in names.enumerated() {
            #expect(read.integer(name) == index)
            #expect(try read.tensor(name).toArray(Int.self) == [Int](repeating: index, count: 8))
        }
    }

    @Test func readsEveryTypeOfMetadata() throws {
        let file = try GGUFFile(Self.types)
        #expect(file.version == 3)
        #expect(file.string("general.architecture") == "llama")
        let integers: [(String, Int)] = [
            ("uint8", 200), ("uint16", 60_000), ("uint32", 4_000_000_000), ("uint64", 1 << 62), ("int8", -100),
            ("int16", -30_000), ("int32", -2_000_000_000), ("int64", -1 << 62),
        ]
        for (name, value) in integers { #expect(file.integer("test.\(name)") == value, "\(name)") }
        #expect(file.number("test.float32") == 0.5)
        #expect(file.number("test.float64") == 0.1)
        #expect(file.bool("test.bool") == true)
        #expect(file.string("test.string") == "h\u{e9}llo \u{1f600}")
        #expect(file.strings("test.strings") == ["a", "", "\u{6f22}"])
        #expect(file.integers("test.integers") == [1, -2, 3])
        #expect(file.floats("test.floats") == [0.5, -1.5])
        #expect(file.header.bools("test.bools") == [true, false])
        #expect(file.integer("test.string") == nil)
        #expect(file.string("missing") == nil)
    }

    @Test func namesTensorsAndTypesThatAreNotThere() throws {
        let file = try GGUFFile(Self.types)
        #expect(throws: IOError.self) { try file.tensor("missing") }
        var bytes = GGUFBytes(tensors: 1, pairs: 0)
        bytes.tensor("x", sizes: [256], type: 10, offset: 0)
        bytes.align()
        let error = try #require(throws: IOError.self) { try Self.open(bytes).tensor("x") }
        #expect("\(error)".contains("Q2_K"), "\(error)")
    }

    /// Each is refused with an error of one line, without much memory.
    @Test func refusesMalformedFiles() throws {
        var cases: [(label: String, bytes: GGUFBytes)] = []
        func add(_ label: String, tensors: UInt64 = 0, pairs: UInt64 = 0, _ body: (inout GGUFBytes) -> Void) {
            var bytes = GGUFBytes(tensors: tensors, pairs: pairs)
            body(&bytes)
            cases.append((label, bytes))
        }
        cases.append(("version 1", GGUFBytes(tensors: 0, pairs: 0, version: 1)))
        cases.append(("big-endian", GGUFBytes(tensors: 0, pairs: 0, version: UInt32(3).byteSwapped)))
        add("tensors beyond the file", tensors: .max) { _ in }
        add("pairs beyond the file", pairs: 1 << 40) { _ in }
        add("key beyond the file", pairs: 1) {
            $0.append(UInt64.max); $0.append(UInt64(0))
        }
        add("unknown type of a value", pairs: 1) {
            $0.append("key"); $0.append(UInt32(13)); $0.append(UInt64(0))
        }
        add("array beyond the file", pairs: 1) { $0.array("key", type: 0, count: 1 << 60) }
        add("array of strings beyond the file", pairs: 1) { $0.array("key", type: 8, count: 1 << 30) }
        add("array of an unknown type", pairs: 1) {
            $0.array("key", type: 99, count: 1); $0.append(UInt64(0))
        }
        add("Boolean value 2", pairs: 1) {
            $0.append("key"); $0.append(UInt32(7)); $0.append(UInt8(2))
        }
        add("nested arrays", pairs: 1) {
            $0.array("key", type: 9, count: 1)
            for _ in 0..<100 { $0.append(UInt32(9)); $0.append(UInt64(1)) }
        }
        add("the same key twice", pairs: 2) {
            $0.pair("key", "a"); $0.pair("key", "b")
        }
        add("alignment 0", pairs: 1) { $0.pair("general.alignment", 0) }
        add("alignment 12", pairs: 1) { $0.pair("general.alignment", 12) }
        add("five dimensions", tensors: 1) { $0.tensor("x", sizes: [1, 1, 1, 1, 1], type: 0, offset: 0) }
        add("sizes that overflow", tensors: 1) { $0.tensor("x", sizes: [1 << 40, 1 << 40], type: 0, offset: 0) }
        add("a size of 2^64 - 1", tensors: 1) { $0.tensor("x", sizes: [.max], type: 0, offset: 0) }
        add("data beyond the file", tensors: 1) {
            $0.tensor("x", sizes: [64], type: 0, offset: 0); $0.align()
        }
        add("misaligned data", tensors: 1) {
            $0.tensor("x", sizes: [1], type: 0, offset: 4)
            $0.align()
            $0.bytes += [UInt8](repeating: 0, count: 64)
        }
        add("data that begins beyond the file", tensors: 1) {
            $0.tensor("x", sizes: [1], type: 0, offset: 1 << 50)
            $0.align()
        }
        add("half a block", tensors: 1) {
            $0.tensor("x", sizes: [48], type: 8, offset: 0)
            $0.align()
            $0.bytes += [UInt8](repeating: 0, count: 64)
        }
        add("overlapping data", tensors: 2) {
            $0.tensor("x", sizes: [16], type: 0, offset: 0)
            $0.tensor("y", sizes: [8], type: 0, offset: 32)
            $0.align()
            $0.bytes += [UInt8](repeating: 0, count: 64)
        }
        add("the same tensor twice", tensors: 2) {
            $0.tensor("x", sizes: [8], type: 0, offset: 0)
            $0.tensor("x", sizes: [8], type: 0, offset: 32)
            $0.align()
            $0.bytes += [UInt8](repeating: 0, count: 64)
        }
        for (label, bytes) in cases {
            let error = try #require(throws: IOError.self, "\(label)") { _ = try Self.open(bytes) }
            #expect("\(error)".utf8.allSatisfy { $0 >= 0x20 }, "\(label): \(error)")
        }
    }

    /// Every prefix of a file is refused, or has whole tensors.
    @Test func refusesTruncatedFiles() throws {
        let bytes = try FileSystem.read(Self.types)
        for count in stride(from: 0, to: bytes.count, by: 97) {
            bytes.withUnsafeBytes { all in
                let part = UnsafeRawBufferPointer(rebasing: all[0..<count])
                #expect(throws: IOError.self, "\(count) bytes") { _ = try GGUFHeader(part, file: "part") }
            }
        }
    }

    /// Files with changed bytes are refused, or read within their bounds.
    @Test func readsChangedFilesWithinTheirBounds() throws {
        let original = try FileSystem.read(Self.types)
        let headerSize = try #require(
            try original.withUnsafeBytes { try GGUFHeader($0, file: "types") }.entries.map(\.range.lowerBound).min())
        var random = TestRandom("gguf")
        let special: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
        for round in 0..<4000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 4..<headerSize, using: &random)
                bytes[place] =
                    Bool.random(using: &random)
                    ? special.randomElement(using: &random)! : UInt8.random(in: 0...255, using: &random)
            }
            bytes.withUnsafeBytes { bytes in
                do {
                    let header = try GGUFHeader(bytes, file: "changed")
                    #expect(
                        header.entries.allSatisfy { $0.range.upperBound <= bytes.count },
                        "round \(round), seed \(TestRandom.seed)")
                } catch {
                    #expect("\(error)".utf8.allSatisfy { $0 >= 0x20 }, "\(error)")
                }
            }
        }
    }

    private static func open(_ bytes: GGUFBytes) throws -> GGUFFile {
        let folder = TemporaryFolder()
        let path = folder("file.gguf")
        try AtomicFile.write(bytes.bytes, to: path)
        return try GGUFFile(path)
    }
}
