import Foundation
import TestSupport
import Testing
import Torchlight
@testable import TorchlightModels

/// Searches beyond what recorded tokens show.
@Suite struct SearchTests {
    private static let prompt = Tensor([[3, 17, 5, 21, 8]])

    @Test(arguments: [nil, 3]) func assistedGreedySearchIsGreedySearch(window: Int?) throws {
        let model = try TinyModel.llama(window: window)
        let draft = try TinyModel.llama(window: window, seed: 6)
        var options = GenerationOptions(maxNewTokens: 60)
        options.repetitionPenalty = 1.3
        let expected = try model.generate(Self.prompt, options: options)
        options.assistantConfidence = 0
        for (tokens, isConstant) in [(1, true), (4, true), (3, false), (40, false)] {
            options.assistantTokens = tokens
            options.assistantTokensAreConstant = isConstant
            for assistant in [model, draft] {
                let got = try model.generate(Self.prompt, assistant: assistant, options: options)
                #expect(got.equal(expected), "\(tokens) tokens, constant \(isConstant)")
            }
        }
        options.promptLookupTokens = 5
        #expect(try model.generate(Self.prompt, options: options).equal(expected))
    }

    /// The frequencies of pairs of tokens have the distribution of sampling without an assistant.
    @Test(arguments: [true, false]) func assistedSamplingKeepsTheDistribution(hasAssistant: Bool) throws {
        let model = try TinyModel.llama(vocabulary: 6)
        let draft = try TinyModel.llama(vocabulary: 6, seed: 8)
        let prompt = Tensor([[1, 2, 3, 1]])
        var options = GenerationOptions(maxNewTokens: 2)
        options.temperature = 2.5
        options.topK = 5
        options.assistantTokens = 3
        options.assistantConfidence = 0
        options.generator = Generator(seed: 11)
        if !hasAssistant { options.promptLookupTokens = 3 }
        /// The probabilities of the token after a sequence.
        func probabilities(_ sequence: Tensor) -> [Double] {
            let logits = noGrad { model(sequence).logits.select(1, -1).toArray(Float.self) }
            let candidates = TokenScores(options).candidates(logits)
            return (0..<6).map { candidates.probability(of: $0) }
        }
        var expected = [Double](repeating: 0, count: 36)
        for (first, p) in probabilities(prompt).enumerated() {
            for (second, q) in probabilities(cat([prompt, Tensor([[first]])], dim: 1)).enumerated() {
                expected[first * 6 + second] = p * q
            }
        }
        let runs = 3000
        var counts = [Double](repeating: 0, count: 36)
        for _ in 0..<runs {
            let tokens = try model.generateSequences(
                prompt, assistant: hasAssistant ? draft : nil, options: options)[0].tokens
            counts[tokens[0] * 6 + tokens[1]] += 1
        }
        var statistic = 0.0
        for (count, p) in zip(counts, expected) {
            if p == 0 {
                #expect(count == 0)
            } else {
                statistic += pow(count - p * Double(runs), 2) / (p * Double(runs))
            }
        }
        // Chi-squared with at most 24 degrees of freedom exceeds 52 with a probability of 0.001.
        #expect(statistic < 52)
    }

    @Test func assistantsOfOtherVocabulariesAreRefused() throws {
        let model = try TinyModel.llama()
        #expect(throws: ModelError.self) {
            try model.generate(Self.prompt, assistant: TinyModel.llama(vocabulary: 41), options: .init())
        }
    }

    @Test func severalSamplesOfAPromptDiffer() throws {
        let model = try TinyModel.llama()
        let prompt = cat([Self.prompt, Self.prompt + 1], dim: 0)
        var options = GenerationOptions(maxNewTokens: 12)
        options.temperature = 1.5
        options.sequenceCount = 3
        options.generator = Generator(seed: 3)
        let sequences = try model.generateSequences(prompt, options: options)
        #expect(sequences.map(\.promptIndex) == [0, 0, 0, 1, 1, 1])
        #expect(Set(sequences.map(\.tokens)).count == 6)
        #expect(try model.generate(prompt, options: options).shape == [6, 17])
        options.beamCount = 4
        let beams = try model.generateSequences(prompt, options: options)
        #expect(beams.count == 6)
        for index in [0, 3] {
            #expect(
                beams[index].score! >= beams[index + 1].score! && beams[index + 1].score! >= beams[index + 2].score!)
        }
    }

    @Test func aSeedGivesTheSameTextOnAnyNumberOfThreads() throws {
        let model = try TinyModel.llama(size: 64)
        var options = GenerationOptions(maxNewTokens: 24)
        options.temperature = 1.3
        options.sequenceCount = 4
        func tokens(threads: Int) throws -> [[Int]] {
            options.generator = Generator(seed: 21)
            let before = numThreads
            numThreads = threads
            defer { numThreads = before }
            return try model.generateSequences(Self.prompt, options: options).map(\.tokens)
        }
        let expected = try tokens(threads: 1)
        for threads in 2...4 { #expect(try tokens(threads: threads) == expected, "\(threads) threads") }
    }

    @Test func theTimeEndsAText() throws {
        let model = try TinyModel.llama()
        var options = GenerationOptions(maxNewTokens: 1000)
        options.maxTime = 1e-9
        for change in [{ _ in }, { $0.beamCount = 2 }, { $0.promptLookupTokens = 2 }]
            as [(inout GenerationOptions) -> Void]
        {
            var changed = options
            change(&changed)
            let sequence = try model.generateSequences(Self.prompt, options: changed)[0]
            #expect(sequence.finishReason == .time && sequence.tokens.count < 20)
        }
    }

    @Test func fieldsAreHonouredOrRefusedByName() throws {
        let model = try TinyModel.llama()
        func read(_ json: String) throws -> GenerationOptions {
            model.generationConfiguration = try .parse(Array(json.utf8), file: "generation_config.json")
            return try model.generationOptions()
        }
        func error(_ json: String) -> String {
            do {
                _ = try read(json)
                return ""
            } catch { return "\(error)" }
        }
        let options = try read(
            """
            {"max_length": 30, "min_length": 4, "eos_token_id": [1, 2], "pad_token_id": 0, "stop_strings": ["a", "b"],
             "do_sample": true, "temperature": 0.6, "top_p": 0.9, "top_k": 0, "num_beams": 1, "early_stopping": "never",
             "forced_decoder_ids": [[1, null], [2, 7]], "exponential_decay_length_penalty": [5, 1.1], "use_cache": true,
             "sequence_bias": [[[3, 4], -1.5]], "transformers_version": "5.0", "guidance_scale": 1.0, "token_healing": false,
             "num_assistant_tokens_schedule": "constant"}
            """)
        #expect(options.maxLength == 30 && options.minLength == 4 && options.endTokens == [1, 2])
        #expect(
            options.stopStrings == ["a", "b"] && options.temperature == 0.6 && options.topK == nil
                && options.topP == 0.9)
        #expect(options.forcedTokens == [2: 7] && options.lengthDecay == .init(start: 5, factor: 1.1))
        #expect(
            options.sequenceBias == [[3, 4]: -1.5] && options.searchesToMaxLength && options.assistantTokensAreConstant)
        #expect(try read("{\"max_length\": 30, \"max_new_tokens\": 9}").maxLength == nil)
        #expect(try read("{\"penalty_alpha\": 0.6, \"top_k\": 4}").contrastivePenalty == 0.6)
        for field in ["guidance_scale", "watermarking_config", "dola_layers", "force_words_ids", "unheard_of"] {
            #expect(error("{\"\(field)\": [[2]]}").contains(field), "\(field)")
        }
        #expect(error("{\"token_healing\": true}").contains("token_healing"))
        #expect(error("{\"temperature\": \"hot\"}").contains("temperature"))
        #expect(error("{\"early_stopping\": 3}").contains("early_stopping"))
        #expect(error("{\"bad_words_ids\": [3]}").contains("bad_words_ids"))
        #expect(error("{\"cache_implementation\": \"quantized\"}").contains("cache_implementation"))
    }
}
