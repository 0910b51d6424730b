import TorchlightIO

extension DecoderConfig {
    /// The `config.json` with these settings: that of Llama, or of Mistral if blocks have sliding windows. If these
    /// classes lack a setting, the file has a model type that `transformers` does not have.
    var llamaConfiguration: JSON {
        let sizes = Set(windows.compactMap { $0 })
        let hasWindow = !sizes.isEmpty
        let hasClass =
            attentionScale == nil && attentionSoftcap == nil && logitSoftcap == nil && localRotary == nil
            && sizes.count <= 1 && attentionBias == outputBias
            && !(hasWindow && (attentionBias || feedForwardBias))
        guard hasClass else { return ["model_type": "llama"] }
        var members: [(String, JSON)] = [
            ("architectures", [hasWindow ? "MistralForCausalLM" : "LlamaForCausalLM"]),
            ("model_type", hasWindow ? "mistral" : "llama"), ("vocab_size", .int(vocabularySize)),
            ("hidden_size", .int(hiddenSize)), ("intermediate_size", .int(intermediateSize)),
            ("num_hidden_layers", .int(layerCount)), ("num_attention_heads", .int(headCount)),
            ("num_key_value_heads", .int(groupCount)), ("head_dim", .int(headDim)),
            ("hidden_act", .string(activation.rawValue)), ("rms_norm_eps", .double(normEps)),
            ("max_position_embeddings", .int(rotary.maxLength)), ("attention_dropout", .double(attentionDropout)),
            ("tie_word_embeddings", JSON(.bool(tiesEmbedding))),
            ("rope_parameters", rotary.configuration(headDim: headDim)),
            ("dtype", "float32"),
        ]
        if hasWindow {
            members.append(("sliding_window", .int(sizes.first!)))
            let types = windows.map { JSON.string($0 == nil ? "full_attention" : "sliding_attention") }
            members.append(("layer_types", .array(types)))
        } else {
            members.append(("attention_bias", JSON(.bool(attentionBias))))
            members.append(("mlp_bias", JSON(.bool(feedForwardBias))))
        }
        return .object(members)
    }
}

extension RotaryEmbedding {
    /// The object `rope_parameters` of `config.json`.
    fileprivate func configuration(headDim: Int) -> JSON {
        var members: [(String, JSON)] = [("rope_theta", .double(base))]
        if dim != headDim { members.append(("partial_rotary_factor", .double(Double(dim) / Double(headDim)))) }
        switch scaling {
        case .none: members.append(("rope_type", "default"))
        case .linear(let factor): members += [("rope_type", "linear"), ("factor", .double(factor))]
        case .dynamic(let factor): members += [("rope_type", "dynamic"), ("factor", .double(factor))]
        case .yarn(let factor, let fast, let slow, let attention, let original, let truncate):
            members += [
                ("rope_type", "yarn"), ("factor", .double(factor)), ("beta_fast", .double(fast)),
                ("beta_slow", .double(slow)), ("attention_factor", .double(attention)),
                ("original_max_position_embeddings", .int(original)), ("truncate", JSON(.bool(truncate))),
            ]
        case .longRope(let short, let long, let attention, let original):
            members += [
                ("rope_type", "longrope"), ("short_factor", .array(short.map { .double($0) })),
                ("long_factor", .array(long.map { .double($0) })), ("attention_factor", .double(attention)),
                ("original_max_position_embeddings", .int(original)),
                ("factor", .double(Double(maxLength) / Double(original))),
            ]
        case .llama3(let factor, let low, let high, let original):
            members += [
                ("rope_type", "llama3"), ("factor", .double(factor)), ("low_freq_factor", .double(low)),
                ("high_freq_factor", .double(high)), ("original_max_position_embeddings", .int(original)),
            ]
        }
        return .object(members)
    }
}
