import Testing
import TorchlightFiles

@testable import TorchlightTokenizers

/// Malformed files are errors, found in bounded time and memory.
@Suite struct HostileFileTests {
    private static let wordLevel = #"{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}"#

    private func file(model: String = wordLevel, _ members: String = "") -> [UInt8] {
        Array((#"{"version":"1.0","# + members + (members.isEmpty ? "" : ",") + "\"model\":\(model)}").utf8)
    }

    private static let nested =
        String(repeating: #"{"type":"Sequence","normalizers":["#, count: 200)
        + #"{"type":"NFC"}"# + String(repeating: "]}", count: 200)

    /// Added tokens are compared byte by byte: canonically equivalent ones are different tokens.
    @Test func addedTokensAreBytes() throws {
        let (composed, decomposed) = ("<caf\u{e9}>", "<cafe\u{301}>")
        func token(_ id: Int, _ text: String) -> String {
            "{\"id\":\(id),\"content\":\"\(text)\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                + "\"normalized\":false,\"special\":\(id == 5)}"
        }
        let added = "\"added_tokens\":[\(token(5, composed)),\(token(6, decomposed))]"
        let tokenizer = try Tokenizer(json: file(added))
        #expect(try tokenizer.encode(composed + decomposed).ids == [5, 6])
        #expect(tokenizer.id(of: composed) == 5 && tokenizer.id(of: decomposed) == 6)
        #expect(tokenizer.vocabularySize() == 4 && tokenizer.addedTokens.count == 2)
        #expect(try tokenizer.decode([5, 6], skippingSpecialTokens: true).utf8.elementsEqual(decomposed.utf8))
    }

    @Test func malformedTokenizersAreErrors() {
        let files: [(String, [UInt8])] = [
            ("empty", []), ("no object", Array("[]".utf8)), ("no model", Array("{}".utf8)),
            ("version", Array(#"{"version":"2.0","model":\#(Self.wordLevel)}"#.utf8)),
            ("model type", file(model: #"{"type":"Neural","vocab":{}}"#)),
            ("negative id", file(model: #"{"type":"WordLevel","vocab":{"a":-1},"unk_token":"a"}"#)),
            ("huge id", file(model: #"{"type":"WordLevel","vocab":{"a":4000000000},"unk_token":"a"}"#)),
            ("fraction", file(model: #"{"type":"WordLevel","vocab":{"a":1.5},"unk_token":"a"}"#)),
            ("no merges", file(model: #"{"type":"BPE","vocab":{"a":0}}"#)),
            ("unknown merge", file(model: #"{"type":"BPE","vocab":{"a":0},"merges":["a z"]}"#)),
            ("merge without result", file(model: #"{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]]}"#)),
            ("merge of three", file(model: #"{"type":"BPE","vocab":{"a":0},"merges":["a a a"]}"#)),
            ("merge of numbers", file(model: #"{"type":"BPE","vocab":{"a":0},"merges":[[1,2]]}"#)),
            ("dropout", file(model: #"{"type":"BPE","dropout":2,"vocab":{"a":0},"merges":[]}"#)),
            ("unigram piece", file(model: #"{"type":"Unigram","unk_id":0,"vocab":[["a"]]}"#)),
            ("unigram score", file(model: #"{"type":"Unigram","unk_id":0,"vocab":[["a",1e999]]}"#)),
            ("unigram unknown", file(model: #"{"type":"Unigram","unk_id":7,"vocab":[["a",0]]}"#)),
            ("unigram empty", file(model: #"{"type":"Unigram","unk_id":0,"vocab":[]}"#)),
            ("normalizer", file(#""normalizer":{"type":"Shout"}"#)),
            ("deep", file("\"normalizer\":\(Self.nested)")),
            ("pattern", file(#""normalizer":{"type":"Replace","pattern":{"Regex":"("},"content":""}"#)),
            ("no pattern", file(#""normalizer":{"type":"Replace","content":""}"#)),
            ("charsmap", file(#""normalizer":{"type":"Precompiled","precompiled_charsmap":"!!"}"#)),
            ("short charsmap", file(#""normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#)),
            ("behavior", file(#""pre_tokenizer":{"type":"Punctuation","behavior":"Eaten"}"#)),
            ("delimiter", file(#""pre_tokenizer":{"type":"CharDelimiterSplit","delimiter":"ab"}"#)),
            ("length", file(#""pre_tokenizer":{"type":"FixedLength","length":0}"#)),
            (
                "metaspace",
                file(
                    #""pre_tokenizer":{"type":"Metaspace","replacement":"_","add_prefix_space":false,"prepend_scheme":"always"}"#
                )
            ),
            (
                "template token",
                file(
                    #""post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"pair":[],"special_tokens":{}}"#
                )
            ),
            (
                "template sequence",
                file(
                    #""post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}"#
                )
            ),
            ("separator", file(#""post_processor":{"type":"BertProcessing","sep":["a"],"cls":["b",1]}"#)),
            ("decoder", file(#""decoder":{"type":"Guess"}"#)),
            ("truncation", file(#""truncation":{"max_length":-1,"stride":0,"strategy":"LongestFirst"}"#)),
            ("padding", file(#""padding":{"strategy":{"Fixed":4000000000},"direction":"Right"}"#)),
            ("added id", file(#""added_tokens":[{"id":4000000000,"content":"x"}]"#)),
            ("taken id", file(#""added_tokens":[{"id":1,"content":"x"}]"#)),
            ("added content", file(#""added_tokens":[{"id":5}]"#)),
        ]
        for (name, bytes) in files {
            #expect(throws: IOError.self, "\(name)") { _ = try Tokenizer(json: bytes) }
        }
    }

    /// Bytes of a real file that are changed at random give an error or a tokenizer that works.
    @Test func damagedFilesNeverTrap() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed)
        let files = ["tokenizers/added_tokens", "tokenizers/components", "bpe/gpt2_style"].map { folder in
            Fixtures.bytes(folder + (folder.hasSuffix("components") ? "/words.json" : "/tokenizer.json"))
        }
        for round in 0..<150 {
            var bytes = files[round % files.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[position] = UInt8.random(in: 0x20...0x7E, using: &generator)
                case 1: bytes.remove(at: position)
                default: bytes.insert(bytes.randomElement(using: &generator)!, at: position)
                }
            }
            guard let tokenizer = try? Tokenizer(json: bytes) else { continue }
            let text = PropertyTests.text(&generator)
            if let encoding = try? tokenizer.encode(text, pair: "b") { _ = try? tokenizer.decode(encoding.ids) }
        }
    }

    /// Damaged model files of SentencePiece too.
    @Test func damagedModelsNeverTrap() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed)
        let folder = TestFolder()
        for path in Fixtures.sentencePieces {
            let model = Base64.decode(Fixtures.json(path)["model"]!.string!)!
            for _ in 0..<10 {
                var bytes = model
                for _ in 0..<4 {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                let file = try folder.write("x.model", bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
                if let tokenizer = try? Tokenizer(path: file) { _ = try? tokenizer.encode("a text of words") }
            }
        }
    }

    @Test func aSlowPatternIsAnErrorWhileEncoding() throws {
        let tokenizer = try Tokenizer(
            json: file(#""pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?:a+)+$"},"behavior":"Isolated"}"#))
        #expect(throws: TokenizerError.self) { _ = try tokenizer.encode(String(repeating: "a", count: 50) + "!") }
    }

    @Test func whatCannotBeTruncatedIsAnError() throws {
        var tokenizer = try Fixtures.tokenizer("tokenizers/wordpiece_uncased")
        tokenizer.truncation = .init(maxLength: 1)
        #expect(throws: TokenizerError.self) { _ = try tokenizer.encode("a b c") }
        tokenizer.truncation = .init(maxLength: 5, stride: 3)
        #expect(throws: TokenizerError.self) { _ = try tokenizer.encode("a b c d e f g") }
        tokenizer.truncation = .init(maxLength: 3, strategy: .onlySecond)
        #expect(throws: TokenizerError.self) { _ = try tokenizer.encode("a b c d e f g") }
    }

    /// The smallest and largest integers give an error or a result.
    @Test func extremeNumbersNeverTrap() throws {
        let tokenizer = try Fixtures.tokenizer("tokenizers/wordpiece_uncased")
        let encoding = try tokenizer.encode("a b", pair: "c")
        for number in [Int.min, -1, 0, 1, Int.max] {
            for direction in Tokenizer.Direction.allCases {
                var cut = tokenizer
                cut.truncation = .init(maxLength: number, stride: 0, direction: direction)
                _ = try? cut.encode("a b", pair: "c")
                cut.truncation = .init(maxLength: 4, stride: number, direction: direction)
                _ = try? cut.encode("a b", pair: "c")
                var padded = tokenizer
                padded.padding = .init(length: number, direction: direction)
                _ = try? padded.encode("a b")
                padded.padding = .init(direction: direction, multiple: number)
                _ = try? padded.encodeBatch(["a b"], threads: number)
            }
            _ = try tokenizer.decode([number])
            #expect(tokenizer.token(of: number) == nil || 0...1 ~= number)
            _ = (encoding.token(at: number), encoding.word(at: number, sequence: number))
            _ = (encoding.tokens(ofWord: number, sequence: number), encoding.offsets(ofWord: number))
            _ = (encoding.sequence(ofToken: number), encoding.range(of: number, in: "a b"))
            _ = ChatTemplate.Time(
                year: number, month: number, day: number, hour: number, minute: number, second: number)
            var options = Tokenizer.TrainingOptions()
            options.vocabularySize = number
            _ = try? Tokenizer.trainWordPiece(on: ["a b"], options: options)
            options.vocabularySize = 100
            (options.minimumFrequency, options.alphabetLimit) = (number, number)
            _ = try? Tokenizer.trainWordPiece(on: ["a b"], options: options)
            (options.longestPiece, options.passes) = (number, number)
            _ = try? Tokenizer.trainUnigram(on: ["a b"], options: options)
        }
    }

    @Test func missingFilesAreErrors() throws {
        let folder = TestFolder()
        #expect(throws: IOError.self) { _ = try Tokenizer(path: folder.path) }
        #expect(throws: IOError.self) { _ = try Tokenizer(path: folder.path + "/none.json") }
        #expect(throws: IOError.self) { _ = try ChatTemplates(path: folder.path) }
    }
}
