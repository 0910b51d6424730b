/// The names of tensors in GGUF files and in `transformers`.
enum GGUFNames {
    /// The name in `transformers`; nil for a tensor that belongs to no layer.
    static func name(of name: String, architecture: String) -> String? {
        let isGPT2 = architecture == "gpt2"
        let outer = isGPT2 ? gpt2 : decoder
        guard name.hasPrefix("blk.") else {
            guard let (stem, kind) = split(name[...]), let new = outer[stem] else { return nil }
            return new + kind
        }
        let rest = name.dropFirst(4)
        guard let dot = rest.firstIndex(of: "."), let block = Int(rest[..<dot]),
            let (stem, kind) = split(rest[rest.index(after: dot)...])
        else { return nil }
        let new =
            isGPT2 ? gpt2Blocks[stem] : overrides[architecture]?[stem] ?? decoderBlocks[stem]
        return new.map { "\(isGPT2 ? "transformer.h" : "model.layers").\(block).\($0)\(kind)" }
    }

    /// Whether a tensor without a layer is expected: rotary frequency factors, which are part of the configuration.
    static func isKnown(_ name: String) -> Bool {
        ["rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"].contains(name)
            || name.hasSuffix(".rope_freqs.weight")
    }

    /// Whether a weight of GPT-2 is stored as `[in, out]` in `transformers`.
    static func isTransposed(_ name: String) -> Bool {
        [".c_attn.weight", ".c_proj.weight", ".c_fc.weight"].contains { name.hasSuffix($0) }
    }

    /// A name without its suffix `.weight` or `.bias`, and the suffix.
    private static func split(_ name: Substring) -> (stem: String, kind: String)? {
        for kind in [".weight", ".bias"] where name.hasSuffix(kind) { return (String(name.dropLast(kind.count)), kind) }
        return nil
    }

    private static let decoder = [
        "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    ]
    private static let decoderBlocks = [
        "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]
    private static let gemmaBlocks = [
        "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    ]
    /// Names that differ from those of Llama.
    private static let overrides: [String: [String: String]] = [
        "gemma2": gemmaBlocks, "gemma3": gemmaBlocks,
        "phi3": ["attn_qkv": "self_attn.qkv_proj", "ffn_up": "mlp.gate_up_proj"],
        "olmo2": [
            "post_attention_norm": "post_attention_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
        ],
    ]
    private static let gpt2 = [
        "token_embd": "transformer.wte", "position_embd": "transformer.wpe", "output_norm": "transformer.ln_f",
        "output": "lm_head",
    ]
    private static let gpt2Blocks = [
        "attn_norm": "ln_1", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_norm": "ln_2",
        "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj",
    ]
}
