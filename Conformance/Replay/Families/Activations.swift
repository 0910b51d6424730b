import Torchlight

extension Registry {
    /// Activation functions.
    mutating func registerActivations() {
        unary("relu", "nn.functional.relu") { $0.relu() }
        unary("nn.functional.relu6") { $0.relu6() }
        unary("nn.functional.mish") { $0.mish() }
        unary("nn.functional.selu", "selu") { $0.selu() }
        unary("nn.functional.silu") { $0.silu() }
        unary("nn.functional.logsigmoid") { $0.logsigmoid() }
        unary("nn.functional.hardsigmoid") { $0.hardsigmoid() }
        unary("nn.functional.hardswish") { $0.hardswish() }
        unary("nn.functional.softsign") { $0.softsign() }
        unary("nn.functional.tanhshrink") { $0.tanhshrink() }
        register(
            "nn.functional.elu",
            tensor: { call in
                try call.tensor(0).elu(alpha: try call.double(1, "alpha", default: 1))
            })
        register(
            "nn.functional.celu", "celu",
            tensor: { call in
                try call.tensor(0).celu(alpha: try call.double(1, "alpha", default: 1))
            })
        register(
            "nn.functional.gelu",
            tensor: { call in
                let mode = try call.optionalString(nil, "approximate") ?? "none"
                guard mode == "none" || mode == "tanh" else { throw NotSupported("approximate \(mode)") }
                return try call.tensor(0).gelu(approximate: mode == "tanh" ? .tanh : .none)
            })
        register(
            "nn.functional.leaky_relu",
            tensor: { call in
                try call.tensor(0).leakyRelu(negativeSlope: try call.double(1, "negative_slope", default: 0.01))
            })
        register(
            "nn.functional.hardtanh",
            tensor: { call in
                try call.tensor(0).hardtanh(
                    min: try call.double(1, "min_val", default: -1), max: try call.double(2, "max_val", default: 1))
            })
        register(
            "nn.functional.softplus",
            tensor: { call in
                try call.tensor(0).softplus(
                    beta: try call.double(1, "beta", default: 1),
                    threshold: try call.double(2, "threshold", default: 20))
            })
        register(
            "nn.functional.threshold", "threshold",
            tensor: { call in
                try call.tensor(0).threshold(
                    try call.number(1, "threshold").scalar.asDouble, value: try call.number(2, "value").scalar.asDouble)
            })
        register(
            "nn.functional.hardshrink", "hardshrink",
            tensor: { call in
                try call.tensor(0).hardshrink(lambda: try call.double(1, "lambd", default: 0.5))
            })
        register(
            "nn.functional.softshrink",
            tensor: { call in
                try call.tensor(0).softshrink(lambda: try call.double(1, "lambd", default: 0.5))
            })
        register(
            "nn.functional.glu",
            tensor: { call in
                try call.tensor(0).glu(dim: try call.int(1, "dim", default: -1))
            })
        register(
            "softmax", "nn.functional.softmax", "special.softmax",
            tensor: { call in
                try call.tensor(0).softmax(dim: try call.int(1, "dim"), dtype: try call.optionalDType(2))
            })
        register(
            "log_softmax", "nn.functional.log_softmax", "special.log_softmax",
            tensor: { call in
                try call.tensor(0).logSoftmax(dim: try call.int(1, "dim"), dtype: try call.optionalDType(2))
            })
        registerActivationVariants()
    }

    /// Activations with weights or chance, and dropout.
    private mutating func registerActivationVariants() {
        register(
            "prelu", "nn.functional.prelu",
            tensor: { call in Torchlight.prelu(try call.tensor(0), try call.tensor(1, "weight")) })
        register(
            "rrelu", "nn.functional.rrelu",
            tensor: { call in
                Torchlight.rrelu(
                    try call.tensor(0), lower: try call.double(1, "lower", default: 1.0 / 8),
                    upper: try call.double(2, "upper", default: 1.0 / 3), training: try call.bool(3, "training"))
            })
        register(
            "nn.functional.softmin",
            tensor: { call in
                Torchlight.softmin(
                    try call.tensor(0), dim: try call.int(1, "dim"), dtype: try call.optionalDType(nil))
            })
        register(
            "dropout", "nn.functional.dropout",
            tensor: { call in
                Torchlight.dropout(
                    try call.tensor(0), p: try call.double(1, "p", default: 0.5),
                    training: try call.bool(2, "training", default: true))
            })
        register(
            "nn.functional.dropout1d",
            tensor: { call in
                Torchlight.dropout1d(
                    try call.tensor(0), p: try call.double(1, "p", default: 0.5),
                    training: try call.bool(2, "training", default: true))
            })
        register(
            "nn.functional.dropout2d",
            tensor: { call in
                Torchlight.dropout2d(
                    try call.tensor(0), p: try call.double(1, "p", default: 0.5),
                    training: try call.bool(2, "training", default: true))
            })
        register(
            "nn.functional.dropout3d",
            tensor: { call in
                Torchlight.dropout3d(
                    try call.tensor(0), p: try call.double(1, "p", default: 0.5),
                    training: try call.bool(2, "training", default: true))
            })
        register(
            "nn.functional.alpha_dropout",
            tensor: { call in
                Torchlight.alphaDropout(
                    try call.tensor(0), p: try call.double(1, "p", default: 0.5),
                    training: try call.bool(2, "training"))
            })
        register(
            "nn.functional.feature_alpha_dropout",
            tensor: { call in
                Torchlight.featureAlphaDropout(
                    try call.tensor(0), p: try call.double(1, "p", default: 0.5),
                    training: try call.bool(2, "training"))
            })
    }
}
