import Torchlight

extension Call {
    /// The two tensors of an LSTM's state, where it is given.
    fileprivate var lstmState: LSTM.State? {
        get throws {
            guard has(1, "hx") else { return nil }
            let both = try tensors(1, "hx")
            guard both.count == 2 else { throw NotSupported("a state of \(both.count) tensors") }
            return (both[0], both[1])
        }
    }

    fileprivate func nonlinearity(_ place: Int) throws -> RecurrentNonlinearity {
        try choice(place, "nonlinearity") ?? RecurrentNonlinearity.tanh
    }
}

extension ModuleRegistry {
    /// Recurrent layers and their cells.
    mutating func registerRecurrent() {
        registerCells()
        register("RNN") { s in
            let rnn = RNN(
                try s.int(0, "input_size"), try s.int(1, "hidden_size"),
                numLayers: try s.int(2, "num_layers", default: 1),
                nonlinearity: try s.nonlinearity(3), bias: try s.bool(4, "bias", default: true),
                batchFirst: try s.bool(5, "batch_first"), dropout: try s.double(6, "dropout", default: 0),
                bidirectional: try s.bool(7, "bidirectional"))
            return (
                rnn,
                { call in
                    let result = rnn(try call.tensor(0), try call.optionalTensor(1, "hx"))
                    return .tensors([result.output, result.hidden])
                }
            )
        }
        register("GRU") { s in
            let gru = GRU(
                try s.int(0, "input_size"), try s.int(1, "hidden_size"),
                numLayers: try s.int(2, "num_layers", default: 1),
                bias: try s.bool(3, "bias", default: true), batchFirst: try s.bool(4, "batch_first"),
                dropout: try s.double(5, "dropout", default: 0), bidirectional: try s.bool(6, "bidirectional"))
            return (
                gru,
                { call in
                    let result = gru(try call.tensor(0), try call.optionalTensor(1, "hx"))
                    return .tensors([result.output, result.hidden])
                }
            )
        }
        register("LSTM") { s in
            let lstm = LSTM(
                try s.int(0, "input_size"), try s.int(1, "hidden_size"),
                numLayers: try s.int(2, "num_layers", default: 1),
                bias: try s.bool(3, "bias", default: true), batchFirst: try s.bool(4, "batch_first"),
                dropout: try s.double(5, "dropout", default: 0), bidirectional: try s.bool(6, "bidirectional"),
                projSize: try s.int(7, "proj_size", default: 0))
            return (
                lstm,
                { call in
                    let result = lstm(try call.tensor(0), try call.lstmState)
                    return .list([.tensor(result.output), .tensors([result.state.h, result.state.c])])
                }
            )
        }
    }

    private mutating func registerCells() {
        register("RNNCell") { s in
            let cell = RNNCell(
                try s.int(0, "input_size"), try s.int(1, "hidden_size"), bias: try s.bool(2, "bias", default: true),
                nonlinearity: try s.nonlinearity(3))
            return (cell, { call in .tensor(cell(try call.tensor(0), try call.optionalTensor(1, "hx"))) })
        }
        register("GRUCell") { s in
            let cell = GRUCell(
                try s.int(0, "input_size"), try s.int(1, "hidden_size"), bias: try s.bool(2, "bias", default: true))
            return (cell, { call in .tensor(cell(try call.tensor(0), try call.optionalTensor(1, "hx"))) })
        }
        register("LSTMCell") { s in
            let cell = LSTMCell(
                try s.int(0, "input_size"), try s.int(1, "hidden_size"), bias: try s.bool(2, "bias", default: true))
            return (
                cell,
                { call in
                    let state = cell(try call.tensor(0), try call.lstmState)
                    return .tensors([state.h, state.c])
                }
            )
        }
    }

    // MARK: Attention

    /// Attention and the transformer's parts.
    mutating func registerAttention() {
        register("MultiheadAttention") { s in
            let attention = MultiheadAttention(
                try s.int(0, "embed_dim"), try s.int(1, "num_heads"), dropout: try s.double(2, "dropout", default: 0),
                bias: try s.bool(3, "bias", default: true), addBiasKV: try s.bool(4, "add_bias_kv"),
                addZeroAttn: try s.bool(5, "add_zero_attn"), kdim: try s.optionalInt(6, "kdim"),
                vdim: try s.optionalInt(7, "vdim"), batchFirst: try s.bool(8, "batch_first"))
            return (
                attention,
                { call in
                    let result = attention(
                        try call.tensor(0, "query"), try call.tensor(1, "key"), try call.tensor(2, "value"),
                        keyPaddingMask: try call.optionalTensor(3, "key_padding_mask"),
                        needWeights: try call.bool(4, "need_weights", default: true),
                        attnMask: try call.optionalTensor(5, "attn_mask"),
                        averageAttnWeights: try call.bool(6, "average_attn_weights", default: true),
                        isCausal: try call.bool(7, "is_causal"))
                    return .list([.tensor(result.output), result.weights.map(Answer.tensor) ?? .nothing])
                }
            )
        }
        register("TransformerEncoderLayer") { s in
            let layer = try Self.encoderLayer(s)
            return (
                layer,
                { call in
                    .tensor(
                        layer(
                            try call.tensor(0, "src"), srcMask: try call.optionalTensor(1, "src_mask"),
                            srcKeyPaddingMask: try call.optionalTensor(2, "src_key_padding_mask"),
                            isCausal: try call.bool(3, "is_causal")))
                }
            )
        }
        register("TransformerDecoderLayer") { s in
            let layer = try Self.decoderLayer(s)
            return (
                layer,
                { call in
                    .tensor(
                        layer(
                            try call.tensor(0, "tgt"), try call.tensor(1, "memory"),
                            tgtMask: try call.optionalTensor(2, "tgt_mask"),
                            memoryMask: try call.optionalTensor(3, "memory_mask"),
                            tgtKeyPaddingMask: try call.optionalTensor(4, "tgt_key_padding_mask"),
                            memoryKeyPaddingMask: try call.optionalTensor(5, "memory_key_padding_mask"),
                            tgtIsCausal: try call.bool(6, "tgt_is_causal"),
                            memoryIsCausal: try call.bool(7, "memory_is_causal")))
                }
            )
        }
        registerStacks()
        registerTransformer()
    }

    private static func encoderLayer(_ s: Call) throws -> TransformerEncoderLayer {
        TransformerEncoderLayer(
            try s.int(0, "d_model"), try s.int(1, "nhead"),
            dimFeedforward: try s.int(2, "dim_feedforward", default: 2048),
            dropout: try s.double(3, "dropout", default: 0.1),
            activation: try s.choice(4, "activation") ?? TransformerActivation.relu,
            layerNormEps: try s.double(5, "layer_norm_eps", default: 1e-5), batchFirst: try s.bool(6, "batch_first"),
            normFirst: try s.bool(7, "norm_first"), bias: try s.bool(8, "bias", default: true))
    }

    private static func decoderLayer(_ s: Call) throws -> TransformerDecoderLayer {
        TransformerDecoderLayer(
            try s.int(0, "d_model"), try s.int(1, "nhead"),
            dimFeedforward: try s.int(2, "dim_feedforward", default: 2048),
            dropout: try s.double(3, "dropout", default: 0.1),
            activation: try s.choice(4, "activation") ?? TransformerActivation.relu,
            layerNormEps: try s.double(5, "layer_norm_eps", default: 1e-5), batchFirst: try s.bool(6, "batch_first"),
            normFirst: try s.bool(7, "norm_first"), bias: try s.bool(8, "bias", default: true))
    }

    private mutating func registerStacks() {
        register("TransformerEncoder") { s in
            let inner = try s.module(0, "encoder_layer")
            guard inner.name == "TransformerEncoderLayer" else { throw NotSupported("a stack of \(inner.name)") }
            let layer = try Self.encoderLayer(inner)
            try inner.finish()
            // Whether padded batches may be packed on the way changes the speed there, and nothing else.
            _ = try s.bool(3, "enable_nested_tensor", default: true)
            let stack = TransformerEncoder(layer, numLayers: try s.int(1, "num_layers"))
            return (
                stack,
                { call in
                    .tensor(
                        stack(
                            try call.tensor(0, "src"), mask: try call.optionalTensor(1, "mask"),
                            srcKeyPaddingMask: try call.optionalTensor(2, "src_key_padding_mask"),
                            isCausal: try call.bool(3, "is_causal")))
                }
            )
        }
        register("TransformerDecoder") { s in
            let inner = try s.module(0, "decoder_layer")
            guard inner.name == "TransformerDecoderLayer" else { throw NotSupported("a stack of \(inner.name)") }
            let layer = try Self.decoderLayer(inner)
            try inner.finish()
            let stack = TransformerDecoder(layer, numLayers: try s.int(1, "num_layers"))
            return (
                stack,
                { call in
                    .tensor(
                        stack(
                            try call.tensor(0, "tgt"), try call.tensor(1, "memory"),
                            tgtMask: try call.optionalTensor(2, "tgt_mask"),
                            memoryMask: try call.optionalTensor(3, "memory_mask"),
                            tgtKeyPaddingMask: try call.optionalTensor(4, "tgt_key_padding_mask"),
                            memoryKeyPaddingMask: try call.optionalTensor(5, "memory_key_padding_mask")))
                }
            )
        }
    }

    private mutating func registerTransformer() {
        register("Transformer") { s in
            let model = Transformer(
                dModel: try s.int(0, "d_model", default: 512), nhead: try s.int(1, "nhead", default: 8),
                numEncoderLayers: try s.int(2, "num_encoder_layers", default: 6),
                numDecoderLayers: try s.int(3, "num_decoder_layers", default: 6),
                dimFeedforward: try s.int(4, "dim_feedforward", default: 2048),
                dropout: try s.double(5, "dropout", default: 0.1),
                activation: try s.choice(6, "activation") ?? TransformerActivation.relu,
                layerNormEps: try s.double(9, "layer_norm_eps", default: 1e-5),
                batchFirst: try s.bool(10, "batch_first"), normFirst: try s.bool(11, "norm_first"),
                bias: try s.bool(12, "bias", default: true))
            return (
                model,
                { call in
                    .tensor(
                        model(
                            try call.tensor(0, "src"), try call.tensor(1, "tgt"),
                            srcMask: try call.optionalTensor(2, "src_mask"),
                            tgtMask: try call.optionalTensor(3, "tgt_mask"),
                            memoryMask: try call.optionalTensor(4, "memory_mask"),
                            srcKeyPaddingMask: try call.optionalTensor(5, "src_key_padding_mask"),
                            tgtKeyPaddingMask: try call.optionalTensor(6, "tgt_key_padding_mask"),
                            memoryKeyPaddingMask: try call.optionalTensor(7, "memory_key_padding_mask")))
                }
            )
        }
    }
}
