import Torchlight

extension Call {
    fileprivate var reduction: Torchlight.Reduction {
        get throws { try choice(nil, "reduction") ?? Torchlight.Reduction.mean }
    }
    fileprivate var weight: Tensor? { get throws { try optionalTensor(nil, "weight") } }
    fileprivate func margin(default missing: Double) throws -> Double { try double(nil, "margin", default: missing) }
}

// The settings of losses are given by name: by place stand flags first that PyTorch itself has given up.
extension ModuleRegistry {
    /// Losses of a prediction and a target.
    mutating func registerPairLosses() {
        registerRegressionLosses()
        registerClassLosses()
        loss("SoftMarginLoss") { s in SoftMarginLoss(reduction: try s.reduction) }
        loss("HingeEmbeddingLoss") { s in
            HingeEmbeddingLoss(margin: try s.margin(default: 1), reduction: try s.reduction)
        }
        loss("MultiLabelMarginLoss") { s in MultiLabelMarginLoss(reduction: try s.reduction) }
        loss("MultiMarginLoss") { s in
            MultiMarginLoss(
                p: try s.int(nil, "p", default: 1), margin: try s.margin(default: 1), weight: try s.weight,
                reduction: try s.reduction)
        }
        loss("MultiLabelSoftMarginLoss") { s in
            MultiLabelSoftMarginLoss(weight: try s.weight, reduction: try s.reduction)
        }
        loss("PoissonNLLLoss") { s in
            PoissonNLLLoss(
                logInput: try s.bool(nil, "log_input", default: true), full: try s.bool(nil, "full"),
                eps: try s.double(nil, "eps", default: 1e-8), reduction: try s.reduction)
        }
        loss("KLDivLoss") { s in
            KLDivLoss(
                reduction: try s.choice(nil, "reduction") ?? DivergenceReduction.mean,
                logTarget: try s.bool(nil, "log_target"))
        }
    }

    private mutating func registerRegressionLosses() {
        loss("L1Loss") { s in L1Loss(reduction: try s.reduction) }
        loss("MSELoss") { s in MSELoss(reduction: try s.reduction) }
        loss("SmoothL1Loss") { s in
            SmoothL1Loss(reduction: try s.reduction, beta: try s.double(nil, "beta", default: 1))
        }
        loss("HuberLoss") { s in
            HuberLoss(reduction: try s.reduction, delta: try s.double(nil, "delta", default: 1))
        }
    }

    private mutating func registerClassLosses() {
        loss("BCELoss") { s in BCELoss(weight: try s.weight, reduction: try s.reduction) }
        loss("BCEWithLogitsLoss") { s in
            BCEWithLogitsLoss(
                weight: try s.weight, reduction: try s.reduction, posWeight: try s.optionalTensor(nil, "pos_weight"))
        }
        loss("NLLLoss") { s in
            NLLLoss(
                weight: try s.weight, ignoreIndex: try s.int(nil, "ignore_index", default: -100),
                reduction: try s.reduction)
        }
        loss("CrossEntropyLoss") { s in
            CrossEntropyLoss(
                weight: try s.weight, ignoreIndex: try s.int(nil, "ignore_index", default: -100),
                reduction: try s.reduction, labelSmoothing: try s.double(nil, "label_smoothing", default: 0))
        }
        loss("LinearCrossEntropyLoss") { s in
            if s.has(nil, "options") { throw NotSupported("options choose among kernels") }
            return LinearCrossEntropyLoss(
                try s.int(0, "in_features"), try s.int(1, "num_classes"),
                outFeatures: try s.ints(nil, "out_features", default: []), bias: try s.bool(nil, "bias"),
                reduction: try s.reduction, weight: try s.weight, ignoreIndex: try s.optionalInt(nil, "ignore_index"),
                labelSmoothing: try s.double(nil, "label_smoothing", default: 0))
        }
    }

    /// Losses of more than two tensors.
    mutating func registerOtherLosses() {
        loss("MarginRankingLoss", "input2", "target") { s in
            MarginRankingLoss(margin: try s.margin(default: 0), reduction: try s.reduction)
        }
        loss("CosineEmbeddingLoss", "input2", "target") { s in
            CosineEmbeddingLoss(margin: try s.margin(default: 0), reduction: try s.reduction)
        }
        loss("GaussianNLLLoss", "target", "var") { s in
            GaussianNLLLoss(
                full: try s.bool(nil, "full"), eps: try s.double(nil, "eps", default: 1e-6), reduction: try s.reduction)
        }
        loss("TripletMarginLoss", "positive", "negative") { s in
            TripletMarginLoss(
                margin: try s.margin(default: 1), p: try s.double(nil, "p", default: 2),
                eps: try s.double(nil, "eps", default: 1e-6), swap: try s.bool(nil, "swap"), reduction: try s.reduction)
        }
        loss("TripletMarginWithDistanceLoss", "positive", "negative") { s in
            TripletMarginWithDistanceLoss(
                margin: try s.margin(default: 1), swap: try s.bool(nil, "swap"), reduction: try s.reduction)
        }
        register("CTCLoss") { s in
            let loss = CTCLoss(
                blank: try s.int(0, "blank", default: 0), reduction: try s.choice(1, "reduction") ?? .mean,
                zeroInfinity: try s.bool(2, "zero_infinity"))
            return (
                loss,
                { call in
                    let (x, targets) = (try call.tensor(0, "log_probs"), try call.tensor(1, "targets"))
                    if call.isTensor(2, "input_lengths") {
                        return .tensor(
                            loss(x, targets, try call.tensor(2, "input_lengths"), try call.tensor(3, "target_lengths")))
                    }
                    return .tensor(
                        loss(x, targets, try call.ints(2, "input_lengths"), try call.ints(3, "target_lengths")))
                }
            )
        }
        register("AdaptiveLogSoftmaxWithLoss") { s in
            let loss = AdaptiveLogSoftmaxWithLoss(
                try s.int(0, "in_features"), try s.int(1, "n_classes"), cutoffs: try s.ints(2, "cutoffs"),
                divValue: try s.double(3, "div_value", default: 4), headBias: try s.bool(4, "head_bias"))
            return (
                loss,
                { call in
                    let result = loss(try call.tensor(0), try call.tensor(1, "target"))
                    return .tensors([result.output, result.loss])
                }
            )
        }
    }
}
