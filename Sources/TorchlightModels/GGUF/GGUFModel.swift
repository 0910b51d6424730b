import TorchlightCore
import TorchlightIO
import TorchlightNN

/// A model in a GGUF file: the configuration and the tensors, with the names and layouts of `transformers`.
struct GGUFModel {
    let file: GGUFFile
    let architecture: String
    /// The configuration in the form of a `config.json`.
    private(set) var configuration = JSON(.null)

    init(_ file: GGUFFile) throws {
        self.file = file
        guard let name = file.string("general.architecture") else {
            throw ModelError(file.path, "the file has no general.architecture", expected: "the name of an architecture")
        }
        architecture = name
        guard Self.architectures.contains(name) else {
            throw ModelError(
                file.path, "the architecture \(IOError.quoted(name)) is not implemented",
                expected: Self.architectures.joined(separator: ", "))
        }
        if let experts = file.integer("\(name).expert_count"), experts > 0 {
            throw ModelError(
                file.path, "the model has \(quantity(experts, "expert"))",
                expected: "a model without a mixture of experts")
        }
        configuration = .object(
            try (fields() + specialTokens()).filter { field in
                if case .null = field.1.content { return false }
                return true
            })
    }

    // MARK: Configuration

    private typealias Fields = [(String, JSON)]

    private static let architectures = ["gemma2", "gemma3", "gpt2", "llama", "olmo2", "phi3", "qwen2", "qwen3"]
    private static let absent = JSON(.null)

    /// The fields of `config.json`.
    private func fields() throws -> Fields {
        switch architecture {
        case "llama":
            var fields = try decoder("LlamaForCausalLM", "llama")
            fields.append(("attention_bias", JSON(.bool(has("blk.0.attn_q.bias")))))
            fields.append(("mlp_bias", JSON(.bool(has("blk.0.ffn_gate.bias")))))
            return fields
        case "qwen2": return try decoder("Qwen2ForCausalLM", "qwen2")
        case "qwen3": return try decoder("Qwen3ForCausalLM", "qwen3")
        case "olmo2": return try decoder("Olmo2ForCausalLM", "olmo2")
        case "phi3":
            var fields = try decoder("Phi3ForCausalLM", "phi3")
            fields.append(("sliding_window", positive("attention.sliding_window")))
            return fields
        case "gemma2":
            var fields = try decoder("Gemma2ForCausalLM", "gemma2")
            fields.append(("hidden_activation", "gelu_pytorch_tanh"))
            fields.append(("query_pre_attn_scalar", try queryScalar(largestLayers: 46)))
            fields.append(("sliding_window", try integer("attention.sliding_window", default: 4096)))
            fields.append(("attn_logit_softcapping", number("attn_logit_softcapping") ?? .double(50)))
            fields.append(("final_logit_softcapping", number("final_logit_softcapping") ?? .double(30)))
            return fields
        case "gemma3":
            var fields = try decoder("Gemma3ForCausalLM", "gemma3_text")
            fields.append(("hidden_activation", "gelu_pytorch_tanh"))
            fields.append(("query_pre_attn_scalar", try queryScalar(largestLayers: 62)))
            fields.append(("sliding_window", try integer("attention.sliding_window", default: 1024)))
            try appendWindows(to: &fields)
            fields.append(("rope_local_base_freq", number("rope.freq_base_swa") ?? .double(10_000)))
            fields.append(("final_logit_softcapping", number("final_logit_softcapping") ?? Self.absent))
            return fields
        default: return try gpt2()
        }
    }

    /// The tokens for begin, padding and end of a text. The end-of-turn and end-of-message tokens are also end tokens.
    private func specialTokens() -> Fields {
        func token(_ name: String) -> Int? { file.integer("tokenizer.ggml.\(name)_token_id") }
        let ends = ["eos", "eot", "eom"].compactMap(token)
        return [
            ("bos_token_id", token("bos").map { .int($0) } ?? Self.absent),
            ("eos_token_id", ends.isEmpty ? Self.absent : .array(ends.map { .int($0) })),
            ("pad_token_id", token("padding").map { .int($0) } ?? Self.absent),
        ]
    }

    /// Reads which blocks have a sliding window: a period, or a value for each block; by default all but every sixth
    /// block.
    private func appendWindows(to fields: inout Fields) throws {
        let key = "\(architecture).attention.sliding_window_pattern"
        guard let flags = file.header.bools(key) else {
            fields.append(("sliding_window_pattern", .int(file.integer(key) ?? 6)))
            return
        }
        let types = flags.map { JSON.string($0 ? "sliding_attention" : "full_attention") }
        fields.append(("layer_types", .array(types)))
    }

    private func gpt2() throws -> Fields {
        var fields: Fields = [("architectures", .array([.string("GPT2LMHeadModel")])), ("model_type", "gpt2")]
        fields.append(("vocab_size", try vocabulary()))
        fields.append(("n_positions", try integer("context_length")))
        fields.append(("n_embd", try integer("embedding_length")))
        fields.append(("n_layer", try integer("block_count")))
        fields.append(("n_head", try integer("attention.head_count")))
        fields.append(("n_inner", try integer("feed_forward_length")))
        fields.append(("layer_norm_epsilon", number("attention.layer_norm_epsilon") ?? .double(1e-5)))
        fields.append(("tie_word_embeddings", JSON(.bool(!has("output.weight")))))
        return fields
    }

    /// The fields of decoders of the Llama family.
    private func decoder(_ name: String, _ type: String) throws -> Fields {
        let hidden = try integer("embedding_length"), heads = try integer("attention.head_count")
        guard let size = hidden.int, let count = heads.int, count > 0 else {
            throw ModelError(file.path, "the numbers of heads and features are invalid", expected: "positive integers")
        }
        let length = file.integer("\(architecture).attention.key_length") ?? size / count
        if let values = file.integer("\(architecture).attention.value_length"), values != length {
            throw ModelError(
                file.path, "heads have \(quantity(length, "element")) of keys and \(values) of values",
                expected: "as many elements of both")
        }
        let rotated = file.integer("\(architecture).rope.dimension_count") ?? length
        var fields: Fields = [("architectures", .array([.string(name)])), ("model_type", .string(type))]
        fields.append(("vocab_size", try vocabulary()))
        fields.append(("hidden_size", hidden))
        fields.append(("intermediate_size", try integer("feed_forward_length")))
        fields.append(("num_hidden_layers", try integer("block_count")))
        fields.append(("num_attention_heads", heads))
        fields.append(("num_key_value_heads", try integer("attention.head_count_kv", default: count)))
        fields.append(("head_dim", .int(length)))
        fields.append(("max_position_embeddings", try integer("context_length")))
        fields.append(("rms_norm_eps", number("attention.layer_norm_rms_epsilon") ?? .double(1e-6)))
        fields.append(("rope_theta", number("rope.freq_base") ?? .double(10_000)))
        fields.append(("rope_scaling", try scaling(rotated: rotated)))
        if rotated != length {
            fields.append(("partial_rotary_factor", .double(Double(rotated) / Double(max(length, 1)))))
        }
        fields.append(("tie_word_embeddings", JSON(.bool(!has("output.weight")))))
        return fields
    }

    /// The scaling of the rotary embedding: tensors of frequency factors, or the fields `rope.scaling.*`.
    private func scaling(rotated: Int) throws -> JSON {
        let context = try integer("context_length")
        let original = try integer("rope.scaling.original_context_length", default: context.int ?? 0)
        if has("rope_factors_short.weight") || has("rope_freqs.weight") {
            let isPair = has("rope_factors_short.weight")
            let short = try factors(isPair ? "rope_factors_short.weight" : "rope_freqs.weight", rotated)
            let long = isPair ? try factors("rope_factors_long.weight", rotated) : short
            var settings: Fields = [("rope_type", "longrope"), ("short_factor", short), ("long_factor", long)]
            settings.append(("attention_factor", number("rope.scaling.attn_factor") ?? .double(1)))
            settings.append(("original_max_position_embeddings", original))
            settings.append(("factor", .double(1)))
            return .object(settings)
        }
        let type = file.string("\(architecture).rope.scaling.type") ?? "none"
        let factor = number("rope.scaling.factor") ?? number("rope.scale_linear") ?? .double(1)
        switch type {
        case "none":
            guard let linear = number("rope.scale_linear") else { return Self.absent }
            return .object([("rope_type", "linear"), ("factor", linear)])
        case "linear": return .object([("rope_type", "linear"), ("factor", factor)])
        case "yarn":
            return .object([
                ("rope_type", "yarn"), ("factor", factor), ("original_max_position_embeddings", original),
            ])
        default:
            throw ModelError(
                file.path, "rope.scaling.type is \(IOError.quoted(type))", expected: "none, linear or yarn")
        }
    }

    private func factors(_ name: String, _ rotated: Int) throws -> JSON {
        let values = try file.tensor(name).to(.float64).toArray(Double.self)
        guard values.count == rotated / 2 else {
            throw ModelError(
                file.path, "\(name) has \(quantity(values.count, "element"))",
                expected: "\(rotated / 2), one for each pair")
        }
        return .array(values.map { .double($0) })
    }

    /// The divisor of the attention scores of Gemma, squared: the head size, or `hidden size / heads` in the largest
    /// model.
    private func queryScalar(largestLayers: Int) throws -> JSON {
        guard let layers = try integer("block_count").int, let size = try integer("embedding_length").int,
            let heads = try integer("attention.head_count").int, heads > 0
        else { return Self.absent }
        return layers == largestLayers
            ? .int(size / heads) : try integer("attention.key_length", default: size / heads)
    }

    private func integer(_ key: String, default standard: Int? = nil) throws -> JSON {
        let key = "\(architecture).\(key)"
        if let value = file.integer(key) ?? standard { return .int(value) }
        // Some files have one value per block.
        if let values = file.integers(key), let first = values.first {
            guard values.allSatisfy({ $0 == first }) else {
                throw ModelError(file.path, "\(key) differs between blocks", expected: "the same value for all blocks")
            }
            return .int(first)
        }
        throw ModelError(file.path, "\(key) is missing", expected: "an integer")
    }

    private func positive(_ key: String) -> JSON {
        guard let value = file.integer("\(architecture).\(key)"), value > 0 else { return Self.absent }
        return .int(value)
    }

    private func number(_ key: String) -> JSON? { file.number("\(architecture).\(key)").map { .double($0) } }

    private func has(_ tensor: String) -> Bool { file.entry(tensor) != nil }

    private func vocabulary() throws -> JSON {
        guard let entry = file.entry("token_embd.weight"), entry.shape.count == 2 else {
            throw ModelError(file.path, "the file has no token_embd.weight", expected: "the table of the embedding")
        }
        return .int(entry.shape[0])
    }

    // MARK: Tensors

    /// The tensors by their names in `transformers`. Matrices of Q8_0, Q4_0 and Q4_1 stay quantised, as `NAME.codes`,
    /// `NAME.scales` and `NAME.offsets`, unless `dequantizing`.
    func tensors(dequantizing: Bool) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for entry in file.entries {
            guard let name = GGUFNames.name(of: entry.name, architecture: architecture) else {
                guard GGUFNames.isKnown(entry.name) else {
                    throw ModelError(
                        file.path, "the tensor \(IOError.quoted(entry.name)) is not known",
                        expected: "the tensors of \(architecture)")
                }
                continue
            }
            let heads = try permutedHeads(entry.name)
            if !dequantizing, name.hasSuffix(".weight"), let parts = try file.quantized(entry.name) {
                let (codes, scales, offsets) = parts
                let scheme: WeightQuantization =
                    entry.type == "Q8_0" ? .int8(group: 32) : .int4(group: 32, symmetric: offsets == nil)
                let weight = QuantizedWeight(
                    codes: Self.unpermuted(codes, heads), scales: Self.unpermuted(scales, heads),
                    offsets: offsets.map { Self.unpermuted($0, heads) }, scheme)
                tensors["\(name).codes"] = weight.codes
                tensors["\(name).scales"] = weight.scales
                tensors["\(name).offsets"] = weight.offsets
                continue
            }
            var tensor = Self.unpermuted(try file.tensor(entry.name), heads)
            // Files contain 1 + weight.
            if architecture.hasPrefix("gemma"), name.hasSuffix("norm.weight") { tensor = tensor - 1 }
            if architecture == "gpt2", GGUFNames.isTransposed(name) { tensor = tensor.t().contiguous() }
            tensors[name] = tensor
        }
        return tensors
    }

    /// The number of heads whose rows are permuted: in files of the architecture `llama`, the two elements of a rotary
    /// pair are neighbours.
    private func permutedHeads(_ name: String) throws -> Int? {
        guard architecture == "llama" else { return nil }
        if name.contains(".attn_q.") { return try integer("attention.head_count").int }
        guard name.contains(".attn_k.") else { return nil }
        return try integer("attention.head_count_kv", default: integer("attention.head_count").int).int
    }

    /// Permutes rows from neighbouring pairs to the first elements of all pairs of a head, followed by the second
    /// elements.
    private static func unpermuted(_ tensor: Tensor, _ heads: Int?) -> Tensor {
        guard let heads, heads > 0, tensor.rank > 0, tensor.shape[0] % (2 * heads) == 0 else { return tensor }
        let rest = Array(tensor.shape.dropFirst())
        return tensor.reshape([heads, tensor.shape[0] / heads / 2, 2] + rest).transpose(1, 2).reshape(tensor.shape)
    }
}
