import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// Sentence embeddings: vectors of texts whose similarity measures the similarity of meaning.
///
///     let embedder = try TextEmbedder.load("path/to/all-MiniLM-L6-v2")
///     let vectors = try embedder(["A cat sleeps.", "A kitten is asleep."])      // [2, size]
///     let similarity = vectors.matmul(vectors.t())                              // cosines, for normalised vectors
///
/// The pooling is read from `modules.json` and `1_Pooling/config.json` in folders of sentence-transformers. Otherwise
/// the default is mean pooling for encoders and the last token for decoders.
public final class TextEmbedder {
    /// The model: an ``EncoderModel`` or a ``CausalModel``.
    public let model: PretrainedModel
    /// The tokenizer of the model.
    public let tokenizer: Tokenizer
    /// The pooling of the hidden states.
    public var pooling: Pooling
    /// Whether vectors are divided by their L2 norms.
    public var normalizes: Bool
    /// The maximum number of tokens, including special tokens; longer texts are truncated. nil for the maximum length
    /// of the model.
    public var maxLength: Int?
    /// The prompts that are prepended to texts, by name, such as `query` and `passage`.
    public var prompts: [String: String] = [:]
    /// The name of the prompt that is used by default; nil for no prompt.
    public var defaultPrompt: String?

    /// Creates a pipeline from a model and a tokenizer.
    ///
    /// - Parameters:
    ///   - model: An ``EncoderModel`` or a ``CausalModel``.
    ///   - tokenizer: The tokenizer of the model.
    ///   - pooling: The pooling of the hidden states. Default: the mean for encoders, the last token for decoders.
    ///   - normalizes: Whether vectors are divided by their L2 norms. Default: true.
    ///   - maxLength: The maximum number of tokens. Default: the maximum length of the model.
    /// - Throws: ``ModelError`` if the model is not an encoder or a decoder.
    public init(
        _ model: PretrainedModel, tokenizer: Tokenizer, pooling: Pooling? = nil, normalizes: Bool = true,
        maxLength: Int? = nil
    ) throws {
        guard model is EncoderModel || model is CausalModel else {
            throw ModelError("TextEmbedder", "the model is a \(type(of: model))", expected: "an encoder or a decoder")
        }
        self.model = model
        self.tokenizer = tokenizer
        self.pooling = pooling ?? (model is CausalModel ? .last : .mean)
        self.normalizes = normalizes
        self.maxLength = maxLength
    }

    /// Loads a model and its tokenizer from a folder of sentence-transformers or of `save_pretrained`; see
    /// ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    ///
    /// - Throws: Also ``ModelError`` if a module or a pooling is not implemented.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> TextEmbedder {
        let layout = try SentenceLayout(folder)
        let model = try AutoModel.load(layout.modelFolder, dtype: dtype, device: device, ignoring: ignoring)
        let embedder = try TextEmbedder(
            model, tokenizer: Tokenizer(path: layout.modelFolder), pooling: layout.pooling,
            normalizes: layout.normalizes ?? true, maxLength: layout.maxLength)
        embedder.prompts = layout.prompts
        embedder.defaultPrompt = layout.defaultPrompt
        return embedder
    }

    /// Returns the vectors of texts, float32 `[N, size]`.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - prompt: The name of a prompt of ``prompts``, prepended to each text. Default: ``defaultPrompt``.
    /// - Throws: `TokenizerError` if a text cannot be encoded, ``ModelError`` if the prompt does not exist.
    public func callAsFunction(_ texts: [String], prompt: String? = nil) throws -> Tensor {
        var before = ""
        if let prompt = prompt ?? defaultPrompt {
            guard let text = prompts[prompt] else {
                throw ModelError(
                    "TextEmbedder", "the prompt \(IOError.quoted(prompt)) does not exist",
                    expected: prompts.isEmpty ? "a model with prompts" : prompts.keys.sorted().joined(separator: ", "))
            }
            before = text
        }
        let loaded = LoadedEncoder(model: model, tokenizer: tokenizer)
        guard !texts.isEmpty else {
            return Tensor.zeros([0, model.configuration["hidden_size"]?.int ?? 0], device: loaded.device)
        }
        return try model.evaluating {
            let vectors = try texts.parts(of: LoadedEncoder<PretrainedModel>.batchSize).map { part in
                let batch = try loaded.batch(
                    part.map { (.text(before + $0), nil) }, maxLength: maxLength, onLeft: model is CausalModel)
                return pooling(hidden(batch).to(.float32), attentionMask: batch.mask, normalize: normalizes)
            }
            return vectors.count == 1 ? vectors[0] : cat(vectors, dim: 0)
        }
    }

    /// Returns the vector of a text, float32 `[size]`.
    public func callAsFunction(_ text: String, prompt: String? = nil) throws -> Tensor {
        try self([text], prompt: prompt).select(0, 0)
    }

    private func hidden(_ batch: EncoderBatch) -> Tensor {
        if let model = model as? CausalModel {
            return model.nextHidden(
                batch.tokens, attentionMask: batch.mask, positions: positions(fromMask: batch.mask), cache: nil)
        }
        let model = model as! EncoderModel
        return model(batch.tokens, attentionMask: batch.mask, tokenTypes: batch.types).lastHiddenState
    }

    /// Returns the texts of a collection that are most similar to a query, in order of decreasing similarity.
    ///
    /// - Parameters:
    ///   - query: The vector of the query, `[size]`.
    ///   - vectors: The vectors of the collection, `[N, size]`.
    ///   - count: The number of results. Default: 10.
    /// - Returns: The indices of the texts and the cosine similarities of their vectors to that of the query.
    public static func nearest(
        to query: Tensor, among vectors: Tensor, count: Int = 10
    ) -> [(index: Int, similarity: Double)] {
        noGrad {
            let cosines = normalize(vectors, dim: 1).matmul(normalize(query.unsqueeze(1), dim: 0)).squeeze(1)
            let top = cosines.topk(min(count, cosines.shape[0]))
            return zip(top.indices.toArray(Int64.self), top.values.to(.float64).toArray(Double.self)).map {
                (Int($0), $1)
            }
        }
    }
}

/// The settings in the files of sentence-transformers.
private struct SentenceLayout {
    var modelFolder: String
    var pooling: Pooling?
    var normalizes: Bool?
    var maxLength: Int?
    var prompts: [String: String] = [:]
    var defaultPrompt: String?

    init(_ folder: String) throws {
        modelFolder = folder
        func json(_ path: String) throws -> JSON? {
            // A nil in a conditional expression would become the JSON value null.
            guard FileSystem.isFile(path) else { return Optional.none }
            return try JSON.parse(try FileSystem.read(path, limit: 1 << 24), file: path)
        }
        let list = "\(folder)/modules.json"
        guard let modules = try json(list)?.elements else { return }
        normalizes = false
        for module in modules {
            // Versions before 5 use another package in the name of the module.
            let type = module["type"]?.string?.split(separator: ".").last.map(String.init) ?? ""
            let path = module["path"]?.string ?? ""
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw ModelError(list, "the path of a module is \(IOError.quoted(path))", expected: "a folder below it")
            }
            let directory = path.isEmpty ? folder : "\(folder)/\(path)"
            switch type {
            case "Transformer":
                modelFolder = directory
                for name in [
                    "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
                ] {
                    guard let settings = try json("\(directory)/\(name)") else { continue }
                    maxLength = settings["max_seq_length"]?.int
                    if settings["do_lower_case"]?.bool == true {
                        throw ModelError(
                            "\(directory)/\(name)", "do_lower_case is true",
                            expected: "false; tokenizer.json defines the case of texts")
                    }
                }
            case "Pooling": pooling = try Self.pooling("\(directory)/config.json", try json("\(directory)/config.json"))
            case "Normalize": normalizes = true
            default:
                throw ModelError(
                    list, "the module \(IOError.quoted(type)) is not implemented",
                    expected: "Transformer, Pooling, Normalize")
            }
        }
        let settings = try json("\(folder)/config_sentence_transformers.json")
        for member in settings?["prompts"]?.members ?? [] { prompts[member.name] = member.value.string }
        defaultPrompt = settings?["default_prompt_name"]?.string
    }

    private static func pooling(_ path: String, _ json: JSON?) throws(ModelError) -> Pooling {
        guard let json else { throw ModelError(path, "the file is missing", expected: "the mode of pooling") }
        let names: [(String, Pooling?)] = [
            ("pooling_mode_cls_token", .first), ("pooling_mode_mean_tokens", .mean), ("pooling_mode_max_tokens", .max),
            ("pooling_mode_lasttoken", .last), ("pooling_mode_mean_sqrt_len_tokens", .meanOfSquareRoot),
            ("pooling_mode_weightedmean_tokens", .weightedMean),
        ]
        var active = names.filter { json[$0.0]?.bool == true }
        if active.isEmpty, let name = json["pooling_mode"]?.string {
            active = names.filter {
                $0.0 == "pooling_mode_\(name)" || $0.0 == "pooling_mode_\(name)_token"
                    || $0.0 == "pooling_mode_\(name)_tokens"
            }
        }
        guard active.count == 1, let pooling = active[0].1 else {
            throw ModelError(
                path, "the modes of pooling are \(active.map(\.0))", expected: "one mode: vectors are not joined")
        }
        if json["include_prompt"]?.bool == false {
            throw ModelError(path, "include_prompt is false", expected: "true: the tokens of prompts are pooled too")
        }
        return pooling
    }
}
