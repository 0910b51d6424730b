import Torchlight

extension Registry {
    /// Losses.
    mutating func registerLosses() {
        registerClassLosses()
        registerRegressionLosses()
        registerMarginLosses()
        registerTripleLosses()
        registerLikelihoodLosses()
    }

    private static func reduction(_ call: Call) throws -> Torchlight.Reduction {
        try call.choice(nil, "reduction") ?? .mean
    }

    /// A loss of a prediction and a target.
    private mutating func loss(
        _ name: String, _ body: @escaping (Call, Tensor, Tensor, Torchlight.Reduction) throws -> Tensor
    ) {
        register(
            "nn.functional." + name,
            tensor: { call in
                try body(call, try call.tensor(0), try call.tensor(1, "target"), try Self.reduction(call))
            })
    }

    /// A loss of three tensors, the last two of which have these names.
    private mutating func loss(
        _ name: String, _ second: String, _ third: String,
        _ body: @escaping (Call, Tensor, Tensor, Tensor, Torchlight.Reduction) throws -> Tensor
    ) {
        register(
            "nn.functional." + name,
            tensor: { call in
                try body(
                    call, try call.tensor(0), try call.tensor(1, second), try call.tensor(2, third),
                    try Self.reduction(call))
            })
    }

    private mutating func registerClassLosses() {
        loss("cross_entropy") { call, x, y, reduction in
            Torchlight.crossEntropy(
                x, y, weight: try call.optionalTensor(2, "weight"),
                ignoreIndex: try call.int(nil, "ignore_index", default: -100), reduction: reduction,
                labelSmoothing: try call.double(nil, "label_smoothing", default: 0))
        }
        loss("linear_cross_entropy", "linear_weight", "target") { call, x, linearWeight, y, reduction in
            Torchlight.linearCrossEntropy(
                x, linearWeight, y, linearBias: try call.optionalTensor(nil, "linear_bias"),
                weight: try call.optionalTensor(nil, "weight"), reduction: reduction,
                ignoreIndex: try call.optionalInt(nil, "ignore_index"),
                labelSmoothing: try call.double(nil, "label_smoothing", default: 0))
        }
        loss("nll_loss") { call, x, y, reduction in
            Torchlight.nllLoss(
                x, y, weight: try call.optionalTensor(2, "weight"),
                ignoreIndex: try call.int(nil, "ignore_index", default: -100), reduction: reduction)
        }
        loss("binary_cross_entropy") { call, x, y, reduction in
            Torchlight.binaryCrossEntropy(x, y, weight: try call.optionalTensor(2, "weight"), reduction: reduction)
        }
        loss("binary_cross_entropy_with_logits") { call, x, y, reduction in
            Torchlight.binaryCrossEntropyWithLogits(
                x, y, weight: try call.optionalTensor(2, "weight"), reduction: reduction,
                posWeight: try call.optionalTensor(nil, "pos_weight"))
        }
    }

    private mutating func registerRegressionLosses() {
        loss("l1_loss") { _, x, y, reduction in Torchlight.l1Loss(x, y, reduction: reduction) }
        loss("mse_loss") { _, x, y, reduction in Torchlight.mseLoss(x, y, reduction: reduction) }
        loss("smooth_l1_loss") { call, x, y, reduction in
            Torchlight.smoothL1Loss(x, y, reduction: reduction, beta: try call.double(nil, "beta", default: 1))
        }
        loss("huber_loss") { call, x, y, reduction in
            Torchlight.huberLoss(x, y, reduction: reduction, delta: try call.double(nil, "delta", default: 1))
        }
    }

    private mutating func registerMarginLosses() {
        loss("soft_margin_loss") { _, x, y, reduction in Torchlight.softMarginLoss(x, y, reduction: reduction) }
        loss("multilabel_margin_loss") { _, x, y, reduction in
            Torchlight.multilabelMarginLoss(x, y, reduction: reduction)
        }
        loss("multilabel_soft_margin_loss") { call, x, y, reduction in
            Torchlight.multilabelSoftMarginLoss(
                x, y, weight: try call.optionalTensor(2, "weight"), reduction: reduction)
        }
        loss("multi_margin_loss") { call, x, y, reduction in
            Torchlight.multiMarginLoss(
                x, y, p: try call.int(2, "p", default: 1), margin: try call.double(3, "margin", default: 1),
                weight: try call.optionalTensor(4, "weight"), reduction: reduction)
        }
        loss("hinge_embedding_loss") { call, x, y, reduction in
            Torchlight.hingeEmbeddingLoss(
                x, y, margin: try call.double(2, "margin", default: 1), reduction: reduction)
        }
    }

    private mutating func registerTripleLosses() {
        loss("margin_ranking_loss", "input2", "target") { call, a, b, y, reduction in
            Torchlight.marginRankingLoss(
                a, b, y, margin: try call.double(3, "margin", default: 0), reduction: reduction)
        }
        loss("cosine_embedding_loss", "input2", "target") { call, a, b, y, reduction in
            Torchlight.cosineEmbeddingLoss(
                a, b, y, margin: try call.double(3, "margin", default: 0), reduction: reduction)
        }
        loss("triplet_margin_loss", "positive", "negative") { call, anchor, positive, negative, reduction in
            Torchlight.tripletMarginLoss(
                anchor, positive, negative, margin: try call.double(3, "margin", default: 1),
                p: try call.double(4, "p", default: 2), eps: try call.double(5, "eps", default: 1e-6),
                swap: try call.bool(6, "swap"), reduction: reduction)
        }
        loss("triplet_margin_with_distance_loss", "positive", "negative") {
            call, anchor, positive, negative, reduction in
            Torchlight.tripletMarginWithDistanceLoss(
                anchor, positive, negative, margin: try call.double(nil, "margin", default: 1),
                swap: try call.bool(nil, "swap"), reduction: reduction)
        }
    }

    private mutating func registerLikelihoodLosses() {
        loss("poisson_nll_loss") { call, x, y, reduction in
            Torchlight.poissonNLLLoss(
                x, y, logInput: try call.bool(2, "log_input", default: true), full: try call.bool(3, "full"),
                eps: try call.double(nil, "eps", default: 1e-8), reduction: reduction)
        }
        loss("gaussian_nll_loss", "target", "var") { call, x, y, variance, reduction in
            Torchlight.gaussianNLLLoss(
                x, y, variance, full: try call.bool(3, "full"), eps: try call.double(4, "eps", default: 1e-6),
                reduction: reduction)
        }
        register(
            "nn.functional.kl_div",
            tensor: { call in
                Torchlight.klDiv(
                    try call.tensor(0), try call.tensor(1, "target"),
                    reduction: try call.choice(nil, "reduction") ?? .mean,
                    logTarget: try call.bool(nil, "log_target"))
            })
        register(
            "nn.functional.ctc_loss",
            tensor: { call in
                let (logProbs, targets) = (try call.tensor(0, "log_probs"), try call.tensor(1, "targets"))
                let (blank, reduction) = (try call.int(4, "blank", default: 0), try Self.reduction(call))
                let zeroInfinity = try call.bool(6, "zero_infinity")
                guard call.isTensor(2, "input_lengths") else {
                    return Torchlight.ctcLoss(
                        logProbs, targets, try call.ints(2, "input_lengths"), try call.ints(3, "target_lengths"),
                        blank: blank, reduction: reduction, zeroInfinity: zeroInfinity)
                }
                return Torchlight.ctcLoss(
                    logProbs, targets, try call.tensor(2, "input_lengths"), try call.tensor(3, "target_lengths"),
                    blank: blank, reduction: reduction, zeroInfinity: zeroInfinity)
            })
    }
}
