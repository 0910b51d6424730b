import Foundation
import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightModels

/// Generation with models of random parameters, which need no files.
@Suite struct GenerationTests {
    private static func model(window: Int? = nil) throws -> Llama { try TinyModel.llama(window: window) }

    private static let prompt = Tensor([[3, 17, 5, 21, 8], [9, 2, 30, 11, 6]])

    @Test(arguments: [nil, 3], [[1, 1, 1, 1, 1], [2, 3], [4, 1]])
    func aCacheGivesTheLogitsOfTheWholeSequence(window: Int?, pieces: [Int]) throws {
        let model = try Self.model(window: window)
        noGrad {
            // Longer than the capacity that a cache begins with.
            let tokens = cat(Array(repeating: Self.prompt, count: 8), dim: 1)
            let whole = model(tokens).logits
            let cache = KeyValueCache()
            var start = 0
            while start < tokens.shape[1] {
                let length = min(pieces[start % pieces.count], tokens.shape[1] - start)
                let part = model(tokens.narrow(1, start: start, length: length), cache: cache).logits
                #expect(
                    part.allclose(whole.narrow(1, start: start, length: length), rtol: 1e-4, atol: 1e-5),
                    "window \(String(describing: window)), from \(start)")
                start += length
            }
            #expect(cache.length == 40)
        }
    }

    @Test func aCacheIsShortenedAndReordered() throws {
        let model = try Self.model()
        noGrad {
            let cache = KeyValueCache()
            _ = model(Self.prompt, cache: cache)
            cache.truncate(to: 3)
            let tokens = Self.prompt.narrow(1, start: 3, length: 2)
            let expected = model(Self.prompt).logits.narrow(1, start: 3, length: 2)
            #expect(model(tokens, cache: cache).logits.allclose(expected, rtol: 1e-4, atol: 1e-5))
            cache.reorder(Tensor([1, 0, 1]))
            let next = Tensor([[4], [4], [4]])
            let continued = cat([Self.prompt.indexSelect(0, Tensor([1, 0, 1])), next], dim: 1)
            let last = model(continued).logits.narrow(1, start: 5, length: 1)
            #expect(model(next, cache: cache).logits.allclose(last, rtol: 1e-4, atol: 1e-5))
            // Keys and values of 2 layers, float32 [3, 2, 32, 4].
            let bytes = 4 * 3 * 2 * 32 * 4 * 4
            #expect(cache.byteCount == bytes)
        }
    }

    @Test func theTokensOfAStreamAreThoseOfABatch() async throws {
        let model = try Self.model()
        let prompt = [3, 17, 5]
        let expected = try model.generate(
            Tensor([prompt.map { Int64($0) }]), options: GenerationOptions(maxNewTokens: 12))
        var options = GenerationOptions(maxNewTokens: 12)
        var streamed: [Int] = []
        for try await token in model.tokens(after: prompt, options: options) { streamed.append(token) }
        #expect(prompt + streamed == expected.toArray(Int64.self).map { Int($0) })
        // The end token ends the stream and is not part of it.
        options.endTokens = [streamed[4]]
        let first = streamed.firstIndex(of: streamed[4])!
        var short: [Int] = []
        for try await token in model.tokens(after: prompt, options: options) { short.append(token) }
        #expect(short == Array(streamed[..<first]))
    }

    @Test func samplingFollowsTheProbabilities() throws {
        // Probabilities 0.5, 0.25, 0.15, 0.1, in another order.
        let probabilities: [Float] = [0.15, 0.5, 0.1, 0.25]
        let scores = probabilities.map { Float(log(Double($0))) }
        func drawn(_ change: (inout GenerationOptions) -> Void) -> Set<Int> {
            var options = GenerationOptions()
            options.temperature = 1
            change(&options)
            let chooser = TokenScores(options)
            return Set((0..<100).map { chooser.sample(scores, uniform: Double($0) / 100) })
        }
        #expect(drawn { _ in } == [0, 1, 2, 3])
        #expect(drawn { $0.topK = 2 } == [1, 3])
        #expect(drawn { $0.topP = 0.7 } == [1, 3])
        #expect(drawn { $0.topP = 0.49 } == [1])
        #expect(drawn { $0.minP = 0.25 } == [0, 1, 3])
        // The entropy is 1.21; the information of the four is 0.69, 1.39, 1.90 and 2.30.
        #expect(drawn { $0.typicalP = 0.2 } == [3])
        #expect(drawn { $0.typicalP = 0.6 } == [1, 3])
        #expect(drawn { $0.temperature = 0.01 } == [1])
        var options = GenerationOptions()
        options.temperature = 1
        let counts = (0..<1000).filter { TokenScores(options).sample(scores, uniform: (Double($0) + 0.5) / 1000) == 1 }
        #expect(counts.count == 500)
    }

    @Test func penaltiesAndForbiddenTokensChangeTheScores() {
        var options = GenerationOptions()
        options.repetitionPenalty = 2
        options.presencePenalty = 0.5
        options.frequencyPenalty = 0.25
        options.noRepeatNgramSize = 2
        options.suppressedTokens = [5]
        options.suppressedFirstTokens = [4]
        options.endTokens = [3]
        options.minNewTokens = 4
        var scores: [Float] = [1, -1, 1, 1, 1, 1]
        // The prompt is 0; generated are 1, 2, 1. What followed 1 was 2.
        TokenScores(options).applyRules(&scores, sequence: [0, 1, 2, 1], generated: 3)
        let expected: [Float] = [0.5, -3, -.infinity, -.infinity, 1, -.infinity]
        #expect(scores == expected)
        var first: [Float] = [0, 0, 0, 0, 0, 0]
        TokenScores(options).applyRules(&first, sequence: [0], generated: 0)
        #expect(first[4] == -.infinity)
    }

    @Test func sampledTextDependsOnTheSeedAlone() throws {
        let model = try Self.model()
        func text(_ seed: UInt64) throws -> [Int64] {
            var options = GenerationOptions(maxNewTokens: 16)
            options.temperature = 1.5
            options.generator = Generator(seed: seed)
            return try model.generate(Self.prompt, options: options).toArray(Int64.self)
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
    }

    @Test func wrongOptionsAreNamed() throws {
        let model = try Self.model()
        func error(_ change: (inout GenerationOptions) -> Void) -> String {
            var options = GenerationOptions()
            change(&options)
            do {
                _ = try model.generate(Self.prompt, options: options)
                return ""
            } catch { return "\(error)" }
        }
        #expect(error { $0.temperature = 0 }.contains("temperature is 0.0; expected a positive number"))
        #expect(error { $0.topP = 0 }.contains("topP is 0.0"))
        #expect(error { $0.minP = 2 }.contains("minP is 2.0"))
        #expect(error { $0.endTokens = [40] }.contains("a token is 40; expected an index below 40"))
        #expect(error { $0.repetitionPenalty = .nan }.contains("repetitionPenalty is nan"))
        #expect(
            error { $0.beamGroupCount = 2 }.contains("beamGroupCount is 2; expected a divisor of beamCount, which is 1")
        )
        #expect(error { $0.sequenceCount = 2 }.contains("greedy search gives one sequence"))
        #expect(error { $0.contrastivePenalty = 0.5 }.contains("expected nil, or topK"))
        #expect(error { $0.stopStrings = ["x"] }.contains("use TextGenerator"))
        #expect(error { $0.badWords = [[]] }.contains("badWords"))
        #expect(error { $0.maxLength = 5 }.contains("maxLength is 5 with a prompt of 5 tokens"))
        #expect(error { $0.promptLookupTokens = 3 }.contains("decoding with 2 prompts; expected one prompt"))
        #expect(error { $0.etaCutoff = 1 }.contains("etaCutoff is 1.0"))
    }

    @Test func aModelFromItsSettingsIsSavedAndLoaded() throws {
        let scalings: [RopeScaling] = [
            .none, .linear(factor: 2), .dynamic(factor: 3),
            .yarn(factor: 2, betaFast: 32, betaSlow: 1, attentionFactor: 1.1, originalLength: 8, truncate: false),
            .longRope(short: [1, 2], long: [3, 4], attentionFactor: 1.2, originalLength: 4),
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 16),
        ]
        for (index, scaling) in scalings.enumerated() {
            var config = DecoderConfig(
                vocabularySize: 40, hiddenSize: 16, intermediateSize: 24, layerCount: 3, headCount: 4, groupCount: 2)
            config.rotary = RotaryEmbedding(dim: 4, base: 500, scaling: scaling, maxLength: 64)
            config.tiesEmbedding = index == 1
            config.attentionBias = index == 2
            config.outputBias = index == 2
            if index == 3 { config.windows = [3, nil, 3] }
            let model = try Llama(config).eval()
            let folder = TemporaryFolder()
            try model.savePretrained(folder.path)
            let loaded = try Llama.load(folder.path)
            let logits = noGrad { (model(Self.prompt).logits, loaded(Self.prompt).logits) }
            #expect(logits.0.equal(logits.1), "\(scaling)")
        }
    }

    @Test func modelsThatAreNotImplementedAreRefusedByName() throws {
        let folder = TemporaryFolder()
        try Self.model().savePretrained(folder.path)
        func error(_ config: String, ignoring: Set<String> = []) throws -> String {
            try AtomicFile.write(Array(config.utf8), to: folder("config.json"))
            do {
                _ = try AutoModel.load(folder.path, ignoring: ignoring)
                return ""
            } catch { return "\(error)" }
        }
        let sizes = """
            "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2
            """
        let llama = "\"architectures\": [\"LlamaForCausalLM\"], \(sizes)"
        #expect(try error("{\(llama)}") == "")
        #expect(try error("{\"architectures\": [\"Unheard\"]}").contains("'Unheard' is not implemented"))
        #expect(try error("{}").contains("no architectures"))
        #expect(try error("{\(llama), \"attention_sinks\": 4}").contains("attention_sinks (the number 4)"))
        #expect(try error("{\(llama), \"attention_sinks\": 4}", ignoring: ["attention_sinks"]) == "")
        #expect(try error("{\(llama), \"hidden_act\": \"xielu\"}").contains("hidden_act is 'xielu'"))
        #expect(try error("{\(llama), \"rope_scaling\": {\"type\": \"spiral\"}}").contains("'spiral'"))
        #expect(
            try error("{\(llama.replacing("\"hidden_size\": 16", with: "\"hidden_size\": 32"))}").contains("shapes"))
        #expect(throws: ModelError.self) { try GPT2.load(folder.path) }
    }
}
