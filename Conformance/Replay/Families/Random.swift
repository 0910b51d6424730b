import Torchlight

extension Registry {
    /// Random numbers, in settings whose result is certain.
    mutating func registerRandom() {
        registerDraws()
        registerDrawsInPlace()
        registerRandomTensors()
        registerRandomInitializers()
    }

    private mutating func registerDraws() {
        register(
            "multinomial",
            tensor: { call in
                try call.tensor(0).multinomial(
                    try call.int(1, "num_samples"), replacement: try call.bool(2, "replacement"))
            })
        register(
            "bernoulli",
            tensor: { call in
                guard let p = try call.optionalDouble(1, "p") else { return try call.tensor(0).bernoulli() }
                return try call.tensor(0).bernoulli(p: p)
            })
        register("poisson", tensor: { call in try call.tensor(0).poisson() })
        register(
            "binomial", tensor: { call in try call.tensor(0, "count").binomial(probs: try call.tensor(1, "prob")) })
        register(
            "normal",
            tensor: { call in
                switch (call.isTensor(0, "mean"), call.isTensor(1, "std")) {
                case (true, true):
                    return Tensor.normal(mean: try call.tensor(0, "mean"), std: try call.tensor(1, "std"))
                case (true, false):
                    return Tensor.normal(
                        mean: try call.tensor(0, "mean"), std: try call.double(1, "std", default: 1))
                case (false, true):
                    return Tensor.normal(
                        mean: try call.double(0, "mean", default: 0), std: try call.tensor(1, "std"))
                case (false, false):
                    return Tensor.normal(
                        mean: try call.double(0, "mean", default: 0), std: try call.double(1, "std", default: 1),
                        try call.ints(2, "size"), dtype: try call.optionalDType(nil) ?? .default)
                }
            })
        register(
            "nn.functional.gumbel_softmax",
            tensor: { call in
                gumbelSoftmax(
                    try call.tensor(0, "logits"), tau: try call.double(1, "tau", default: 1),
                    hard: try call.bool(2, "hard"), dim: try call.int(4, "dim", default: -1))
            })
    }

    private mutating func registerDrawsInPlace() {
        register(
            "bernoulli_",
            tensor: { call in
                call.isTensor(1, "p")
                    ? try call.tensor(0).bernoulli_(p: try call.tensor(1, "p"))
                    : try call.tensor(0).bernoulli_(p: try call.double(1, "p", default: 0.5))
            })
        register(
            "normal_",
            tensor: { call in
                try call.tensor(0).normal_(
                    mean: try call.double(1, "mean", default: 0), std: try call.double(2, "std", default: 1))
            })
        register(
            "uniform_",
            tensor: { call in
                try call.tensor(0).uniform_(
                    from: try call.double(1, "from", default: 0), to: try call.double(2, "to", default: 1))
            })
        register(
            "random_",
            tensor: { call in
                guard let first = try call.optionalInt(1, "from") else { return try call.tensor(0).random_() }
                guard let end = try call.optionalInt(2, "to") else { return try call.tensor(0).random_(first) }
                return try call.tensor(0).random_(first, end)
            })
        register(
            "exponential_",
            tensor: { call in try call.tensor(0).exponential_(lambd: try call.double(1, "lambd", default: 1)) })
        register(
            "geometric_",
            tensor: { call in try call.tensor(0).geometric_(try call.number(1, "p").scalar.asDouble) })
        register(
            "cauchy_",
            tensor: { call in
                try call.tensor(0).cauchy_(
                    median: try call.double(1, "median", default: 0), sigma: try call.double(2, "sigma", default: 1))
            })
        register(
            "log_normal_",
            tensor: { call in
                try call.tensor(0).logNormal_(
                    mean: try call.double(1, "mean", default: 1), std: try call.double(2, "std", default: 2))
            })
    }

    private mutating func registerRandomTensors() {
        register(
            "randint",
            tensor: { call in
                let dtype = try call.optionalDType(nil) ?? .int64
                // Without a lower end, the second argument is the size.
                guard call.value(1, "high")?.list == nil, call.has(2, "size") else {
                    return Tensor.randint(try call.int(0, "high"), try call.ints(1, "size"), dtype: dtype)
                }
                return Tensor.randint(
                    try call.int(0, "low"), try call.int(1, "high"), try call.ints(2, "size"), dtype: dtype)
            })
        register(
            "randint_like",
            tensor: { call in
                let dtype = try call.optionalDType(nil)
                guard let high = try call.optionalInt(2, "high") else {
                    return Tensor.randint(like: try call.tensor(0), try call.int(1, "high"), dtype: dtype)
                }
                return Tensor.randint(like: try call.tensor(0), try call.int(1, "low"), high, dtype: dtype)
            })
        register(
            "randperm",
            tensor: { call in Tensor.randperm(try call.int(0, "n"), dtype: try call.optionalDType(nil) ?? .int64) })
        register(
            "rand",
            tensor: { call in
                Tensor.rand(try call.trailingInts(0, "size"), dtype: try call.optionalDType(nil) ?? .default)
            })
        register(
            "randn",
            tensor: { call in
                Tensor.randn(try call.trailingInts(0, "size"), dtype: try call.optionalDType(nil) ?? .default)
            })
        register("rand_like", tensor: { call in Tensor.rand(like: try call.tensor(0)) })
        register("randn_like", tensor: { call in Tensor.randn(like: try call.tensor(0)) })
    }

    private mutating func registerRandomInitializers() {
        register(
            "nn.init.normal_",
            tensor: { call in
                Initializers.normal_(
                    try call.tensor(0, "tensor"), mean: try call.double(1, "mean", default: 0),
                    std: try call.double(2, "std", default: 1))
            })
        register(
            "nn.init.uniform_",
            tensor: { call in
                Initializers.uniform_(
                    try call.tensor(0, "tensor"), from: try call.double(1, "a", default: 0),
                    to: try call.double(2, "b", default: 1))
            })
        register(
            "nn.init.trunc_normal_",
            tensor: { call in
                Initializers.truncNormal_(
                    try call.tensor(0, "tensor"), mean: try call.double(1, "mean", default: 0),
                    std: try call.double(2, "std", default: 1), from: try call.double(3, "a", default: -2),
                    to: try call.double(4, "b", default: 2))
            })
        register(
            "nn.init.xavier_uniform_",
            tensor: { call in
                Initializers.xavierUniform_(try call.tensor(0, "tensor"), gain: try call.double(1, "gain", default: 1))
            })
        register(
            "nn.init.xavier_normal_",
            tensor: { call in
                Initializers.xavierNormal_(try call.tensor(0, "tensor"), gain: try call.double(1, "gain", default: 1))
            })
        register(
            "nn.init.kaiming_uniform_",
            tensor: { call in
                let (mode, activation) = try Self.kaiming(call)
                return Initializers.kaimingUniform_(
                    try call.tensor(0, "tensor"), mode: mode, nonlinearity: activation)
            })
        register(
            "nn.init.kaiming_normal_",
            tensor: { call in
                let (mode, activation) = try Self.kaiming(call)
                return Initializers.kaimingNormal_(
                    try call.tensor(0, "tensor"), mode: mode, nonlinearity: activation)
            })
        register(
            "nn.init.orthogonal_",
            tensor: { call in
                Initializers.orthogonal_(try call.tensor(0, "tensor"), gain: try call.double(1, "gain", default: 1))
            })
        register(
            "nn.init.sparse_",
            tensor: { call in
                Initializers.sparse_(
                    try call.tensor(0, "tensor"), sparsity: try call.number(1, "sparsity").scalar.asDouble,
                    std: try call.double(2, "std", default: 0.01))
            })
    }

    private static func kaiming(_ call: Call) throws -> (Initializers.FanMode, Initializers.Nonlinearity) {
        let slope = try call.double(1, "a", default: 0)
        let modes: [String: Initializers.FanMode] = ["fan_in": .fanIn, "fan_out": .fanOut]
        let activations: [String: Initializers.Nonlinearity] = [
            "leaky_relu": .leakyRelu(negativeSlope: slope), "relu": .relu, "tanh": .tanh, "sigmoid": .sigmoid,
            "linear": .linear, "selu": .selu,
        ]
        return (
            try call.choice(2, "mode", modes) ?? .fanIn,
            try call.choice(3, "nonlinearity", activations) ?? .leakyRelu(negativeSlope: slope)
        )
    }
}
