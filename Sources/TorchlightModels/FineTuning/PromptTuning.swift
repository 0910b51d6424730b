import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Prompt tuning (Lester et al., 2021): trains vectors that are inserted before the token embeddings of a frozen model.
///
///     let tuned = PromptTuning(model, tokens: tokenizer.encode("Answer in verse:").ids)
///     let optimizer = Adam(tuned.parameters().filter(\.requiresGrad), lr: 0.01)
///     let loss = tuned(batch.tokens).loss(batch.labels)
///
/// Learnable parameter: ``prompt`` `[P, hidden size]`. The first P logits belong to these vectors.
public final class PromptTuning: Module {
    /// The model, whose parameters are frozen.
    public let model: CausalModel
    /// The vectors, `[P, hidden size]`; `prompt_embeddings` in the state dictionary.
    @Key public private(set) var prompt: Tensor

    /// Creates a prompt of random vectors from the standard normal distribution, as PEFT does, and freezes the model.
    ///
    /// A model that scales its embedding (Gemma) is an error.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - count: The number of vectors.
    ///   - generator: The generator of the vectors. Default: the default generator.
    public convenience init(_ model: CausalModel, count: Int, generator: Generator = .default) {
        guard count >= 1, let weight = Self.table(model) else {
            if count < 1 {
                reportFailure(
                    TensorError(
                        .value, in: "PromptTuning", "there must be at least one vector", got: "\(count)",
                        expected: "a positive number"))
            }
            self.init(model, vectors: Tensor.zeros([1, 1], device: .current))
            return
        }
        let vectors = Tensor.empty([count, weight.shape[1]], dtype: weight.dtype, device: weight.device)
        Initializers.normal_(vectors, generator: generator)
        self.init(model, vectors: vectors)
    }

    /// Creates a prompt from the embeddings of tokens, and freezes the model.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - tokens: Indices of the vocabulary, at least one.
    public convenience init(_ model: CausalModel, tokens: [Int]) {
        guard let weight = Self.table(model) else {
            self.init(model, vectors: Tensor.zeros([1, 1], device: .current))
            return
        }
        let indices = Tensor(tokens.map { Int64($0) }, shape: [tokens.count], device: weight.device)
        self.init(model, vectors: noGrad { embedding(indices, weight.detach()) })
    }

    private init(_ model: CausalModel, vectors: Tensor) {
        self.model = model
        model.freeze()
        _prompt = Key(wrappedValue: Parameter(vectors), "prompt_embeddings")
        super.init()
        train(model.isTraining)
    }

    /// The weight of the token embedding. Reports an error if there is none.
    private static func table(_ model: CausalModel) -> Tensor? {
        if let embedding = model.inputEmbedding, !model.scalesEmbedding { return embedding.weight }
        reportFailure(
            TensorError(
                .value, in: "PromptTuning",
                "\(type(of: model)) scales its token embedding, which would also scale the prompt",
                expected: "a model without a factor of the embedding, such as GPT2 or Llama"))
        return nil
    }

    /// Runs the forward pass.
    ///
    /// - Parameters:
    ///   - tokens: Indices of the vocabulary, int64 `[N, T]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`. Default: no padding.
    /// - Returns: The logits `[N, P + T, vocabulary]`.
    public func callAsFunction(_ tokens: Tensor, attentionMask: Tensor? = nil) -> PromptedOutput {
        scope(tokens, attentionMask) { tokens, attentionMask in
            let output = model.output(
                tokens, attentionMask: attentionMask.map { extended($0, by: 1) }, positions: nil, cache: nil,
                hiddenStates: false, sequences: nil, prompt: prompt)
            return PromptedOutput(logits: output.logits, promptLength: prompt.shape[0])
        }
    }

    /// Inserts P columns of a value before those of a tensor `[N, T]`.
    private func extended(_ tensor: Tensor, by value: Int) -> Tensor {
        let columns = Tensor.full(
            [tensor.shape[0], prompt.shape[0]], value, dtype: tensor.dtype, device: tensor.device)
        return cat([columns, tensor], dim: 1)
    }

    /// Generates tokens after a batch of prompts of equal length.
    ///
    /// - Parameters:
    ///   - tokens: Tokens, int64 `[N, T]`, at least one.
    ///   - options: The generation options. Default: those of the model files.
    /// - Returns: The tokens and the generated ones, `[N, T + generated]`.
    /// - Throws: ``ModelError`` if an option is out of range, or the tokens are longer than the model's positions.
    public func generate(_ tokens: Tensor, options: GenerationOptions? = nil) throws -> Tensor {
        let options = try options ?? model.generationOptions()
        try options.checkStops()
        try options.check(vocabulary: model.vocabularySize)
        guard tokens.rank == 2, tokens.shape[0] > 0, tokens.shape[1] > 0, tokens.dtype.isInteger else {
            throw ModelError(
                "PromptTuning.generate", "the tokens are \(tokens.dtype) \(tokens.shape)",
                expected: "an integer dtype, [N, T] with at least one token")
        }
        let count = tokens.shape[1]
        try options.checkMaxLength(promptLength: count)
        let length = prompt.shape[0] + count + options.limit(promptLength: count)
        guard length <= model.maxLength ?? .max else {
            throw ModelError(
                "PromptTuning.generate", "the prompt, the tokens and the new ones are \(length) positions",
                expected: "at most the \(model.maxLength ?? 0) of \(type(of: model))")
        }
        let sequences = try model.evaluating {
            let tokens = tokens.to(.int64)
            let rows = CausalModel.sequences(tokens, nil)
            let run = GenerationRun(
                options, CausalSession(model, attentionMask: nil, vectors: prompt), pending: tokens, prompts: rows,
                promptLength: count, sources: rows)
            return try run.sequences(nil)
        }
        return sequences.tensor(after: tokens, pad: options.pad)
    }
}

/// The output of a model with prompt tuning.
public struct PromptedOutput: TensorStructure {
    /// The logits of the next token at each position, `[N, P + T, vocabulary]`.
    public var logits: Tensor
    /// The number of prompt vectors before the tokens.
    public let promptLength: Int

    /// The tensors of the result.
    public var tensorSlots: [Tensor?] { [logits] }

    /// The result with the first tensor of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> PromptedOutput {
        PromptedOutput(logits: logits.replacingTensors(from: &slots), promptLength: promptLength)
    }

    /// Returns the mean cross entropy of the tokens; the first token is predicted from the prompt.
    ///
    /// - Parameter labels: The tokens, `[N, T]`; -100 excludes a token from the mean.
    public func loss(_ labels: Tensor) -> Tensor {
        let length = labels.shape[1]
        let predictions = logits.narrow(1, start: promptLength - 1, length: length)
        return crossEntropy(predictions.reshape([-1, logits.shape[2]]), labels.reshape([-1]))
    }
}

// MARK: - Files

extension PromptTuning {
    /// Writes the prompt to a folder in the file format of PEFT: `adapter_config.json` and `adapter_model.safetensors`.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder; it is created if it does not exist. Existing files are replaced.
    ///   - baseModel: The name or path of the base model, written to the settings. Default: none.
    /// - Throws: `IOError` if a file cannot be written.
    public func savePrompt(_ folder: String, baseModel: String? = nil) throws {
        try FileSystem.createDirectories(folder)
        try Safetensors.save(
            [(key: "prompt_embeddings", value: prompt.detach())], to: "\(folder)/adapter_model.safetensors",
            metadata: ["format": "pt"])
        let json = JSON.object([
            ("peft_type", "PROMPT_TUNING"), ("task_type", "CAUSAL_LM"),
            ("base_model_name_or_path", baseModel.map { JSON.string($0) } ?? JSON(.null)), ("inference_mode", true),
            ("num_virtual_tokens", .int(prompt.shape[0])), ("token_dim", .int(prompt.shape[1])),
            ("num_transformer_submodules", 1), ("num_attention_heads", nil), ("num_layers", nil),
            ("prompt_tuning_init", "RANDOM"), ("prompt_tuning_init_text", nil), ("tokenizer_name_or_path", nil),
        ])
        try PretrainedModel.write(json, to: "\(folder)/adapter_config.json")
    }

    /// Loads a prompt written by PEFT's `save_pretrained` or ``savePrompt(_:baseModel:)``.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder.
    ///   - model: The model, which is frozen.
    /// - Throws: `IOError` if a file cannot be read; ``ModelError`` if the settings belong to another method or do not
    ///   match the model.
    public static func load(_ folder: String, for model: CausalModel) throws -> PromptTuning {
        let path = "\(folder)/adapter_config.json"
        let reader = try ConfigReader(try JSON.parse(try FileSystem.read(path, limit: 1 << 24), file: path), path: path)
        let type = try reader.string("peft_type", default: "")
        guard type == "PROMPT_TUNING" else {
            throw ModelError(path, "the field peft_type is \(IOError.quoted(type))", expected: "PROMPT_TUNING")
        }
        let count = try reader.int("num_virtual_tokens", default: 1)
        let submodules = try reader.optionalInt("num_transformer_submodules") ?? 1
        guard submodules == 1 else {
            throw ModelError(
                path, "the field num_transformer_submodules is \(submodules)", expected: "1: a decoder-only model")
        }
        for name in [
            "task_type", "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "peft_version",
            "token_dim", "num_attention_heads", "num_layers", "prompt_tuning_init", "prompt_tuning_init_text",
            "tokenizer_name_or_path", "tokenizer_kwargs",
        ] { reader.markRead(name) }
        try reader.finish()
        let file = try adapterWeightsPath(folder)
        let tensors = try TensorFile.load(file)
        guard let vectors = tensors["prompt_embeddings"], let weight = model.inputEmbedding?.weight,
            vectors.shape == [count, weight.shape[1]]
        else {
            throw ModelError(
                file, "the prompt is \(tensors["prompt_embeddings"].map { "\($0.shape)" } ?? "missing")",
                expected: "prompt_embeddings, [\(count), \(model.inputEmbedding?.embeddingDim ?? 0)]")
        }
        let tuned = PromptTuning(model, count: count)
        noGrad { _ = tuned.prompt.copy_(vectors) }
        return tuned
    }
}
