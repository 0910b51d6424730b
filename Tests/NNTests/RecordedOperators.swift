import TestSupport
import Torchlight
import TorchlightIO

/// Recorded operators by name, as calls of the public functions; nil for arguments that Swift's types do not express.
enum RecordedOperators {
    typealias Operator = @Sendable (RecordedCall) -> [Tensor]?

    static let all: [String: Operator] = losses.merging(pairs) { $1 }.merging(norms) { $1 }.merging(activations) { $1 }
        .merging(others) { $1 }

    private static func two(
        _ body: @escaping @Sendable (RecordedCall, Tensor, Tensor, Torchlight.Reduction) -> Tensor
    ) -> Operator {
        { call in
            guard let a = call.tensor(0), let b = call.tensor(1), let reduction = call.reduction else { return nil }
            return [body(call, a, b, reduction)]
        }
    }

    private static func three(
        _ body: @escaping @Sendable (RecordedCall, Tensor, Tensor, Tensor, Torchlight.Reduction) -> Tensor
    ) -> Operator {
        { call in
            guard let a = call.tensor(0), let b = call.tensor(1), let c = call.tensor(2), let reduction = call.reduction
            else { return nil }
            return [body(call, a, b, c, reduction)]
        }
    }

    private static let losses: [String: Operator] = [
        "cross_entropy": two { call, x, y, reduction in
            crossEntropy(
                x, y, weight: call.tensor(-1, "weight"), ignoreIndex: call.int(-1, "ignore_index") ?? -100,
                reduction: reduction, labelSmoothing: call.double(-1, "label_smoothing") ?? 0)
        },
        "linear_cross_entropy": three { call, x, w, y, reduction in
            linearCrossEntropy(
                x, w, y, linearBias: call.tensor(-1, "linear_bias"), weight: call.tensor(-1, "weight"),
                reduction: reduction, ignoreIndex: call.int(-1, "ignore_index"))
        },
        "nll_loss": two { call, x, y, reduction in
            nllLoss(
                x, y, weight: call.tensor(-1, "weight"), ignoreIndex: call.int(-1, "ignore_index") ?? -100,
                reduction: reduction)
        },
        "binary_cross_entropy_with_logits": two { call, x, y, reduction in
            binaryCrossEntropyWithLogits(
                x, y, weight: call.tensor(-1, "weight"), reduction: reduction, posWeight: call.tensor(-1, "pos_weight"))
        },
        "binary_cross_entropy": two { call, x, y, reduction in
            binaryCrossEntropy(x, y, weight: call.tensor(-1, "weight"), reduction: reduction)
        },
        "smooth_l1_loss": two { call, x, y, reduction in
            smoothL1Loss(x, y, reduction: reduction, beta: call.double(-1, "beta") ?? 1)
        },
        "l1_loss": two { _, x, y, reduction in l1Loss(x, y, reduction: reduction) },
        "mse_loss": two { _, x, y, reduction in mseLoss(x, y, reduction: reduction) },
        "huber_loss": two { call, x, y, reduction in
            huberLoss(x, y, reduction: reduction, delta: call.double(-1, "delta") ?? 1)
        },
        "soft_margin_loss": two { _, x, y, reduction in softMarginLoss(x, y, reduction: reduction) },
        "multilabel_margin_loss": two { _, x, y, reduction in multilabelMarginLoss(x, y, reduction: reduction) },
        "multilabel_soft_margin_loss": two { call, x, y, reduction in
            multilabelSoftMarginLoss(x, y, weight: call.tensor(-1, "weight"), reduction: reduction)
        },
        "multi_margin_loss": two { call, x, y, reduction in
            multiMarginLoss(
                x, y, p: call.int(-1, "p") ?? 1, margin: call.double(-1, "margin") ?? 1,
                weight: call.tensor(-1, "weight"), reduction: reduction)
        },
        "hinge_embedding_loss": two { call, x, y, reduction in
            hingeEmbeddingLoss(x, y, margin: call.double(-1, "margin") ?? 1, reduction: reduction)
        },
        "poisson_nll_loss": two { call, x, y, reduction in
            poissonNLLLoss(
                x, y, logInput: call.bool(-1, "log_input") ?? true, full: call.bool(-1, "full") ?? false,
                eps: call.double(-1, "eps") ?? 1e-8, reduction: reduction)
        },
        "kl_div": { call in
            guard let x = call.tensor(0), let y = call.tensor(1),
                let reduction = DivergenceReduction(rawValue: call.string(-1, "reduction") ?? "mean")
            else { return nil }
            return [klDiv(x, y, reduction: reduction, logTarget: call.bool(-1, "log_target") ?? false)]
        },
    ]

    private static let pairs: [String: Operator] = [
        "margin_ranking_loss": three { call, a, b, y, reduction in
            marginRankingLoss(a, b, y, margin: call.double(-1, "margin") ?? 0, reduction: reduction)
        },
        "cosine_embedding_loss": three { call, a, b, y, reduction in
            cosineEmbeddingLoss(a, b, y, margin: call.double(-1, "margin") ?? 0, reduction: reduction)
        },
        "gaussian_nll_loss": three { call, x, y, v, reduction in
            gaussianNLLLoss(
                x, y, v, full: call.bool(-1, "full") ?? false, eps: call.double(-1, "eps") ?? 1e-6,
                reduction: reduction)
        },
        "triplet_margin_loss": three { call, a, p, n, reduction in
            tripletMarginLoss(
                a, p, n, margin: call.double(-1, "margin") ?? 1, p: call.double(-1, "p") ?? 2,
                swap: call.bool(-1, "swap") ?? false, reduction: reduction)
        },
        "triplet_margin_with_distance_loss": three { call, a, p, n, reduction in
            tripletMarginWithDistanceLoss(
                a, p, n, margin: call.double(-1, "margin") ?? 1, swap: call.bool(-1, "swap") ?? false,
                reduction: reduction)
        },
        "ctc_loss": { call in
            guard let x = call.tensor(0), let y = call.tensor(1), let a = call.tensor(2), let b = call.tensor(3),
                let reduction = call.reduction
            else { return nil }
            return [
                ctcLoss(
                    x, y, a, b, blank: call.int(-1, "blank") ?? 0, reduction: reduction,
                    zeroInfinity: call.bool(-1, "zero_infinity") ?? false)
            ]
        },
    ]

    private static let norms: [String: Operator] = [
        "normalize": { call in
            guard let x = call.tensor(0) else { return nil }
            return [
                normalize(
                    x, p: call.double(-1, "p") ?? 2, dim: call.int(-1, "dim") ?? 1, eps: call.double(-1, "eps") ?? 1e-12
                )
            ]
        },
        "group_norm": { call in
            guard let x = call.tensor(0), let groups = call.int(1, "num_groups") else { return nil }
            return [
                groupNorm(
                    x, groups, call.tensor(2, "weight"), call.tensor(3, "bias"), eps: call.double(-1, "eps") ?? 1e-5)
            ]
        },
        "instance_norm": { call in
            guard let x = call.tensor(0) else { return nil }
            return [
                instanceNorm(
                    x, call.tensor(1, "running_mean"), call.tensor(2, "running_var"), call.tensor(3, "weight"),
                    call.tensor(4, "bias"), useInputStats: call.bool(-1, "use_input_stats") ?? true,
                    momentum: call.double(-1, "momentum") ?? 0.1, eps: call.double(-1, "eps") ?? 1e-5)
            ]
        },
        "layer_norm": { call in
            guard let x = call.tensor(0), let shape = call.ints(1, "normalized_shape") else { return nil }
            return [
                layerNorm(
                    x, shape, call.tensor(2, "weight"), call.tensor(3, "bias"), eps: call.double(-1, "eps") ?? 1e-5)
            ]
        },
        "rms_norm": { call in
            guard let x = call.tensor(0), let shape = call.ints(1, "normalized_shape") else { return nil }
            return [rmsNorm(x, shape, call.tensor(2, "weight"), eps: call.double(3, "eps"))]
        },
        "local_response_norm": { call in
            guard let x = call.tensor(0), let size = call.int(1, "size") else { return nil }
            return [
                localResponseNorm(
                    x, size: size, alpha: call.double(-1, "alpha") ?? 1e-4, beta: call.double(-1, "beta") ?? 0.75,
                    k: call.double(-1, "k") ?? 1)
            ]
        },
        "batch_norm": { call in
            guard let x = call.tensor(0) else { return nil }
            return [
                batchNorm(
                    x, call.tensor(1, "running_mean"), call.tensor(2, "running_var"), call.tensor(3, "weight"),
                    call.tensor(4, "bias"), training: call.bool(-1, "training") ?? false,
                    momentum: call.double(-1, "momentum") ?? 0.1, eps: call.double(-1, "eps") ?? 1e-5)
            ]
        },
    ]

    private static func one(_ body: @escaping @Sendable (RecordedCall, Tensor) -> Tensor) -> Operator {
        { call in call.tensor(0).map { [body(call, $0)] } }
    }

    private static let activations: [String: Operator] = [
        "softmax": one { call, x in softmax(x, dim: call.int(1, "dim") ?? 0, dtype: call.dtype(-1, "dtype")) },
        "log_softmax": one { call, x in logSoftmax(x, dim: call.int(1, "dim") ?? 0, dtype: call.dtype(-1, "dtype")) },
        "softmin": one { call, x in softmin(x, dim: call.int(1, "dim") ?? 0, dtype: call.dtype(-1, "dtype")) },
        "relu": one { _, x in relu(x) }, "relu6": one { _, x in relu6(x) },
        "hardswish": one { _, x in hardswish(x) }, "hardsigmoid": one { _, x in hardsigmoid(x) },
        "leaky_relu": one { call, x in leakyRelu(x, negativeSlope: call.double(-1, "negative_slope") ?? 0.01) },
        "glu": one { call, x in glu(x, dim: call.int(1, "dim") ?? -1) },
        "elu": one { call, x in elu(x, alpha: call.double(-1, "alpha") ?? 1) },
        "celu": one { call, x in celu(x, alpha: call.double(-1, "alpha") ?? 1) },
        "selu": one { _, x in selu(x) }, "silu": one { _, x in silu(x) }, "mish": one { _, x in mish(x) },
        "prelu": one { call, x in prelu(x, call.tensor(1, "weight")!) },
        "rrelu": one { call, x in
            rrelu(
                x, lower: call.double(-1, "lower") ?? 0.125, upper: call.double(-1, "upper") ?? 1.0 / 3,
                training: call.bool(-1, "training") ?? false)
        },
        "logsigmoid": one { _, x in logsigmoid(x) }, "softsign": one { _, x in softsign(x) },
        "tanhshrink": one { _, x in tanhshrink(x) },
        "threshold": one { call, x in
            threshold(x, call.double(1, "threshold")!, value: call.double(2, "value")!)
        },
        "softshrink": one { call, x in softshrink(x, lambda: call.double(-1, "lambd") ?? 0.5) },
        "hardshrink": one { call, x in hardshrink(x, lambda: call.double(-1, "lambd") ?? 0.5) },
        "hardtanh": one { call, x in
            hardtanh(x, min: call.double(-1, "min_val") ?? -1, max: call.double(-1, "max_val") ?? 1)
        },
        "gelu": one { _, x in gelu(x) },
        "softplus": one { call, x in
            softplus(x, beta: call.double(-1, "beta") ?? 1, threshold: call.double(-1, "threshold") ?? 20)
        },
        "sigmoid": one { _, x in sigmoid(x) }, "tanh": one { _, x in tanh(x) },
        "dropout": one { call, x in dropout(x, p: call.double(1, "p")!, training: call.bool(2, "training") ?? true) },
        "dropout1d": one { call, x in dropout1d(x, p: call.double(1, "p")!, training: call.bool(2, "training") ?? true)
        },
        "dropout2d": one { call, x in dropout2d(x, p: call.double(1, "p")!, training: call.bool(2, "training") ?? true)
        },
        "alpha_dropout": one { call, x in
            alphaDropout(x, p: call.double(1, "p")!, training: call.bool(2, "training") ?? false)
        },
        "feature_alpha_dropout": one { call, x in
            featureAlphaDropout(x, p: call.double(1, "p")!, training: call.bool(2, "training") ?? false)
        },
    ]

    private static let others: [String: Operator] = [
        "cdist": { call in
            guard let a = call.tensor(0), let b = call.tensor(1) else { return nil }
            return [cdist(a, b, p: call.double(2, "p") ?? 2)]
        },
        "pdist": one { call, x in pdist(x, p: call.double(1, "p") ?? 2) },
        "cosine_similarity": { call in
            guard let a = call.tensor(0), let b = call.tensor(1) else { return nil }
            return [cosineSimilarity(a, b, dim: call.int(-1, "dim") ?? 1, eps: call.double(-1, "eps") ?? 1e-8)]
        },
        "pairwise_distance": { call in
            guard let a = call.tensor(0), let b = call.tensor(1) else { return nil }
            return [pairwiseDistance(a, b, p: call.double(-1, "p") ?? 2, eps: call.double(-1, "eps") ?? 1e-6)]
        },
        "one_hot": one { call, x in
            oneHot(x, numClasses: call.int(-1, "num_classes").flatMap { $0 < 0 ? nil : $0 })
        },
        "embedding": { call in
            guard let x = call.tensor(0), let weight = call.tensor(1) else { return nil }
            return [
                embedding(
                    x, weight, paddingIdx: call.int(-1, "padding_idx"), maxNorm: call.double(-1, "max_norm"),
                    scaleGradByFreq: call.bool(-1, "scale_grad_by_freq") ?? false)
            ]
        },
        "embedding_bag": { call in
            guard let x = call.tensor(0), let weight = call.tensor(1),
                let mode = EmbeddingBagMode(rawValue: call.string(-1, "mode") ?? "mean")
            else { return nil }
            return [
                embeddingBag(
                    x, weight, offsets: call.tensor(-1, "offsets"), mode: mode,
                    perSampleWeights: call.tensor(-1, "per_sample_weights"),
                    includeLastOffset: call.bool(-1, "include_last_offset") ?? false,
                    paddingIdx: call.int(-1, "padding_idx"))
            ]
        },
        "scaled_dot_product_attention": { call in
            guard let q = call.tensor(0), let k = call.tensor(1), let v = call.tensor(2) else { return nil }
            return [
                scaledDotProductAttention(
                    q, k, v, attnMask: call.tensor(-1, "attn_mask"), isCausal: call.bool(-1, "is_causal") ?? false,
                    scale: call.double(-1, "scale"), enableGQA: call.bool(-1, "enable_gqa") ?? false)
            ]
        },
        "multi_head_attention_forward": { call in
            let (output, weights) = multiHeadAttentionForward(
                call.tensor(0)!, call.tensor(1)!, call.tensor(2)!, call.int(3, "")!, call.int(4, "")!, call.tensor(5),
                call.tensor(6), call.tensor(7), call.tensor(8), call.bool(9, "")!, call.double(10, "")!,
                call.tensor(11)!, call.tensor(12), needWeights: call.bool(-1, "need_weights") ?? true,
                attnMask: call.tensor(-1, "attn_mask"))
            return weights.map { [output, $0] } ?? [output]
        },
    ]
}
