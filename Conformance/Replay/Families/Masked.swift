import Torchlight

extension Registry {
    /// Reductions and normalisations under a mask: `torch.masked`.
    mutating func registerMasked() {
        reduction("masked.sum") { Masked.sum($0, dim: $1, keepdim: $2, dtype: $3, mask: $4) }
        reduction("masked.prod") { Masked.prod($0, dim: $1, keepdim: $2, dtype: $3, mask: $4) }
        reduction("masked.amax") { Masked.amax($0, dim: $1, keepdim: $2, dtype: $3, mask: $4) }
        reduction("masked.amin") { Masked.amin($0, dim: $1, keepdim: $2, dtype: $3, mask: $4) }
        reduction("masked.mean") { Masked.mean($0, dim: $1, keepdim: $2, dtype: $3, mask: $4) }
        reduction("masked.logsumexp") { Masked.logsumexp($0, dim: $1, keepdim: $2, dtype: $3, mask: $4) }
        scan("masked.cumsum", Masked.cumsum)
        scan("masked.cumprod", Masked.cumprod)
        scan("masked.softmax", Masked.softmax)
        scan("masked.log_softmax", Masked.logSoftmax)
        scan("masked.softmin", Masked.softmin)
        typealias Deviation = @Sendable (Tensor, [Int], Double, Bool, DType?, Tensor?) -> Tensor
        let deviations: [(String, Deviation)] = [
            ("masked.var", { Masked.var($0, dim: $1, correction: $2, keepdim: $3, dtype: $4, mask: $5) }),
            ("masked.std", { Masked.std($0, dim: $1, correction: $2, keepdim: $3, dtype: $4, mask: $5) }),
        ]
        for (name, function) in deviations {
            register(
                name,
                tensor: { call in
                    let correction =
                        try call.optionalDouble(nil, "correction")
                        ?? (try call.bool(2, "unbiased", default: true) ? 1 : 0)
                    return function(
                        try call.tensor(0), try call.optionalInts(1, "dim") ?? [], correction,
                        try call.bool(nil, "keepdim"), try call.optionalDType(nil), try call.optionalTensor(nil, "mask")
                    )
                })
        }
        register(
            "masked.norm",
            tensor: { call in
                Masked.norm(
                    try call.tensor(0), ord: try call.double(1, "ord", default: 2),
                    dim: try call.optionalInts(2, "dim") ?? [], keepdim: try call.bool(nil, "keepdim"),
                    dtype: try call.optionalDType(nil), mask: try call.optionalTensor(nil, "mask"))
            })
        register(
            "masked.normalize",
            tensor: { call in
                Masked.normalize(
                    try call.tensor(0), ord: try call.double(1, "ord", default: 2), dim: try call.int(2, "dim"),
                    eps: try call.double(nil, "eps", default: 1e-12), dtype: try call.optionalDType(nil),
                    mask: try call.optionalTensor(nil, "mask"))
            })
    }

    private mutating func reduction(
        _ name: String, _ function: @escaping (Tensor, [Int], Bool, DType?, Tensor?) -> Tensor
    ) {
        register(
            name,
            tensor: { call in
                function(
                    try call.tensor(0), try call.optionalInts(1, "dim") ?? [], try call.bool(nil, "keepdim"),
                    try call.optionalDType(nil), try call.optionalTensor(nil, "mask"))
            })
    }

    private mutating func scan(_ name: String, _ function: @escaping (Tensor, Int, DType?, Tensor?) -> Tensor) {
        register(
            name,
            tensor: { call in
                function(
                    try call.tensor(0), try call.int(1, "dim"), try call.optionalDType(nil),
                    try call.optionalTensor(nil, "mask"))
            })
    }
}
