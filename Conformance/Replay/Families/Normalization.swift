import Torchlight

extension Registry {
    /// Normalisations over batches, layers, groups and neighbours.
    mutating func registerNormalizations() {
        register(
            "nn.functional.normalize",
            tensor: { call in
                Torchlight.normalize(
                    try call.tensor(0), p: try call.double(1, "p", default: 2), dim: try call.int(2, "dim", default: 1),
                    eps: try call.double(3, "eps", default: 1e-12))
            })
        register(
            "group_norm", "nn.functional.group_norm",
            tensor: { call in
                Torchlight.groupNorm(
                    try call.tensor(0), try call.int(1, "num_groups"), try call.optionalTensor(2, "weight"),
                    try call.optionalTensor(3, "bias"), eps: try call.double(4, "eps", default: 1e-5))
            })
        register(
            "nn.functional.instance_norm",
            tensor: { call in
                Torchlight.instanceNorm(
                    try call.tensor(0), try call.optionalTensor(1, "running_mean"),
                    try call.optionalTensor(2, "running_var"), try call.optionalTensor(3, "weight"),
                    try call.optionalTensor(4, "bias"),
                    useInputStats: try call.bool(5, "use_input_stats", default: true),
                    momentum: try call.double(6, "momentum", default: 0.1),
                    eps: try call.double(7, "eps", default: 1e-5))
            })
        register(
            "layer_norm", "nn.functional.layer_norm",
            tensor: { call in
                Torchlight.layerNorm(
                    try call.tensor(0), try call.ints(1, "normalized_shape"), try call.optionalTensor(2, "weight"),
                    try call.optionalTensor(3, "bias"), eps: try call.double(4, "eps", default: 1e-5))
            })
        register(
            "rms_norm", "nn.functional.rms_norm",
            tensor: { call in
                Torchlight.rmsNorm(
                    try call.tensor(0), try call.ints(1, "normalized_shape"), try call.optionalTensor(2, "weight"),
                    eps: try call.optionalDouble(3, "eps"))
            })
        register(
            "nn.functional.local_response_norm",
            tensor: { call in
                Torchlight.localResponseNorm(
                    try call.tensor(0), size: try call.int(1, "size"),
                    alpha: try call.double(2, "alpha", default: 1e-4),
                    beta: try call.double(3, "beta", default: 0.75), k: try call.double(4, "k", default: 1))
            })
        register(
            "nn.functional.batch_norm",
            tensor: { call in
                Torchlight.batchNorm(
                    try call.tensor(0), try call.optionalTensor(1, "running_mean"),
                    try call.optionalTensor(2, "running_var"), try call.optionalTensor(3, "weight"),
                    try call.optionalTensor(4, "bias"), training: try call.bool(5, "training"),
                    momentum: try call.double(6, "momentum", default: 0.1),
                    eps: try call.double(7, "eps", default: 1e-5))
            })
    }
}
