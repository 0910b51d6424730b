import TestSupport
import Testing
import Torchlight
import TorchlightIO
import TorchlightTokenizers
@testable import TorchlightModels

/// Text in, text out.
@Suite struct TextGeneratorTests {
    @Test func stopStringsAreFoundInAnyPieces() {
        let text = "one two|three STOP four"
        for size in 1...text.count {
            var stops = StopStrings(["STOP", "|x", "e S2"])
            var result = ""
            var rest = text[...]
            while !rest.isEmpty {
                let piece = String(rest.prefix(size))
                rest = rest.dropFirst(size)
                let passed = stops.append(piece)
                result += passed
                #expect("one two|three ".hasPrefix(result), "pieces of \(size): \(result)")
            }
            #expect(stops.isFound && result == "one two|three ", "pieces of \(size)")
            #expect(stops.finish() == "")
        }
        var stops = StopStrings(["abc", "é🙂"])
        #expect(stops.append("xa") == "x")
        #expect(stops.append("b") == "")
        #expect(stops.append("d") == "abd")
        #expect(stops.append("é") == "")
        #expect(stops.finish() == "é" && !stops.isFound)
        // The earliest of several.
        var several = StopStrings(["two", "one"])
        #expect(several.append("0 one two") == "0 ")
    }

    @Test(arguments: [nil, 4]) func piecesAreTheText(window: Int?) async throws {
        let folder = try TinyModel.folder(window: window)
        let generator = try TextGenerator.load(folder.path)
        generator.options.temperature = 1.2
        for seed in 0..<4 {
            generator.options.generator = Generator(seed: UInt64(seed))
            let whole = try generator.generate("The king", maxNewTokens: 40)
            #expect(whole.sequence.tokens.count <= 40 && whole.promptTokenCount > 0)
            generator.options.generator = Generator(seed: UInt64(seed))
            var pieces: [String] = []
            for try await piece in generator("The king", maxNewTokens: 40) { pieces.append(piece) }
            #expect(pieces.joined() == whole.text, "seed \(seed)")
            let decoded = try generator.tokenizer.decode(whole.sequence.tokens, skippingSpecialTokens: true)
            #expect(whole.text == decoded, "seed \(seed)")
            // A batch with padding, and one text, are the same where nothing is drawn.
            generator.options.temperature = nil
            let prompts = ["The king", "Who wakes the king at this", "river"]
            let batch = try generator.generate(prompts, maxNewTokens: 12)
            for (prompt, text) in zip(prompts, batch) {
                #expect(try generator.generate(prompt, maxNewTokens: 12).text == text.text, "\(prompt)")
            }
            generator.options.temperature = 1.2
        }
    }

    @Test func aStopStringEndsTheText() throws {
        let folder = try TinyModel.folder()
        let generator = try TextGenerator.load(folder.path)
        let text = try generator.generate("The king", maxNewTokens: 30).text
        let stop = String(text.dropFirst(8).prefix(3))
        let expected = String(text[..<text.firstRange(of: stop)!.lowerBound])
        generator.options.stopStrings = [stop]
        let stopped = try generator.generate("The king", maxNewTokens: 30)
        #expect(stopped.text == expected && stopped.sequence.finishReason == .stopString)
        #expect(stopped.sequence.tokens.count < 30)
        let batch = try generator.generate(["The king", "river"], maxNewTokens: 30)
        #expect(batch[0].text == expected && batch[0].sequence.finishReason == .stopString)
        generator.options.beamCount = 2
        let beams = try generator.generate("The king", maxNewTokens: 30)
        #expect(!beams.text.contains(stop))
    }

    @Test(arguments: [nil, 6]) func aChatReusesItsTurns(window: Int?) throws {
        let folder = try TinyModel.folder(window: window)
        let generator = try TextGenerator.load(folder.path)
        let chat = Chat(generator, system: "night")
        for message in ["Who?", "The king at the river", "friend"] {
            let before = chat.messages
            let answer = try chat.answer(message, maxNewTokens: 10)
            let alone = try generator.answer(
                before + [.message(role: "user", content: message)], maxNewTokens: 10)
            #expect(answer.text == alone.text, "\(message)")
            #expect(chat.messages.count == before.count + 2)
            #expect(chat.cache.tokens.count == answer.promptTokenCount + answer.sequence.tokens.count - 1)
        }
        var options = generator.options
        options.temperature = -1
        #expect(throws: ModelError.self) { try chat.answer("x", options: options) }
        #expect(chat.messages.count == 7)
    }

    @Test(arguments: [nil, 5]) func aPromptCacheIsSavedAndLoaded(window: Int?) async throws {
        let folder = try TinyModel.folder(window: window)
        let model = try CausalModel.load(folder.path)
        let prompt = (0..<20).map { ($0 * 7) % 50 + 3 }
        func tokens(_ prompt: [Int], _ cache: PromptCache?) async throws -> [Int] {
            var tokens: [Int] = []
            for try await token in model.tokens(after: prompt, cache: cache, options: .init(maxNewTokens: 8)) {
                tokens.append(token)
            }
            return tokens
        }
        let cache = PromptCache()
        let first = try await tokens(prompt, cache)
        #expect(try await tokens(prompt, nil) == first)
        #expect(cache.tokens == Array((prompt + first).dropLast()))
        let path = folder("cache.safetensors")
        try cache.save(path, for: model)
        let loaded = try PromptCache(path, for: model)
        #expect(loaded.tokens == cache.tokens && loaded.byteCount > 0)
        for next in [prompt + first + [9, 4], prompt + first.prefix(3) + [11], [5, 6], prompt] {
            let expected = try await tokens(next, nil)
            #expect(try await tokens(next, cache) == expected, "\(next)")
            #expect(try await tokens(next, loaded) == expected, "\(next)")
        }
        let otherFolder = try TinyModel.folder(seed: 6, window: window)
        let other = try CausalModel.load(otherFolder.path)
        #expect(throws: ModelError.self) { try PromptCache(path, for: other) }
        #expect(throws: ModelError.self) { try PromptCache(folder("model.safetensors"), for: model) }
    }

    @Test func wrongUsesAreErrors() throws {
        let folder = try TinyModel.folder()
        let generator = try TextGenerator.load(folder.path)
        #expect(throws: ModelError.self) { try generator.generate("") }
        #expect(throws: ModelError.self) { try generator.generate("x", task: "summarization") }
        let plain = try TextGenerator(generator.model, tokenizer: generator.tokenizer)
        #expect(throws: ModelError.self) { try plain.answer([.message(role: "user", content: "x")]) }
        #expect(throws: ModelError.self) { try plain.perplexity("") }
        #expect(try plain.perplexity("The king sleeps in the house", window: 5, stride: 2).value > 1)
    }
}
