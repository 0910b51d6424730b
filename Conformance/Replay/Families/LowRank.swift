import Torchlight

extension Registry {
    /// What the other files have not: decompositions of low rank, norms by their old names, pooling at random positions.
    mutating func registerOtherNames() {
        register(
            "svd_lowrank",
            tensors: { call in
                let result = svdLowrank(
                    try call.tensor(0, "A"), q: try call.int(1, "q", default: 6),
                    niter: try call.int(2, "niter", default: 2), M: try call.optionalTensor(3, "M"))
                return [result.U, result.S, result.V]
            })
        register(
            "pca_lowrank",
            tensors: { call in
                let result = pcaLowrank(
                    try call.tensor(0, "A"), q: try call.optionalInt(1, "q"),
                    center: try call.bool(2, "center", default: true), niter: try call.int(3, "niter", default: 2))
                return [result.U, result.S, result.V]
            })
        register("lobpcg", tensors: Self.lobpcg)
        register(
            "frobenius_norm",
            tensor: { call in
                frobeniusNorm(
                    try call.tensor(0), dim: try call.ints(1, "dim", default: []), keepdim: try call.bool(2, "keepdim"))
            })
        register(
            "nuclear_norm",
            tensor: { call in
                // Without dimensions, the second argument is `keepdim`.
                let hasFlag = call.value(1, "dim")?.bool != nil
                return nuclearNorm(
                    try call.tensor(0), dim: hasFlag ? nil : try call.optionalInts(1, "dim"),
                    keepdim: try call.bool(hasFlag ? 1 : 2, "keepdim"))
            })
        register(
            "is_same_size",
            answer: { call in .number(.bool(isSameSize(try call.tensor(0), try call.tensor(1, "other")))) })
        register(
            "conv_tbc",
            tensor: { call in
                convTbc(
                    try call.tensor(0), try call.tensor(1, "weight"), try call.tensor(2, "bias"),
                    pad: try call.int(3, "pad", default: 0))
            })
        register(
            "nn.functional.fractional_max_pool2d",
            answer: { call in
                let pooled = fractionalMaxPool2dWithIndices(
                    try call.tensor(0), try call.size2(1, "kernel_size"),
                    outputSize: try call.optionalSize2(2, "output_size"),
                    outputRatio: try call.optionalDoubles(3, "output_ratio"),
                    randomSamples: try call.optionalTensor(nil, "_random_samples"))
                return try Self.results(pooled, call)
            })
        register(
            "nn.functional.fractional_max_pool3d",
            answer: { call in
                let pooled = fractionalMaxPool3dWithIndices(
                    try call.tensor(0), try call.size3(1, "kernel_size"),
                    outputSize: try call.optionalSize3(2, "output_size"),
                    outputRatio: try call.optionalDoubles(3, "output_ratio"),
                    randomSamples: try call.optionalTensor(nil, "_random_samples"))
                return try Self.results(pooled, call)
            })
    }

    private static func results(_ pooled: (values: Tensor, indices: Tensor), _ call: Call) throws -> Answer {
        try call.bool(4, "return_indices") ? .tensors([pooled.values, pooled.indices]) : .tensor(pooled.values)
    }

    /// The recorded calls pass what they mean as a preconditioner and as a number of iterations as a number and as a flag.
    private static func lobpcg(_ call: Call) throws -> [Tensor] {
        let preconditioner = call.value(5, "iK")
        let iterations = call.value(6, "niter")
        let result = Torchlight.lobpcg(
            try call.tensor(0, "A"), k: try call.optionalInt(1, "k"), B: try call.optionalTensor(2, "B"),
            X: try call.optionalTensor(3, "X"), n: try call.optionalInt(4, "n"),
            iK: preconditioner?.number != nil ? nil : try call.optionalTensor(5, "iK"),
            niter: iterations?.bool.map { $0 ? 1 : 0 } ?? iterations?.int ?? 1000,
            tol: try call.optionalDouble(7, "tol"),
            largest: try call.bool(8, "largest", default: true),
            method: try call.choice(9, "method") ?? LOBPCGMethod.ortho)
        return [result.eigenvalues, result.eigenvectors]
    }
}
