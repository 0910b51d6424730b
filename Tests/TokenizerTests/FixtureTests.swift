import Testing
import TorchlightFiles

@testable import TorchlightTokenizers

/// Tokenizers give what Hugging Face's tokenizers gave on the same files and texts.
@Suite struct FixtureTests {
    /// Compares an encoding with what was recorded; `label` names the case in a failure.
    private func compare(_ encoding: Encoding, _ expected: JSON, _ label: String) {
        #expect(encoding.ids == expected["ids"]!.ints, "ids of \(label)")
        if let tokens = expected["tokens"] {
            #expect(
                same(encoding.tokens, tokens.strings), "tokens \(encoding.tokens) of \(label), not \(tokens.strings)")
        }
        if let offsets = expected["offsets"] {
            #expect(encoding.offsets == offsets.ranges, "offsets of \(label)")
        }
        if let ids = expected["type_ids"] { #expect(encoding.typeIDs == ids.ints, "type ids of \(label)") }
        if let mask = expected["attention_mask"] {
            #expect(encoding.attentionMask == mask.ints, "attention mask of \(label)")
        }
        if let mask = expected["special_tokens_mask"] {
            #expect(encoding.specialTokensMask == mask.ints, "special tokens mask of \(label)")
        }
        if let words = expected["word_ids"] {
            #expect(encoding.wordIDs == words.elements!.map(\.int), "word ids of \(label)")
        }
        if let parts = expected["overflowing"]?.elements {
            #expect(encoding.overflowing.count == parts.count, "parts of \(label)")
            for (part, expected) in zip(encoding.overflowing, parts) { compare(part, expected, "a part of \(label)") }
        }
    }

    private func encode(_ tokenizer: Tokenizer, _ expected: JSON, special: Bool = true) throws -> Encoding {
        let pair = expected["pair"]?.string
        return try tokenizer.encode(
            .text(expected["text"]!.string!), pair: pair.map { .text($0) }, addSpecialTokens: special)
    }

    private func check(_ folder: String) throws {
        let tokenizer = try Fixtures.tokenizer(folder)
        let expectations = Fixtures.json(folder + "/expectations.json")
        if let size = expectations["vocab_size"]?.int { #expect(tokenizer.vocabularySize() == size) }
        if let size = expectations["vocab_size_without_added"]?.int {
            #expect(tokenizer.vocabularySize(withAddedTokens: false) == size)
        }
        var plain = tokenizer
        plain.truncation = nil
        plain.padding = nil
        for name in ["encode", "encode_pairs", "encode_without_special"] {
            for expected in expectations[name]?.elements ?? [] {
                let label = "\(folder) \(name) \(expected["text"]!.string!.debugDescription)"
                let encoding = try encode(plain, expected, special: name != "encode_without_special")
                compare(encoding, expected, label)
                if let text = expected["decoded"]?.string {
                    let decoded = try plain.decode(encoding.ids)
                    #expect(same(decoded, text), "decoded text \(decoded.debugDescription) of \(label)")
                }
                if let text = expected["decoded_skip_special"]?.string {
                    let decoded = try plain.decode(encoding.ids, skippingSpecialTokens: true)
                    #expect(same(decoded, text), "text without special tokens \(decoded.debugDescription) of \(label)")
                }
            }
        }
        for expected in expectations["encode_words"]?.elements ?? [] {
            let words = expected["words"]!.strings
            compare(try plain.encode(words: words), expected, "\(folder) words \(words)")
        }
        for expected in expectations["encode_as_stored"]?.elements ?? [] {
            compare(try encode(tokenizer, expected), expected, "\(folder) as stored")
        }
        for expected in expectations["decode"]?.elements ?? [] {
            let ids = expected["ids"]!.ints
            let (all, visible) = (
                try plain.decode(ids), try plain.decode(ids, skippingSpecialTokens: true)
            )
            #expect(same(all, expected["decoded"]!.string!), "\(all.debugDescription) from \(ids) of \(folder)")
            if let text = expected["decoded_skip_special"]?.string {
                #expect(same(visible, text), "\(visible.debugDescription) from \(ids) of \(folder)")
            }
        }
        let tokens = expectations["token_to_id"] ?? []
        for member in tokens.members ?? [] {
            #expect(plain.id(of: member.name) == member.value.int, "the id of \(member.name) in \(folder)")
        }
        for pair in tokens.elements ?? [] {
            let name = pair["token"]?.string ?? pair.elements![0].string!
            let id = pair["token"] == nil ? pair.elements![1].int : pair["id"]!.int
            #expect(plain.id(of: name) == id, "the id of \(name) in \(folder)")
        }
        for setting in expectations["settings"]?.elements ?? [] { try check(setting, plain, folder) }
    }

    private func check(_ setting: JSON, _ tokenizer: Tokenizer, _ folder: String) throws {
        var tokenizer = tokenizer
        func direction(_ json: JSON?) -> Tokenizer.Direction { json?.string == "left" ? .left : .right }
        if let truncation = setting["truncation"], truncation.members != nil {
            let strategy: Tokenizer.Truncation.Strategy =
                switch truncation["strategy"]?.string {
                case "only_first": .onlyFirst
                case "only_second": .onlySecond
                default: .longestFirst
                }
            tokenizer.truncation = .init(
                maxLength: truncation["max_length"]!.int!, stride: truncation["stride"]?.int ?? 0, strategy: strategy,
                direction: direction(truncation["direction"]))
        }
        if let padding = setting["padding"], padding.members != nil {
            tokenizer.padding = .init(
                length: padding["length"]?.int, direction: direction(padding["direction"]),
                multiple: padding["pad_to_multiple_of"]?.int, id: padding["pad_id"]!.int!,
                typeID: padding["pad_type_id"]!.int!, token: padding["pad_token"]!.string!)
        }
        let inputs: [(Tokenizer.Input, Tokenizer.Input?)] = setting["inputs"]!.elements!.map { input in
            if let text = input.string { return (.text(text), nil) }
            return (.text(input.elements![0].string!), .text(input.elements![1].string!))
        }
        let encodings = try tokenizer.encodeBatch(inputs, threads: 2)
        for (index, expected) in setting["results"]!.elements!.enumerated() {
            compare(
                encodings[index], expected,
                "\(folder) \(setting["truncation"]!.text()) \(setting["padding"]!.text()) input \(index)")
        }
    }

    @Test(arguments: Fixtures.tokenizers + ["bpe/gpt2_style"])
    func aTokenizerGivesTheRecordedResults(folder: String) throws { try check(folder) }

    @Test(arguments: Fixtures.shared)
    func aTokenizerOfTheSharedFolderGivesTheRecordedResults(folder: String) throws { try check(folder) }

    /// The vocabulary and merges of GPT-2's format give what tokenizer.json gives.
    @Test func vocabularyAndMergesGiveTheSame() throws {
        let folder = TestFolder()
        let vocabulary = try folder.write("vocab.json", Fixtures.bytes("bpe/gpt2_style/vocab.json"))
        let merges = try folder.write("merges.txt", Fixtures.bytes("bpe/gpt2_style/merges.txt"))
        let tokenizer = try Tokenizer(vocabulary: vocabulary, merges: merges)
        let byFolder = try Tokenizer(path: folder.path)
        for expected in Fixtures.json("bpe/gpt2_style/expectations.json")["encode"]!.elements! {
            let text = expected["text"]!.string!
            #expect(try tokenizer.encode(text).ids == expected["ids"]!.ints, "\(text)")
            #expect(try byFolder.encode(text).ids == expected["ids"]!.ints, "\(text)")
        }
    }

    // MARK: Single stages

    private func config(_ json: JSON) -> Config { Config(json: json, file: "components") }

    @Test func normalizers() throws {
        for element in Fixtures.json("tokenizers/components/normalizers.json")["normalizers"]!.elements! {
            let normalizer = try Normalizer(config(element["config"]!))
            for pair in element["cases"]!.elements! {
                let (text, expected) = (pair.elements![0].string!, pair.elements![1].string!)
                let result = try normalizer.normalize(text)
                #expect(
                    same(result, expected),
                    "\(element["config"]!.text()): \(text.debugDescription) gives \(result.debugDescription), not \(expected.debugDescription)"
                )
            }
        }
    }

    @Test func preTokenizers() throws {
        for element in Fixtures.json("tokenizers/components/pre_tokenizers.json")["pre_tokenizers"]!.elements! {
            let preTokenizer = try PreTokenizer(config(element["config"]!))
            for pair in element["cases"]!.elements! {
                var text = pair.elements![0].string!
                let label = "\(element["config"]!.text()) \(text.debugDescription)"
                var pieces = PieceText()
                text.withUTF8 { pieces.load($0) }
                try preTokenizer.apply(to: &pieces)
                let expected = pair.elements![1].elements!
                let utf8 = Array(text.utf8)
                let found = pieces.pieces.map { piece in
                    let range = pieces.original(Int(piece.start), Int(piece.end))
                    let start = String(decoding: utf8[..<range.start], as: UTF8.self).unicodeScalars.count
                    let count = String(decoding: utf8[range.start..<range.end], as: UTF8.self).unicodeScalars.count
                    let content = pieces.withBytes(piece) { String(decoding: $0, as: UTF8.self) }
                    return JSON.array([.string(content), .int(start), .int(start + count)]).text()
                }
                #expect(found == expected.map { $0.text() }, "\(label)")
            }
        }
    }

    @Test func decoders() throws {
        for element in Fixtures.json("tokenizers/components/decoders.json")["decoders"]!.elements! {
            let decoder = try TokenDecoder(config(element["config"]!))
            for pair in element["cases"]!.elements! {
                var tokens = TokenDecoder.Tokens()
                for token in pair.elements![0].strings { tokens.append(token) }
                try decoder.apply(to: &tokens)
                let result = String(decoding: tokens.bytes, as: UTF8.self)
                #expect(
                    same(result, pair.elements![1].string!),
                    "\(element["config"]!.text()) of \(pair.elements![0].text()) gives \(result.debugDescription)")
            }
        }
    }

    @Test func postProcessors() throws {
        for element in Fixtures.json("tokenizers/components/post_processors.json")["post_processors"]!.elements! {
            var tokenizer = try Tokenizer(json: Fixtures.bytes("tokenizers/components/" + element["base"]!.string!))
            if element["config"]!.members != nil {
                tokenizer.postProcessor = try PostProcessor(config(element["config"]!))
            }
            for expected in element["cases"]!.elements! {
                compare(
                    try encode(tokenizer, expected), expected,
                    "\(element["config"]!.text()) \(expected["text"]!.text()) \(expected["pair"]!.text())")
            }
        }
    }

    /// The first word gets a space only where the text starts with it: not where the normaliser removed what was before.
    @Test func aWordAfterRemovedCharactersIsNotTheFirst() throws {
        let json = """
            {"normalizer": {"type": "StripAccents"}, "pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first"},
            "model": {"type": "WordLevel", "vocab": {"a": 0, "\u{2581}a": 1}, "unk_token": "a"}}
            """
        let tokenizer = try Tokenizer(json: Array(json.utf8))
        #expect(try tokenizer.encode("a").ids == [1])
        #expect(try tokenizer.encode("\u{301}a").ids == [0])
    }

    // MARK: Saving

    /// A tokenizer that was saved and read again is the same.
    @Test(arguments: Fixtures.tokenizers) func savingKeepsEverything(folder: String) throws {
        let tokenizer = try Fixtures.tokenizer(folder)
        let directory = TestFolder()
        try tokenizer.save(directory.path + "/tokenizer.json")
        let again = try Tokenizer(path: directory.path)
        #expect(again.json() == tokenizer.json())
        for text in Fixtures.texts.prefix(300) {
            let (left, right) = (try tokenizer.encode(text), try again.encode(text))
            #expect(left.ids == right.ids && left.offsets == right.offsets, "\(text.debugDescription)")
        }
    }

    // MARK: SentencePiece

    @Test(arguments: Fixtures.sentencePieces) func modelsOfSentencePiece(path: String) throws {
        let json = Fixtures.json(path)
        let folder = TestFolder()
        let file = try folder.write("tokenizer.model", Base64.decode(json["model"]!.string!)!)
        let tokenizer = try Tokenizer(path: file)
        for expected in json["cases"]!.elements! {
            let text = expected["text"]!.string!
            let encoding = try tokenizer.encode(text)
            #expect(encoding.ids == expected["ids"]!.ints, "\(path) \(text.debugDescription) \(encoding.tokens)")
        }
    }
}
