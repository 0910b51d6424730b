import Testing

@testable import TorchlightTokenizers

/// Training gives vocabularies that fit the text, the same each time.
@Suite struct TokenizerTrainingTests {
    private static let texts: [String] = Array(Fixtures.texts.prefix(1200))

    /// The classic example: the merges of the words low, lower, newest and widest.
    @Test func bpeJoinsTheMostFrequentPairs() throws {
        let words = [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)]
        let text = words.flatMap { Array(repeating: $0.0, count: $0.1) }.joined(separator: "\n")
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 256 + 4
        let tokenizer = try Tokenizer.trainByteLevelBPE(
            on: text.split(separator: "\n").map(String.init), options: options)
        for token in ["es", "est", "lo", "low"] { #expect(tokenizer.id(of: token) != nil, "\(token)") }
        #expect(try tokenizer.encode("lowest").tokens == ["low", "est"])
    }

    @Test func byteLevelBPEKeepsTexts() throws {
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 500
        options.specialTokens = ["<|endoftext|>"]
        let tokenizer = try Tokenizer.trainByteLevelBPE(on: Self.texts, options: options)
        let again = try Tokenizer.trainByteLevelBPE(on: Self.texts, options: options)
        #expect(tokenizer.json() == again.json())
        #expect(tokenizer.vocabularySize() == 500)
        #expect(tokenizer.id(of: "<|endoftext|>") == 0)
        for text in Self.texts where !text.contains("<|endoftext|>") {
            #expect(same(try tokenizer.decode(tokenizer.encode(text).ids), text), "\(text.debugDescription)")
        }
        let read = try Tokenizer(json: Array(tokenizer.json().utf8))
        #expect(try read.encode(Self.texts[3]).ids == tokenizer.encode(Self.texts[3]).ids)
    }

    @Test func wordPieceHasPrefixes() throws {
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 600
        let tokenizer = try Tokenizer.trainWordPiece(on: Self.texts, options: options)
        #expect(tokenizer.json() == (try Tokenizer.trainWordPiece(on: Self.texts, options: options)).json())
        #expect(tokenizer.vocabularySize() == 600)
        let encoding = try tokenizer.encode("The king's horses")
        #expect(encoding.tokens.first == "[CLS]" && encoding.tokens.last == "[SEP]")
        #expect(!encoding.tokens.contains("[UNK]"))
        #expect(tokenizer.vocabulary().keys.contains { $0.hasPrefix("##") && $0.count > 3 })
    }

    @Test(arguments: [false, true]) func unigramFindsFrequentParts(byteFallback: Bool) throws {
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 1000
        let texts = Self.texts.filter { $0.unicodeScalars.allSatisfy(\.isASCII) }
        let tokenizer = try Tokenizer.trainUnigram(on: texts, options: options, byteFallback: byteFallback)
        let again = try Tokenizer.trainUnigram(on: texts, options: options, byteFallback: byteFallback)
        #expect(tokenizer.json() == again.json())
        #expect(tokenizer.vocabularySize() <= 1000 && tokenizer.vocabularySize() > 300)
        let encoding = try tokenizer.encode("the king and the queen")
        #expect(encoding.count < 16, "\(encoding.tokens)")
        #expect(try tokenizer.decode(encoding.ids) == "the king and the queen")
        if byteFallback { #expect(try tokenizer.decode(tokenizer.encode("漢 a").ids) == "漢 a") }
    }

    @Test func optionsThatDoNotFitAreErrors() {
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 5
        #expect(throws: TokenizerError.self) { _ = try Tokenizer.trainUnigram(on: ["abcdefgh"], options: options) }
        options.vocabularySize = 0
        #expect(throws: TokenizerError.self) { _ = try Tokenizer.trainByteLevelBPE(on: ["a"], options: options) }
    }
}
