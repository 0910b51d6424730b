import Torchlight

extension Registry {
    /// Windows of signal processing.
    mutating func registerWindows() {
        typealias Periodic = (Int, Bool, DType, Bool) -> Tensor
        func periodic(_ name: String, _ make: @escaping Periodic) {
            register(
                name,
                tensor: { call in
                    make(
                        try call.int(0, "window_length"), try call.bool(1, "periodic", default: true),
                        try call.optionalDType(nil) ?? .default, try call.bool(nil, "requires_grad"))
                })
        }
        periodic("bartlett_window") { Tensor.bartlettWindow($0, periodic: $1, dtype: $2, requiresGrad: $3) }
        periodic("blackman_window") { Tensor.blackmanWindow($0, periodic: $1, dtype: $2, requiresGrad: $3) }
        periodic("hann_window") { Tensor.hannWindow($0, periodic: $1, dtype: $2, requiresGrad: $3) }
        register(
            "hamming_window",
            tensor: { call in
                Tensor.hammingWindow(
                    try call.int(0, "window_length"), periodic: try call.bool(1, "periodic", default: true),
                    alpha: try call.double(2, "alpha", default: 0.54), beta: try call.double(3, "beta", default: 0.46),
                    dtype: try call.optionalDType(nil) ?? .default, requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "kaiser_window",
            tensor: { call in
                Tensor.kaiserWindow(
                    try call.int(0, "window_length"), periodic: try call.bool(1, "periodic", default: true),
                    beta: try call.double(2, "beta", default: 12), dtype: try call.optionalDType(nil) ?? .default,
                    requiresGrad: try call.bool(nil, "requires_grad"))
            })

        typealias Window = (Call, Int, Bool, DType, Bool) throws -> Tensor
        func window(_ name: String, _ make: @escaping Window) {
            register(
                "signal.windows." + name,
                tensor: { call in
                    try make(
                        call, try call.int(0, "M"), try call.bool(nil, "sym", default: true),
                        try call.optionalDType(nil) ?? .default, try call.bool(nil, "requires_grad"))
                })
        }
        typealias Windows = Signal.Windows
        window("bartlett") { Windows.bartlett($1, sym: $2, dtype: $3, requiresGrad: $4) }
        window("blackman") { Windows.blackman($1, sym: $2, dtype: $3, requiresGrad: $4) }
        window("cosine") { Windows.cosine($1, sym: $2, dtype: $3, requiresGrad: $4) }
        window("hamming") { Windows.hamming($1, sym: $2, dtype: $3, requiresGrad: $4) }
        window("hann") { Windows.hann($1, sym: $2, dtype: $3, requiresGrad: $4) }
        window("nuttall") { Windows.nuttall($1, sym: $2, dtype: $3, requiresGrad: $4) }
        window("exponential") { call, count, sym, dtype, requiresGrad in
            Windows.exponential(
                count, center: try call.optionalDouble(nil, "center"), tau: try call.double(nil, "tau", default: 1),
                sym: sym, dtype: dtype, requiresGrad: requiresGrad)
        }
        window("gaussian") { call, count, sym, dtype, requiresGrad in
            Windows.gaussian(
                count, std: try call.double(nil, "std", default: 1), sym: sym, dtype: dtype, requiresGrad: requiresGrad)
        }
        window("kaiser") { call, count, sym, dtype, requiresGrad in
            Windows.kaiser(
                count, beta: try call.double(nil, "beta", default: 12), sym: sym, dtype: dtype,
                requiresGrad: requiresGrad)
        }
        window("general_cosine") { call, count, sym, dtype, requiresGrad in
            Windows.generalCosine(
                count, a: try call.doubles(nil, "a"), sym: sym, dtype: dtype, requiresGrad: requiresGrad)
        }
        window("general_hamming") { call, count, sym, dtype, requiresGrad in
            Windows.generalHamming(
                count, alpha: try call.double(nil, "alpha", default: 0.54), sym: sym, dtype: dtype,
                requiresGrad: requiresGrad)
        }
    }

    /// How parameters are filled.
    mutating func registerInitializers() {
        register("nn.init.ones_", tensor: { call in Initializers.ones_(try call.tensor(0, "tensor")) })
        register("nn.init.zeros_", tensor: { call in Initializers.zeros_(try call.tensor(0, "tensor")) })
        register("nn.init.eye_", tensor: { call in Initializers.eye_(try call.tensor(0, "tensor")) })
        register(
            "nn.init.constant_",
            tensor: { call in
                Initializers.constant_(
                    try call.tensor(0, "tensor"), try call.number(1, "val").scalar.asDouble)
            })
        register(
            "nn.init.dirac_",
            tensor: { call in
                Initializers.dirac_(try call.tensor(0, "tensor"), groups: try call.int(1, "groups", default: 1))
            })
        register(
            "nn.init.calculate_gain",
            answer: { call in
                let slope = try call.optionalDouble(1, "param")
                let function: Initializers.Nonlinearity
                switch try call.optionalString(0, "nonlinearity") {
                case "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
                    "conv_transpose3d":
                    function = .linear
                case "sigmoid": function = .sigmoid
                case "tanh": function = .tanh
                case "relu": function = .relu
                case "selu": function = .selu
                case "leaky_relu": function = .leakyRelu(negativeSlope: slope ?? 0.01)
                default: throw NotSupported("the nonlinearity")
                }
                return .number(.double(function.gain))
            })
    }
}
