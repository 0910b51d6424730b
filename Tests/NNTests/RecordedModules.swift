import TestSupport
import Torchlight
import TorchlightIO

/// Recorded modules by name: how each is made from its settings, and how it is called.
enum RecordedModules {
    typealias Forward = (RecordedCall) -> [Tensor]

    /// The module and its call, or nil where the name is not among these.
    static func make(_ name: String, _ settings: RecordedCall) -> (Module, Forward)? {
        recurrent(name, settings) ?? attention(name, settings) ?? loss(name, settings) ?? layer(name, settings)
            ?? pair(name, settings)
    }

    // MARK: Recurrent layers

    private static func recurrent(_ name: String, _ s: RecordedCall) -> (Module, Forward)? {
        let (inputs, hidden) = (s.int(0, "input_size") ?? 0, s.int(1, "hidden_size") ?? 0)
        let (layers, bias) = (s.int(-1, "num_layers") ?? 1, s.bool(-1, "bias") ?? true)
        let (first, both) = (s.bool(-1, "batch_first") ?? false, s.bool(-1, "bidirectional") ?? false)
        let kind = RecurrentNonlinearity(rawValue: s.string(-1, "nonlinearity") ?? "tanh")!
        switch name {
        case "RNN":
            let rnn = RNN(
                inputs, hidden, numLayers: layers, nonlinearity: kind, bias: bias, batchFirst: first,
                bidirectional: both)
            return (rnn, { call in { [$0.output, $0.hidden] }(rnn(call.tensor(0)!, call.tensor(1))) })
        case "GRU":
            let gru = GRU(inputs, hidden, numLayers: layers, bias: bias, batchFirst: first, bidirectional: both)
            return (gru, { call in { [$0.output, $0.hidden] }(gru(call.tensor(0)!, call.tensor(1))) })
        case "LSTM":
            let lstm = LSTM(
                inputs, hidden, numLayers: layers, bias: bias, batchFirst: first, bidirectional: both,
                projSize: s.int(-1, "proj_size") ?? 0)
            return (
                lstm,
                { call in
                    let result = lstm(call.tensor(0)!, call.tensors(1).map { ($0[0], $0[1]) })
                    return [result.output, result.state.h, result.state.c]
                }
            )
        case "RNNCell":
            let cell = RNNCell(inputs, hidden, bias: bias, nonlinearity: kind)
            return (cell, { [cell($0.tensor(0)!, $0.tensor(1))] })
        case "GRUCell":
            let cell = GRUCell(inputs, hidden, bias: bias)
            return (cell, { [cell($0.tensor(0)!, $0.tensor(1))] })
        case "LSTMCell":
            let cell = LSTMCell(inputs, hidden, bias: bias)
            return (
                cell,
                { call in
                    let state = cell(call.tensor(0)!, call.tensors(1).map { ($0[0], $0[1]) })
                    return [state.h, state.c]
                }
            )
        default: return nil
        }
    }

    // MARK: Attention

    private static func encoderLayer(_ s: RecordedCall) -> TransformerEncoderLayer {
        TransformerEncoderLayer(
            s.int(0, "d_model")!, s.int(1, "nhead")!, dimFeedforward: s.int(2, "dim_feedforward") ?? 2048,
            dropout: s.double(3, "dropout") ?? 0.1,
            activation: TransformerActivation(rawValue: s.string(4, "activation") ?? "relu")!,
            batchFirst: s.bool(-1, "batch_first") ?? false, normFirst: s.bool(-1, "norm_first") ?? false,
            bias: s.bool(-1, "bias") ?? true)
    }

    private static func decoderLayer(_ s: RecordedCall) -> TransformerDecoderLayer {
        TransformerDecoderLayer(
            s.int(0, "d_model")!, s.int(1, "nhead")!, dimFeedforward: s.int(2, "dim_feedforward") ?? 2048,
            dropout: s.double(3, "dropout") ?? 0.1,
            activation: TransformerActivation(rawValue: s.string(4, "activation") ?? "relu")!,
            batchFirst: s.bool(-1, "batch_first") ?? false, normFirst: s.bool(-1, "norm_first") ?? false,
            bias: s.bool(-1, "bias") ?? true)
    }

    private static func attention(_ name: String, _ s: RecordedCall) -> (Module, Forward)? {
        switch name {
        case "MultiheadAttention":
            let attention = MultiheadAttention(
                s.int(0, "embed_dim")!, s.int(1, "num_heads")!, bias: s.bool(-1, "bias") ?? true,
                addBiasKV: s.bool(-1, "add_bias_kv") ?? false, addZeroAttn: s.bool(-1, "add_zero_attn") ?? false,
                kdim: s.int(-1, "kdim"), vdim: s.int(-1, "vdim"), batchFirst: s.bool(-1, "batch_first") ?? false)
            return (
                attention,
                { call in
                    let result = attention(
                        call.tensor(0)!, call.tensor(1)!, call.tensor(2)!,
                        keyPaddingMask: call.tensor(-1, "key_padding_mask"),
                        needWeights: call.bool(-1, "need_weights") ?? true, attnMask: call.tensor(-1, "attn_mask"))
                    return [result.output] + (result.weights.map { [$0] } ?? [])
                }
            )
        case "TransformerEncoderLayer":
            let layer = encoderLayer(s)
            return (
                layer,
                {
                    [
                        layer(
                            $0.tensor(0)!, srcMask: $0.tensor(-1, "src_mask"),
                            srcKeyPaddingMask: $0.tensor(-1, "src_key_padding_mask"))
                    ]
                }
            )
        case "TransformerDecoderLayer":
            let layer = decoderLayer(s)
            return (
                layer,
                {
                    [
                        layer(
                            $0.tensor(0)!, $0.tensor(1)!, tgtMask: $0.tensor(-1, "tgt_mask"),
                            memoryMask: $0.tensor(-1, "memory_mask"),
                            tgtKeyPaddingMask: $0.tensor(-1, "tgt_key_padding_mask"),
                            memoryKeyPaddingMask: $0.tensor(-1, "memory_key_padding_mask"))
                    ]
                }
            )
        case "TransformerEncoder":
            let stack = TransformerEncoder(encoderLayer(s.inner!), numLayers: s.int(1, "num_layers")!)
            return (stack, { [stack($0.tensor(0)!, mask: $0.tensor(-1, "mask"))] })
        case "TransformerDecoder":
            let stack = TransformerDecoder(decoderLayer(s.inner!), numLayers: s.int(1, "num_layers")!)
            return (stack, { [stack($0.tensor(0)!, $0.tensor(1)!)] })
        case "Transformer":
            let model = Transformer(
                dModel: s.int(-1, "d_model")!, nhead: s.int(-1, "nhead")!,
                numEncoderLayers: s.int(-1, "num_encoder_layers")!, numDecoderLayers: s.int(-1, "num_decoder_layers")!,
                dimFeedforward: s.int(-1, "dim_feedforward")!, dropout: s.double(-1, "dropout") ?? 0.1,
                batchFirst: s.bool(-1, "batch_first") ?? false, normFirst: s.bool(-1, "norm_first") ?? false,
                bias: s.bool(-1, "bias") ?? true)
            return (
                model,
                {
                    [
                        model(
                            $0.tensor(0)!, $0.tensor(1)!, srcMask: $0.tensor(-1, "src_mask"),
                            tgtMask: $0.tensor(-1, "tgt_mask"),
                            srcKeyPaddingMask: $0.tensor(-1, "src_key_padding_mask"),
                            tgtKeyPaddingMask: $0.tensor(-1, "tgt_key_padding_mask"))
                    ]
                }
            )
        default: return nil
        }
    }

    // MARK: Losses

    private static func loss(_ name: String, _ s: RecordedCall) -> (Module, Forward)? {
        let reduction = s.reduction ?? .mean
        let margin = s.double(-1, "margin")
        func two(_ loss: any Loss) -> (Module, Forward) { (loss, { [loss($0.tensor(0)!, $0.tensor(1)!)] }) }
        func three(_ loss: any TripleLoss) -> (Module, Forward) {
            (loss, { [loss($0.tensor(0)!, $0.tensor(1)!, $0.tensor(2)!)] })
        }
        switch name {
        case "SoftMarginLoss": return two(SoftMarginLoss(reduction: reduction))
        case "HingeEmbeddingLoss": return two(HingeEmbeddingLoss(margin: margin ?? 1, reduction: reduction))
        case "MultiLabelMarginLoss": return two(MultiLabelMarginLoss(reduction: reduction))
        case "PoissonNLLLoss":
            return two(
                PoissonNLLLoss(
                    logInput: s.bool(-1, "log_input") ?? true, full: s.bool(-1, "full") ?? false, reduction: reduction))
        case "KLDivLoss":
            return two(
                KLDivLoss(
                    reduction: DivergenceReduction(rawValue: s.string(-1, "reduction") ?? "mean")!,
                    logTarget: s.bool(-1, "log_target") ?? false))
        case "MultiMarginLoss":
            return two(
                MultiMarginLoss(
                    p: s.int(-1, "p") ?? 1, margin: margin ?? 1, weight: s.tensor(-1, "weight"), reduction: reduction))
        case "MultiLabelSoftMarginLoss":
            return two(MultiLabelSoftMarginLoss(weight: s.tensor(-1, "weight"), reduction: reduction))
        case "LinearCrossEntropyLoss":
            return two(
                LinearCrossEntropyLoss(
                    s.int(0, "in_features")!, s.int(1, "num_classes")!, outFeatures: s.ints(-1, "out_features") ?? [],
                    reduction: reduction, weight: s.tensor(-1, "weight"), ignoreIndex: s.int(-1, "ignore_index")))
        case "MarginRankingLoss": return three(MarginRankingLoss(margin: margin ?? 0, reduction: reduction))
        case "CosineEmbeddingLoss": return three(CosineEmbeddingLoss(margin: margin ?? 0, reduction: reduction))
        case "GaussianNLLLoss": return three(GaussianNLLLoss(reduction: reduction))
        case "TripletMarginLoss":
            return three(TripletMarginLoss(margin: margin ?? 1, p: s.double(-1, "p") ?? 2, reduction: reduction))
        case "TripletMarginWithDistanceLoss":
            return three(
                TripletMarginWithDistanceLoss(
                    margin: margin ?? 1, swap: s.bool(-1, "swap") ?? false, reduction: reduction))
        case "CTCLoss":
            let loss = CTCLoss(reduction: reduction)
            return (
                loss,
                { call in
                    let (x, y) = (call.tensor(0)!, call.tensor(1)!)
                    if let a = call.tensor(2), let b = call.tensor(3) { return [loss(x, y, a, b)] }
                    return [loss(x, y, call.ints(2, "")!, call.ints(3, "")!)]
                }
            )
        case "AdaptiveLogSoftmaxWithLoss":
            let loss = AdaptiveLogSoftmaxWithLoss(
                s.int(0, "in_features")!, s.int(1, "n_classes")!, cutoffs: s.ints(2, "cutoffs")!)
            return (loss, { call in { [$0.output, $0.loss] }(loss(call.tensor(0)!, call.tensor(1)!)) })
        default: return nil
        }
    }

    // MARK: Layers

    private static func layer(_ name: String, _ s: RecordedCall) -> (Module, Forward)? {
        func one(_ layer: any Layer) -> (Module, Forward) { (layer, { [layer($0.tensor(0)!)] }) }
        let (eps, bias) = (s.double(1, "eps") ?? 1e-5, s.bool(-1, "bias") ?? true)
        let features = s.int(0, "num_features") ?? 0
        let momentum = s.double(2, "momentum") ?? 0.1
        switch name {
        case "BatchNorm3d":
            return one(
                BatchNorm3d(
                    features, eps: eps, momentum: s.isNone(2, "momentum") ? nil : momentum,
                    affine: s.bool(3, "affine") ?? true,
                    bias: bias, trackRunningStats: s.bool(4, "track_running_stats") ?? true))
        case "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d":
            let type: InstanceNorm.Type =
                name == "InstanceNorm1d"
                ? InstanceNorm1d.self : name == "InstanceNorm2d" ? InstanceNorm2d.self : InstanceNorm3d.self
            return one(
                makeInstanceNorm(
                    type, features, eps, momentum, s.bool(3, "affine") ?? false, bias,
                    s.bool(4, "track_running_stats") ?? false))
        case "GroupNorm":
            return one(
                GroupNorm(
                    s.int(0, "num_groups")!, s.int(1, "num_channels")!, eps: s.double(2, "eps") ?? 1e-5,
                    affine: s.bool(3, "affine") ?? true, bias: bias))
        case "RMSNorm":
            return one(
                RMSNorm(
                    s.ints(0, "normalized_shape")!, eps: s.double(1, "eps"),
                    elementwiseAffine: s.bool(2, "elementwise_affine") ?? true))
        case "LocalResponseNorm":
            return one(
                LocalResponseNorm(
                    s.int(0, "size")!, alpha: s.double(1, "alpha") ?? 1e-4, beta: s.double(2, "beta") ?? 0.75,
                    k: s.double(3, "k") ?? 1))
        case "GLU": return one(GLU(dim: s.int(0, "dim") ?? -1))
        case "Hardshrink": return one(Hardshrink(s.double(0, "lambd") ?? 0.5))
        case "Softshrink": return one(Softshrink(s.double(0, "lambd") ?? 0.5))
        case "Tanhshrink": return one(Tanhshrink())
        case "Threshold": return one(Threshold(s.double(0, "threshold")!, s.double(1, "value")!))
        case "Softmin": return one(Softmin(dim: s.int(0, "dim")!))
        case "Softmax2d": return one(Softmax2d())
        case "PReLU": return one(PReLU(s.int(0, "num_parameters") ?? 1))
        case "RReLU": return one(RReLU(lower: s.double(0, "lower")!, upper: s.double(1, "upper")!))
        case "AlphaDropout": return one(AlphaDropout(s.double(0, "p")!))
        case "Embedding":
            return one(
                Embedding(
                    s.int(0, "num_embeddings")!, s.int(1, "embedding_dim")!, paddingIndex: s.int(2, "padding_idx"),
                    maxNorm: s.double(3, "max_norm"), scaleGradByFreq: s.bool(-1, "scale_grad_by_freq") ?? false))
        default: return nil
        }
    }

    private static func makeInstanceNorm(
        _ type: InstanceNorm.Type, _ features: Int, _ eps: Double, _ momentum: Double, _ affine: Bool, _ bias: Bool,
        _ track: Bool
    ) -> any Layer {
        if type == InstanceNorm1d.self {
            return InstanceNorm1d(
                features, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: track)
        }
        if type == InstanceNorm2d.self {
            return InstanceNorm2d(
                features, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: track)
        }
        return InstanceNorm3d(
            features, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: track)
    }

    private static func pair(_ name: String, _ s: RecordedCall) -> (Module, Forward)? {
        func two(_ layer: any PairLayer) -> (Module, Forward) { (layer, { [layer($0.tensor(0)!, $0.tensor(1)!)] }) }
        switch name {
        case "CosineSimilarity": return two(CosineSimilarity(dim: s.int(-1, "dim") ?? 1))
        case "PairwiseDistance":
            return two(PairwiseDistance(p: s.double(-1, "p") ?? 2, keepdim: s.bool(-1, "keepdim") ?? false))
        case "Bilinear":
            return two(
                Bilinear(
                    s.int(0, "in1_features")!, s.int(1, "in2_features")!, s.int(2, "out_features")!,
                    bias: s.bool(-1, "bias") ?? true))
        case "EmbeddingBag":
            let bag = EmbeddingBag(
                s.int(0, "num_embeddings")!, s.int(1, "embedding_dim")!,
                mode: EmbeddingBagMode(rawValue: s.string(-1, "mode") ?? "mean")!,
                includeLastOffset: s.bool(-1, "include_last_offset") ?? false)
            return (bag, { [bag($0.tensor(0)!, $0.tensor(1))] })
        default: return nil
        }
    }
}
