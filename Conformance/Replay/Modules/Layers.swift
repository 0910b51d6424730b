import Torchlight

extension ModuleRegistry {
    /// Activations.
    mutating func registerActivations() {
        registerPlainActivations()
        layer("LeakyReLU") { s in LeakyReLU(try s.double(0, "negative_slope", default: 0.01)) }
        layer("ELU") { s in ELU(alpha: try s.double(0, "alpha", default: 1)) }
        layer("CELU") { s in CELU(alpha: try s.double(0, "alpha", default: 1)) }
        layer("GELU") { s in
            switch try s.optionalString(0, "approximate") {
            case nil, "none": return GELU()
            case "tanh": return GELU(approximate: .tanh)
            case let other?: throw NotSupported("approximate cannot be \(other)")
            }
        }
        layer("GLU") { s in GLU(dim: try s.int(0, "dim", default: -1)) }
        layer("Hardshrink") { s in Hardshrink(try s.optionalNumber(0, "lambd") ?? 0.5) }
        layer("Softshrink") { s in Softshrink(try s.optionalNumber(0, "lambd") ?? 0.5) }
        layer("Softplus") { s in
            Softplus(
                beta: try s.optionalNumber(0, "beta") ?? 1.0, threshold: try s.optionalNumber(1, "threshold") ?? 20.0)
        }
        layer("Hardtanh") { s in
            Hardtanh(min: try s.double(0, "min_val", default: -1), max: try s.double(1, "max_val", default: 1))
        }
        layer("Threshold") { s in
            Threshold(
                try s.number(0, "threshold").scalar.asDouble, try s.number(1, "value").scalar.asDouble)
        }
        layer("Softmax") { s in Softmax(dim: try s.int(0, "dim")) }
        layer("LogSoftmax") { s in LogSoftmax(dim: try s.int(0, "dim")) }
        layer("Softmin") { s in Softmin(dim: try s.int(0, "dim")) }
        layer("PReLU") { s in
            PReLU(try s.int(0, "num_parameters", default: 1), initial: try s.double(1, "init", default: 0.25))
        }
        layer("RReLU") { s in
            RReLU(lower: try s.double(0, "lower", default: 1.0 / 8), upper: try s.double(1, "upper", default: 1.0 / 3))
        }
    }

    private mutating func registerPlainActivations() {
        layer("ReLU") { _ in ReLU() }
        layer("ReLU6") { _ in ReLU6() }
        layer("SELU") { _ in SELU() }
        layer("SiLU") { _ in SiLU() }
        layer("Mish") { _ in Mish() }
        layer("Sigmoid") { _ in Sigmoid() }
        layer("LogSigmoid") { _ in LogSigmoid() }
        layer("Tanh") { _ in Tanh() }
        layer("Tanhshrink") { _ in Tanhshrink() }
        layer("Softsign") { _ in Softsign() }
        layer("Hardswish") { _ in Hardswish() }
        layer("Hardsigmoid") { _ in Hardsigmoid() }
        layer("Softmax2d") { _ in Softmax2d() }
    }

    /// Normalisations of batches, instances, groups, layers and neighbouring channels.
    mutating func registerNormalizations() {
        func eps(_ s: Call) throws -> Double { try s.double(1, "eps", default: 1e-5) }
        func batch(
            _ s: Call, _ make: (Int, Double, Double?, Bool, Bool, Bool) -> any Layer
        ) throws -> any Layer {
            // None asks for a plain mean over all batches.
            let momentum = s.isNone(2, "momentum") ? nil : try s.double(2, "momentum", default: 0.1)
            return make(
                try s.int(0, "num_features"), try eps(s), momentum, try s.bool(3, "affine", default: true),
                try s.bool(nil, "bias", default: true), try s.bool(4, "track_running_stats", default: true))
        }
        layer("BatchNorm1d") { s in
            try batch(s) { BatchNorm1d($0, eps: $1, momentum: $2, affine: $3, bias: $4, trackRunningStats: $5) }
        }
        layer("BatchNorm2d") { s in
            try batch(s) { BatchNorm2d($0, eps: $1, momentum: $2, affine: $3, bias: $4, trackRunningStats: $5) }
        }
        layer("BatchNorm3d") { s in
            try batch(s) { BatchNorm3d($0, eps: $1, momentum: $2, affine: $3, bias: $4, trackRunningStats: $5) }
        }
        func instance(
            _ s: Call, _ make: (Int, Double, Double, Bool, Bool, Bool) -> any Layer
        ) throws -> any Layer {
            make(
                try s.int(0, "num_features"), try eps(s), try s.double(2, "momentum", default: 0.1),
                try s.bool(3, "affine"), try s.bool(nil, "bias", default: true),
                try s.bool(4, "track_running_stats"))
        }
        layer("InstanceNorm1d") { s in
            try instance(s) { InstanceNorm1d($0, eps: $1, momentum: $2, affine: $3, bias: $4, trackRunningStats: $5) }
        }
        layer("InstanceNorm2d") { s in
            try instance(s) { InstanceNorm2d($0, eps: $1, momentum: $2, affine: $3, bias: $4, trackRunningStats: $5) }
        }
        layer("InstanceNorm3d") { s in
            try instance(s) { InstanceNorm3d($0, eps: $1, momentum: $2, affine: $3, bias: $4, trackRunningStats: $5) }
        }
        layer("GroupNorm") { s in
            GroupNorm(
                try s.int(0, "num_groups"), try s.int(1, "num_channels"), eps: try s.double(2, "eps", default: 1e-5),
                affine: try s.bool(3, "affine", default: true), bias: try s.bool(nil, "bias", default: true))
        }
        layer("LayerNorm") { s in
            LayerNorm(
                try s.ints(0, "normalized_shape"), eps: try eps(s),
                elementwiseAffine: try s.bool(2, "elementwise_affine", default: true),
                bias: try s.bool(3, "bias", default: true))
        }
        layer("RMSNorm") { s in
            RMSNorm(
                try s.ints(0, "normalized_shape"), eps: try s.optionalDouble(1, "eps"),
                elementwiseAffine: try s.bool(2, "elementwise_affine", default: true))
        }
        layer("LocalResponseNorm") { s in
            LocalResponseNorm(
                try s.int(0, "size"), alpha: try s.double(1, "alpha", default: 1e-4),
                beta: try s.double(2, "beta", default: 0.75), k: try s.double(3, "k", default: 1))
        }
    }

    /// Tables of rows.
    mutating func registerEmbeddings() {
        layer("Embedding") { s in
            Embedding(
                try s.int(0, "num_embeddings"), try s.int(1, "embedding_dim"),
                paddingIdx: try s.optionalInt(2, "padding_idx"), maxNorm: try s.optionalDouble(3, "max_norm"),
                normType: try s.double(4, "norm_type", default: 2),
                scaleGradByFreq: try s.bool(5, "scale_grad_by_freq"))
        }
        register("EmbeddingBag") { s in
            let bag = EmbeddingBag(
                try s.int(0, "num_embeddings"), try s.int(1, "embedding_dim"),
                maxNorm: try s.optionalDouble(2, "max_norm"), normType: try s.double(3, "norm_type", default: 2),
                scaleGradByFreq: try s.bool(4, "scale_grad_by_freq"),
                mode: try s.choice(5, "mode") ?? EmbeddingBagMode.mean,
                includeLastOffset: try s.bool(8, "include_last_offset"),
                paddingIdx: try s.optionalInt(9, "padding_idx"))
            return (
                bag,
                { call in
                    .tensor(
                        bag(
                            try call.tensor(0), try call.optionalTensor(1, "offsets"),
                            perSampleWeights: try call.optionalTensor(2, "per_sample_weights")))
                }
            )
        }
    }
}
