import Testing
import TestSupport
import Torchlight
import TorchlightIO
@testable import TorchlightModels

/// Models in the layout of `save_pretrained`, with outputs that `transformers` computed: `Models/` beside this file, and the
/// full set in `$TORCHLIGHT_SHARED`.
@Suite struct RecordedModelTests {
    static let folders: [RecordedModel] = RecordedModel.all()

    @Test(arguments: folders) func answersAsTransformers(_ recorded: RecordedModel) throws {
        try recorded.checkCalls()
    }

    @Test(arguments: folders) func generatesAsTransformers(_ recorded: RecordedModel) throws {
        try recorded.checkGeneration()
    }

    @Test(arguments: folders.filter(\.hasWaveforms)) func preprocessesAsTransformers(_ recorded: RecordedModel) throws {
        try recorded.checkPreprocessing()
    }

    @Test(arguments: folders) func isTheSameAfterSaving(_ recorded: RecordedModel) throws {
        try recorded.checkSaving()
    }
}

/// A folder with a model and `case.json`, which says what was computed.
struct RecordedModel: Sendable, CustomTestStringConvertible {
    let name: String
    let folder: String
    var testDescription: String { name }

    static func all() -> [RecordedModel] {
        var roots = [SourceTree.root.appending(path: "Tests/ModelTests/Models").path]
        if let shared = FileSystem.environment("TORCHLIGHT_SHARED") { roots.append("\(shared)/interop/hf") }
        var models: [String: RecordedModel] = [:]
        for root in roots {
            for name in FileSystem.names(in: root) where FileSystem.isFile("\(root)/\(name)/case.json") {
                models[name] = RecordedModel(name: name, folder: "\(root)/\(name)")
            }
        }
        return models.values.sorted { $0.name < $1.name }
    }

    // MARK: - Reading

    private func description() throws -> JSON {
        let path = "\(folder)/case.json"
        return try JSON.parse(try FileSystem.read(path), file: path)
    }

    private func expected() throws -> [String: Tensor] {
        try TensorFile.load("\(folder)/expected.safetensors")
    }

    private func tensors(_ json: JSON?, _ tensors: [String: Tensor]) -> [String: Tensor] {
        var named: [String: Tensor] = [:]
        for member in json?.members ?? [] { named[member.name] = tensors[member.value.string!]! }
        return named
    }

    // MARK: - Preprocessing

    private var waveforms: [JSON] {
        ((try? description())?["preprocess"]?.elements ?? []).filter { $0["processor"]?.string == "audio" }
    }
    var hasWaveforms: Bool { !waveforms.isEmpty }

    func checkPreprocessing() throws {
        let (features, values) = (try WhisperFeatures.load(folder), try expected())
        for step in waveforms {
            let want = try #require(values[step["output"]!.string!])
            let got = features(try #require(values[step["input"]!.string!]))
            #expect(got.shape == want.shape)
            let difference = (got - want).abs().max().item()
            #expect(difference <= step["atol"]!.double!, "\(name): \(difference)")
        }
    }

    // MARK: - Forward passes

    func checkCalls() throws {
        let (json, tensors) = (try description(), try expected())
        let model = try AutoModel.load(folder)
        var gradientLoss: Tensor?
        let calls = json["calls"]?.elements ?? [Self.plainCall, Self.maskedCall, Self.lossCall]
        for call in calls {
            let inputs = self.tensors(call["inputs"], tensors)
            let outputs = try Outputs(model, call, inputs)
            let mask = call["where"]?.string.map {
                inputs["attention_mask"] ?? inputs["decoder_attention_mask"] ?? tensors[$0]!
            }
            for member in call["outputs"]?.members ?? [] {
                let label = "\(name), \(call["name"]?.string ?? ""), \(member.name)"
                if member.name.hasSuffix("hidden_states") {
                    let states = try #require(outputs.states[member.name], "\(label)")
                    for (index, state) in states.enumerated() {
                        compare(state, tensors["\(member.value.string!)_\(index)"]!, mask, json, "\(label) \(index)")
                    }
                    #expect(tensors["\(member.value.string!)_\(states.count)"] == nil, "\(label)")
                } else {
                    let got = try #require(outputs.tensors[member.name], "\(label)")
                    compare(got, tensors[member.value.string!]!, mask, json, label)
                }
            }
            if call["name"]?.string == json["gradient_of"]?.string { gradientLoss = outputs.tensors["loss"] }
        }
        if let gradientLoss, let norm = tensors["grad_norm"] {
            gradientLoss.backward()
            var sum = 0.0
            for parameter in model.parameters() {
                if let gradient = parameter.grad { sum += gradient.to(.float64).square().sum().item() }
            }
            let want: Double = norm.reshape([]).item()
            #expect(abs(sum.squareRoot() - want) <= 1e-3 * want, "\(name), norm of the gradient")
        }
    }

    private static let plainCall: JSON = [
        "name": "plain", "inputs": ["input_ids": "input_ids"],
        "outputs": ["logits": "logits", "hidden_states": "hidden"],
    ]
    private static let maskedCall: JSON = [
        "name": "mask", "inputs": ["input_ids": "input_ids", "attention_mask": "attention_mask"],
        "outputs": ["logits": "logits_masked"], "where": "attention_mask",
    ]
    private static let lossCall: JSON = [
        "name": "loss", "inputs": ["input_ids": "input_ids", "labels": "input_ids"], "outputs": ["loss": "loss"],
    ]

    /// Compares within the tolerance of the folder; where a mask is given, outputs with a sequence dimension only where it is 1.
    private func compare(_ got: Tensor, _ want: Tensor, _ mask: Tensor?, _ json: JSON, _ label: String) {
        var got = got.detach().to(.float64)
        var want = want.to(.float64).reshape(got.rank == 0 ? [] : want.shape)
        guard got.shape == want.shape else {
            Issue.record("\(label): \(got.shape), not \(want.shape)")
            return
        }
        if let mask, got.rank >= 2, Array(got.shape.prefix(2)) == mask.shape {
            let keep = mask.reshape(mask.shape + Array(repeating: 1, count: got.rank - 2))
            (got, want) = (got * keep.to(.float64), want * keep.to(.float64))
        }
        let (rtol, atol) = (json["rtol"]?.double ?? 1e-3, json["atol"]?.double ?? 1e-4)
        let excess = ((got - want).abs() - want.abs() * rtol - atol).max().item() as Double
        #expect(excess <= 0, "\(label) differs by \((got - want).abs().max().item() as Double)")
    }

    // MARK: - Generation

    func checkGeneration() throws {
        let (json, tensors) = (try description(), try expected())
        let model = try AutoModel.load(folder)
        var runs = json["generate"]?.elements ?? []
        if json["calls"] == nil {
            runs = [
                [
                    "name": "greedy", "inputs": ["input_ids": "prompt"], "arguments": ["max_new_tokens": 20],
                    "output": "generated",
                ]
            ]
        }
        for run in runs {
            let inputs = self.tensors(run["inputs"], tensors)
            let options = Self.options(run["arguments"])
            let label = "\(name), \(run["name"]?.string ?? "")"
            let tokens: Tensor
            switch model {
            case let model as CausalModel:
                tokens = try model.generate(
                    inputs["input_ids"]!, attentionMask: inputs["attention_mask"], options: options)
            case let model as EncoderDecoderModel:
                tokens = try model.generate(
                    inputs["input_ids"] ?? inputs["input_features"]!, attentionMask: inputs["attention_mask"],
                    decoderPrompt: inputs["decoder_input_ids"], options: options)
            default:
                Issue.record("\(label): the model generates nothing")
                continue
            }
            let want = tensors[run["output"]!.string!]!
            #expect(tokens.shape == want.shape, "\(label)")
            let start = model is CausalModel ? inputs["input_ids"]!.shape[1] : 1
            #expect(Self.texts(tokens, options, after: start) == Self.texts(want, options, after: start), "\(label)")
        }
    }

    /// The tokens of each sequence up to its end token; what fills it afterwards differs between the versions of
    /// `transformers`.
    private static func texts(_ tokens: Tensor, _ options: GenerationOptions, after start: Int) -> [[Int64]] {
        (0..<tokens.shape[0]).map { row in
            let line = tokens[row].toArray(Int64.self)
            let end = line[start...].firstIndex { options.endTokens.contains(Int($0)) } ?? line.count - 1
            return Array(line[...end])
        }
    }

    private static func options(_ arguments: JSON?) -> GenerationOptions {
        var options = GenerationOptions()
        func ints(_ name: String) -> [Int] {
            guard let value = arguments?[name] else { return [] }
            return value.int.map { [$0] } ?? value.elements?.compactMap(\.int) ?? []
        }
        for member in arguments?.members ?? [] {
            switch member.name {
            case "max_new_tokens": options.maxNewTokens = member.value.int!
            case "min_new_tokens": options.minNewTokens = member.value.int!
            case "pad_token_id": options.padToken = member.value.int
            case "eos_token_id": options.endTokens = ints(member.name)
            case "repetition_penalty": options.repetitionPenalty = member.value.double!
            case "no_repeat_ngram_size": options.noRepeatNgramSize = member.value.int!
            case "suppress_tokens": options.suppressedTokens = ints(member.name)
            case "begin_suppress_tokens": options.suppressedFirstTokens = ints(member.name)
            case "num_beams": options.beamCount = member.value.int!
            case "length_penalty": options.lengthPenalty = member.value.double!
            case "early_stopping": options.stopsEarly = member.value.bool!
            default: Issue.record("the argument \(member.name) is not mapped")
            }
        }
        return options
    }

    // MARK: - Saving

    func checkSaving() throws {
        let model = try AutoModel.load(folder)
        let copy = TemporaryFolder()
        for shardSize in [5_000_000_000, 20_000] {
            try model.savePretrained(copy("model"), shardSize: shardSize)
            let loaded = try AutoModel.load(copy("model"))
            let (before, after) = (model.namedState(), loaded.namedState())
            #expect(before.map(\.name) == after.map(\.name))
            for (old, new) in zip(before, after) {
                #expect(old.tensor.equal(new.tensor), "\(name), \(old.name)")
            }
            #expect(loaded.unusedWeights.isEmpty, "\(name)")
        }
    }
}

/// The outputs of a call by the names that `transformers` has for them.
private struct Outputs {
    var tensors: [String: Tensor] = [:]
    var states: [String: [Tensor]] = [:]

    init(_ model: PretrainedModel, _ call: JSON, _ inputs: [String: Tensor]) throws {
        switch model {
        case let model as CausalModel:
            let output = model(
                inputs["input_ids"]!, attentionMask: inputs["attention_mask"], positions: inputs["position_ids"],
                hiddenStates: true)
            tensors["logits"] = output.logits
            states["hidden_states"] = output.hiddenStates
            if let labels = inputs["labels"] { tensors["loss"] = output.loss(labels) }
        case let model as EncoderDecoderModel:
            let input = inputs["input_ids"] ?? inputs["input_features"]!
            let labels = inputs["labels"]
            let output = model(
                input, attentionMask: inputs["attention_mask"],
                decoderTokens: inputs["decoder_input_ids"] ?? model.shiftedRight(labels!),
                decoderAttentionMask: inputs["decoder_attention_mask"], hiddenStates: true)
            tensors["logits"] = output.logits
            tensors["encoder_last_hidden_state"] = output.encoderOutput
            states["encoder_hidden_states"] = output.encoderStates
            states["decoder_hidden_states"] = output.decoderStates
            if let labels { tensors["loss"] = output.loss(labels) }
        case let model as EncoderModel: try encode(model, call, inputs)
        case let model as ViT:
            let output = model(
                inputs["pixel_values"]!,
                interpolatesPositions: call["arguments"]?["interpolate_pos_encoding"]?.bool ?? false, hiddenStates: true
            )
            tensors["logits"] = output.logits
            tensors["last_hidden_state"] = output.lastHiddenState
            states["hidden_states"] = output.hiddenStates
            if let labels = inputs["labels"] { tensors["loss"] = try model.loss(output, labels) }
        case let model as CLIP: embed(model, call, inputs)
        default: Issue.record("\(type(of: model)) is not called")
        }
    }

    private mutating func encode(_ model: EncoderModel, _ call: JSON, _ inputs: [String: Tensor]) throws {
        let output = model(
            inputs["input_ids"]!, attentionMask: inputs["attention_mask"], tokenTypes: inputs["token_type_ids"],
            hiddenStates: true)
        tensors["last_hidden_state"] = output.lastHiddenState
        tensors["pooler_output"] = output.pooled
        states["hidden_states"] = output.hiddenStates
        if let pool = call["pool"] {
            let pooling = Pooling(rawValue: pool["pooling"]!.string!)!
            tensors["sentence_embedding"] = pooling(
                output.lastHiddenState, attentionMask: inputs["attention_mask"]!, normalize: pool["normalize"]!.bool!)
        }
        guard let logits = output.logits else { return }
        if model.task == .questionAnswering {
            tensors["start_logits"] = logits.select(2, 0)
            tensors["end_logits"] = logits.select(2, 1)
            if let start = inputs["start_positions"] {
                tensors["loss"] = try model.loss(output, start: start, end: inputs["end_positions"]!)
            }
        } else {
            tensors["logits"] = logits
            if let labels = inputs["labels"] { tensors["loss"] = try model.loss(output, labels) }
        }
    }

    private mutating func embed(_ model: CLIP, _ call: JSON, _ inputs: [String: Tensor]) {
        switch call["method"]?.string {
        case "get_text_features":
            tensors["pooler_output"] = model.textFeatures(inputs["input_ids"]!, attentionMask: inputs["attention_mask"])
        case "get_image_features": tensors["pooler_output"] = model.imageFeatures(inputs["pixel_values"]!)
        default:
            let output = model(
                inputs["input_ids"]!, attentionMask: inputs["attention_mask"], images: inputs["pixel_values"]!)
            tensors = [
                "text_embeds": output.textEmbeddings, "image_embeds": output.imageEmbeddings,
                "logits_per_image": output.logitsPerImage, "logits_per_text": output.logitsPerText,
                "text_model_output.last_hidden_state": output.text.lastHiddenState,
                // transformers 5 gives the projections here.
                "text_model_output.pooler_output": model.textProjection(output.text.pooled!),
                "vision_model_output.last_hidden_state": output.image.lastHiddenState,
                "vision_model_output.pooler_output": model.imageProjection(output.image.pooled!),
            ]
            if output.logitsPerText.shape[0] == output.logitsPerText.shape[1] { tensors["loss"] = model.loss(output) }
        }
    }
}
