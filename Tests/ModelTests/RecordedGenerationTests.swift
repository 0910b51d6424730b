import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightModels

/// Tokens that `transformers` generated with models of `Models/`: `Generation.json`, written by `record_generation.py`.
@Suite struct RecordedGenerationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let json: JSON
        var testDescription: String { "\(json["model"]!.string!), \(json["name"]!.string!)" }

        var options: GenerationOptions {
            get throws { try RecordedGenerationTests.options(json["arguments"]!) }
        }

        func tensor(_ name: String) -> Tensor? {
            guard let rows = json[name]?.elements else { return nil }
            return Tensor(rows.map { $0.elements!.map { Int64($0.int!) } })
        }

        func load(_ field: String = "model") throws -> PretrainedModel {
            try AutoModel.load(SourceTree.root.appending(path: "Tests/ModelTests/Models/\(json[field]!.string!)").path)
        }
    }

    static let all: [Case] = {
        let path = SourceTree.root.appending(path: "Tests/ModelTests/Generation.json").path
        let json = try! JSON.parse(try! FileSystem.read(path), file: path)
        return json.elements!.map { Case(json: $0) }
    }()

    static let generated = all.filter { $0.json["output"] != nil }
    static let sampled = all.filter { $0.json["probabilities"] != nil }
    static let texts = all.filter { $0.json["window"] != nil }

    /// The options that the arguments of `generate` name, read as `generation_config.json` is read.
    static func options(_ arguments: JSON) throws -> GenerationOptions {
        let reader = try AutoModel.load(SourceTree.root.appending(path: "Tests/ModelTests/Models/gpt2_scaled").path)
        reader.generationConfiguration = arguments
        return try reader.generationOptions()
    }

    @Test(arguments: generated) func generatesTheSameTokens(_ recorded: Case) throws {
        var options = try recorded.options
        if recorded.json["log_probabilities"] != nil { options.logProbabilities = 2 }
        let (input, mask) = (recorded.tensor("input_ids")!, recorded.tensor("attention_mask"))
        let sequences: [GeneratedSequence]
        let start: Int
        switch try recorded.load() {
        case let model as CausalModel:
            let assistant = recorded.json["assistant"] == nil ? nil : try recorded.load("assistant") as? CausalModel
            sequences = try model.generateSequences(
                input, attentionMask: mask, assistant: assistant, options: options)
            start = input.shape[1]
        case let model as EncoderDecoderModel:
            let assistant =
                recorded.json["assistant"] == nil ? nil : try recorded.load("assistant") as? EncoderDecoderModel
            sequences = try model.generateSequences(
                input, attentionMask: mask, assistant: assistant, options: options)
            start = 1
        default:
            Issue.record("the model generates nothing")
            return
        }
        let want = recorded.tensor("output")!
        #expect(sequences.count == want.shape[0])
        for (row, sequence) in sequences.enumerated() {
            var line = Array(want[row].toArray(Int64.self).map { Int($0) }[start...])
            // What fills a sequence after its end differs between the versions.
            if let end = line.firstIndex(where: { options.endTokens.contains($0) }) {
                line.removeLast(line.count - end - 1)
            }
            var tokens = sequence.tokens
            // Groups of beams of transformers 4 write the first of the end tokens in place of the one that was chosen.
            if recorded.json["arguments"]?["num_beam_groups"] != nil, sequence.finishReason == .endToken {
                tokens[tokens.count - 1] = options.endTokens[0]
            }
            #expect(tokens == line, "row \(row)")
            if let score = recorded.json["scores"]?.elements?[row].double {
                #expect(abs(score - (sequence.score ?? .nan)) < 1e-3, "row \(row)")
            }
            for (index, value) in (recorded.json["log_probabilities"]?.elements?[row].elements ?? []).enumerated() {
                let own = sequence.logProbabilities[index]
                #expect(abs(own.chosen.logProbability - value.double!) < 1e-3, "row \(row), token \(index)")
                #expect(own.top.count == 2 && own.top[0] == own.chosen)
            }
        }
    }

    @Test(arguments: sampled) func samplesFromTheSameProbabilities(_ recorded: Case) throws {
        var arguments = recorded.json["arguments"]!.members!.map { ($0.name, $0.value) }
        arguments.append(("do_sample", true))
        let options = try Self.options(.object(arguments))
        let model = try recorded.load() as! CausalModel
        let logits = noGrad { model(recorded.tensor("input_ids")!).logits.select(1, -1).toArray(Float.self) }
        let candidates = TokenScores(options).candidates(logits)
        for (token, want) in recorded.json["probabilities"]!.elements!.enumerated() {
            #expect(abs(candidates.probability(of: token) - want.double!) < 1e-3, "token \(token)")
        }
    }

    @Test(arguments: texts) func perplexityIsTheSame(_ recorded: Case) throws {
        let model = try recorded.load() as! CausalModel
        let tokens = recorded.tensor("input_ids")!.reshape([-1]).toArray(Int64.self).map { Int($0) }
        let result = try model.perplexity(
            tokens, window: recorded.json["window"]!.int, stride: recorded.json["stride"]!.int)
        #expect(result.tokenCount == recorded.json["count"]!.int!)
        let total = recorded.json["total"]!.double!
        #expect(abs(result.totalLoss - total) < 1e-4 * total)
    }
}
