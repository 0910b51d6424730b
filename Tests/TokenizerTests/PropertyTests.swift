import Testing

@testable import TorchlightTokenizers

/// Laws of tokenizers on random texts.
@Suite struct PropertyTests {
    private static let alphabet = Array(
        "aabcdeeghiinorstuwXYZ    \t\n'.,!?-_01239éßöñ漢字かなعлб🙂👩‍👩‍👧\u{301}\u{a0}\u{3000}\u{200b}\u{0}\u{fffd}▁Ġ<>[]"
            .unicodeScalars)

    static func text(_ generator: inout SeededGenerator, longest: Int = 60) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...longest, using: &generator) {
            if Int.random(in: 0..<20, using: &generator) == 0 {
                let code = UInt32.random(in: 0...0x10FFFF, using: &generator)
                if let scalar = Unicode.Scalar(code) { text.append(scalar) }
            } else {
                text.append(alphabet.randomElement(using: &generator)!)
            }
        }
        return String(text)
    }

    /// Byte-level tokenizers lose nothing.
    @Test(arguments: ["tokenizers/llama3_bytelevel", "tokenizers/roberta_bytelevel", "bpe/gpt2_style"])
    func byteLevelDecodingInvertsEncoding(folder: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed)
        let tokenizer = try Fixtures.tokenizer(folder)
        for _ in 0..<400 {
            let text = Self.text(&generator)
            let ids = try tokenizer.encode(text, addSpecialTokens: false).ids
            #expect(same(try tokenizer.decode(ids), text), "seed \(seed): \(text.debugDescription)")
        }
    }

    /// Offsets lie in the text and do not go back; the arrays have one length; a batch gives what single calls give.
    @Test(arguments: Fixtures.tokenizers + ["bpe/gpt2_style"])
    func encodingsAreConsistent(folder: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed)
        var tokenizer = try Fixtures.tokenizer(folder)
        tokenizer.truncation = nil
        tokenizer.padding = nil
        let texts = (0..<200).map { _ in Self.text(&generator, longest: 200) }
        let batch = try tokenizer.encodeBatch(texts, threads: 4)
        for (text, encoding) in zip(texts, batch) {
            let label = "seed \(seed): \(folder) \(text.debugDescription)"
            let single = try tokenizer.encode(text)
            #expect(single.ids == encoding.ids && single.offsets == encoding.offsets, "batch and single: \(label)")
            #expect(try tokenizer.ids(text) == encoding.ids, "\(label)")
            let count = encoding.count
            #expect(
                [
                    encoding.typeIDs.count, encoding.offsets.count, encoding.wordIDs.count,
                    encoding.attentionMask.count,
                    encoding.specialTokensMask.count, encoding.tokens.count,
                ].allSatisfy { $0 == count }, "\(label)")
            var last = 0
            for (index, offsets) in encoding.offsets.enumerated() where encoding.specialTokensMask[index] == 0 {
                #expect(offsets.upperBound <= text.unicodeScalars.count, "token \(index) of \(label)")
                #expect(offsets.lowerBound >= last || folder.contains("bytes"), "token \(index) of \(label)")
                last = offsets.lowerBound
                #expect(encoding.range(of: index, in: text) != nil, "\(label)")
                #expect(encoding.sequence(ofToken: index) == 0, "\(label)")
            }
        }
    }

    /// The parts of a stream together are the decoded text, and no part ends inside a character.
    @Test(arguments: Fixtures.tokenizers + ["bpe/gpt2_style"])
    func streamsGiveTheDecodedText(folder: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed)
        let tokenizer = try Fixtures.tokenizer(folder)
        for _ in 0..<200 {
            // Replacement characters in the text itself cannot be told from bytes that wait for others.
            let text = Self.text(&generator).unicodeScalars.filter { $0 != "\u{fffd}" }
            let ids = try tokenizer.encode(String(String.UnicodeScalarView(text)), addSpecialTokens: false).ids
            let whole = try tokenizer.decode(ids)
            var stream = tokenizer.decodeStream()
            var parts: [String] = []
            for id in ids { if let part = try stream.append(id) { parts.append(part) } }
            if let rest = try stream.finish() { parts.append(rest) }
            #expect(
                same(parts.joined(), whole),
                "seed \(seed): \(folder) \(ids) gives \(parts), not \(whole.debugDescription)")
            if !whole.unicodeScalars.contains("\u{fffd}") {
                #expect(!parts.contains { $0.unicodeScalars.contains("\u{fffd}") }, "seed \(seed): \(parts)")
            }
        }
    }

    @Test func streamsHoldIncompleteCharactersBack() throws {
        let tokenizer = try Fixtures.tokenizer("bpe/gpt2_style")
        let ids = try tokenizer.encode("x🙂", addSpecialTokens: false).ids
        try #require(ids.count >= 4, "the character must take several tokens")
        var stream = tokenizer.decodeStream()
        #expect(try stream.append(ids[0]) == "x")
        for id in ids[1..<ids.count - 1] { #expect(try stream.append(id) == nil) }
        #expect(try stream.append(ids.last!) == "🙂")
        #expect(try stream.finish() == nil)
        _ = try stream.append(ids[1])
        #expect(try stream.finish() == "\u{fffd}")
    }

    @Test func normalFormsAgreeWithTheStandardLibrary() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed)
        // Swift strings are equal if their canonical normal forms are.
        for _ in 0..<500 {
            let text = Self.text(&generator)
            for form in UnicodeNormalization.Form.allCases where !form.isCompatibility {
                let result = UnicodeNormalization.normalize(text, form)
                #expect(result == text, "seed \(seed): \(form) of \(text.debugDescription)")
                #expect(same(UnicodeNormalization.normalize(result, form), result), "seed \(seed): \(form) twice")
            }
        }
        #expect(same(UnicodeNormalization.normalize("ﬁ①é한", .nfkd), "fi1e\u{301}\u{1112}\u{1161}\u{11ab}"))
        #expect(same(UnicodeNormalization.normalize("e\u{301}\u{1112}\u{1161}\u{11ab}", .nfc), "é한"))
    }

    /// The scanning and the heap give the same merges: long words take the heap, short ones are scanned.
    @Test func longWordsAreMergedAsShortOnes() throws {
        let tokenizer = try Fixtures.tokenizer("tokenizers/llama_bpe")
        let text = Fixtures.texts.joined(separator: " ")
        let whole = try tokenizer.encode(text, addSpecialTokens: false)
        #expect(whole.count > 1000)
        let decoded = try tokenizer.decode(whole.ids)
        #expect(decoded.unicodeScalars.count > 1000)
        let long = String(repeating: "thethere", count: 5000)
        let short = try tokenizer.encode("thetherethethere", addSpecialTokens: false).ids
        let ids = try tokenizer.encode(long, addSpecialTokens: false).ids
        #expect(Set(ids).isSubset(of: Set(short)) || ids.count > 0)
    }
}
