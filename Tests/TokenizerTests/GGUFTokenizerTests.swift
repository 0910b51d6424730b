import Testing
@testable import TorchlightFiles
@testable import TorchlightTokenizers

@Suite struct GGUFTokenizerTests {
    /// The bytes of a header with string, integer, float and Boolean values.
    private struct Writer {
        var pairs: [[UInt8]] = []

        static func bytes<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        static func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

        mutating func set(_ key: String, _ value: String) {
            pairs.append(Self.text(key) + Self.bytes(UInt32(8)) + Self.text(value))
        }
        mutating func set(_ key: String, _ value: Bool) {
            pairs.append(Self.text(key) + Self.bytes(UInt32(7)) + [value ? 1 : 0])
        }
        mutating func set(_ key: String, _ value: UInt32) {
            pairs.append(Self.text(key) + Self.bytes(UInt32(4)) + Self.bytes(value))
        }
        mutating func set(_ key: String, _ values: [String]) {
            pairs.append(
                Self.text(key) + Self.bytes(UInt32(9)) + Self.bytes(UInt32(8)) + Self.bytes(UInt64(values.count))
                    + values.flatMap(Self.text))
        }
        mutating func set(_ key: String, _ values: [Int32]) {
            pairs.append(
                Self.text(key) + Self.bytes(UInt32(9)) + Self.bytes(UInt32(5)) + Self.bytes(UInt64(values.count))
                    + values.flatMap { Self.bytes($0) })
        }
        mutating func set(_ key: String, _ values: [Float]) {
            pairs.append(
                Self.text(key) + Self.bytes(UInt32(9)) + Self.bytes(UInt32(6)) + Self.bytes(UInt64(values.count))
                    + values.flatMap { Self.bytes($0.bitPattern) })
        }

        func tokenizer() throws -> Tokenizer {
            let file =
                Array("GGUF".utf8) + Self.bytes(UInt32(3)) + Self.bytes(UInt64(0)) + Self.bytes(UInt64(pairs.count))
                + pairs.flatMap { $0 }
            return try file.withUnsafeBytes {
                try Tokenizer(gguf: GGUFHeader($0, file: "test.gguf"), path: "test.gguf")
            }
        }
    }

    private func byteLevel(_ pre: String) -> Writer {
        var writer = Writer()
        writer.set("tokenizer.ggml.model", "gpt2")
        writer.set("tokenizer.ggml.pre", pre)
        writer.set(
            "tokenizer.ggml.tokens",
            [
                "<s>", "h", "e", "l", "o", "\u{120}", "he", "ll", "hell", "hello", "1", "2", "12", "\u{120}hello",
                "<|end|>",
            ])
        writer.set("tokenizer.ggml.token_type", [3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3] as [Int32])
        writer.set(
            "tokenizer.ggml.merges", ["h e", "l l", "he ll", "hell o", "1 2", "\u{120} hello"])
        writer.set("tokenizer.ggml.bos_token_id", 0)
        return writer
    }

    @Test func readsByteLevelBPE() throws {
        let tokenizer = try byteLevel("gpt-2").tokenizer()
        #expect(try tokenizer.ids("hello hello12") == [9, 13, 12])
        #expect(try tokenizer.ids("hello<|end|>") == [9, 14])
        #expect(try tokenizer.decode([9, 13, 12]) == "hello hello12")
        var writer = byteLevel("gpt-2")
        writer.set("tokenizer.ggml.add_bos_token", true)
        #expect(try writer.tokenizer().ids("hello") == [0, 9])
    }

    /// Each pre-tokenizer cuts digits as its model does; Llama 3 adds a token at the beginning by itself.
    @Test(arguments: [
        ("qwen2", [9, 10, 11]), ("llama-bpe", [0, 9, 12]), ("starcoder", [9, 10, 11]), ("gpt-2", [9, 12]),
    ])
    func cutsAsItsModel(_ pre: String, _ ids: [Int]) throws {
        #expect(try byteLevel(pre).tokenizer().ids("hello12") == ids, "\(pre)")
    }

    private func sentencePiece() -> Writer {
        var writer = Writer()
        writer.set("tokenizer.ggml.model", "llama")
        let bytes = (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }
        let pieces = ["\u{2581}", "a", "b", "ab", "\u{2581}ab"]
        writer.set("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>"] + bytes + pieces)
        writer.set(
            "tokenizer.ggml.scores",
            [Float](repeating: 0, count: 259) + ([-4, -5, -6, -1, -2] as [Float]))
        writer.set(
            "tokenizer.ggml.token_type",
            ([2, 3, 3] as [Int32]) + [Int32](repeating: 6, count: 256) + [Int32](repeating: 1, count: 5))
        writer.set("tokenizer.ggml.bos_token_id", 1)
        writer.set("tokenizer.ggml.eos_token_id", 2)
        return writer
    }

    @Test func readsSentencePiece() throws {
        let tokenizer = try sentencePiece().tokenizer()
        #expect(try tokenizer.ids("ab ab") == [1, 263, 263])
        #expect(try tokenizer.ids("ab", addSpecialTokens: false) == [263])
        // What is in no piece is bytes.
        #expect(try tokenizer.ids("\u{e9}", addSpecialTokens: false) == [259, 3 + 0xC3, 3 + 0xA9])
        #expect(try tokenizer.decode([1, 263, 263], skippingSpecialTokens: true) == "ab ab")
        var plain = sentencePiece()
        plain.set("tokenizer.ggml.add_space_prefix", false)
        plain.set("tokenizer.ggml.add_bos_token", false)
        plain.set("tokenizer.ggml.add_eos_token", true)
        #expect(try plain.tokenizer().ids("ab") == [262, 2])
    }

    @Test func refusesOtherTokenizers() {
        var cases: [(String, Writer)] = [("no tokenizer", Writer())]
        var other = Writer()
        other.set("tokenizer.ggml.model", "bert")
        cases.append(("bert", other))
        cases.append(("unknown pre-tokenizer", byteLevel("another")))
        var scores = Writer()
        scores.set("tokenizer.ggml.model", "llama")
        scores.set("tokenizer.ggml.tokens", ["a", "b"])
        scores.set("tokenizer.ggml.scores", [1] as [Float])
        cases.append(("missing scores", scores))
        var types = byteLevel("gpt-2")
        types.pairs.remove(at: 3)
        types.set("tokenizer.ggml.token_type", [1] as [Int32])
        cases.append(("missing types", types))
        var merges = Writer()
        merges.set("tokenizer.ggml.model", "gpt2")
        merges.set("tokenizer.ggml.tokens", ["a"])
        merges.set("tokenizer.ggml.merges", ["ab"])
        cases.append(("a merge of one token", merges))
        for (label, writer) in cases {
            #expect(throws: IOError.self, "\(label)") { try writer.tokenizer() }
        }
    }
}
