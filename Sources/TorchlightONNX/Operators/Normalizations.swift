import TorchlightCore

func registerNormalizations(in table: inout OperatorTable) {
    table.add("BatchNormalization", 5...5, batchNormalized)
    table.add("InstanceNormalization", 3...3) { call in
        let (x, scale, bias) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
        return try call.like(0, instanceNorm(x, nil, nil, scale, bias, eps: try call.float("epsilon", 1e-5)))
    }
    table.add("GroupNormalization", since: 18, 3...3) { call in
        let x = try call.tensor(0)
        guard x.rank > 2 else { throw Problem("a tensor of shape \(x.shape)", expected: "[N, C, ...]") }
        let groups = try call.int("num_groups", 0)
        let (channels, scale, bias) = (x.shape[1], try call.tensor(1), try call.tensor(2))
        guard groups > 0, channels % groups == 0 else {
            throw Problem("\(quantity(channels, "channel")) in \(quantity(groups, "group"))")
        }
        let normal = groupNorm(x, groups, eps: try call.float("epsilon", 1e-5))
        // The first version has one scale per group, later ones one per channel.
        func spread(_ factor: Tensor) -> Tensor {
            let all = factor.count == channels ? factor : factor.repeatInterleave(channels / groups)
            return all.reshape([channels] + [Int](repeating: 1, count: x.rank - 2))
        }
        return try call.like(0, normal * spread(scale) + spread(bias))
    }
    table.add("LayerNormalization", since: 17, 2...3) { call in
        let (x, scale) = (try call.tensor(0), try call.tensor(1))
        let axis = try call.dim(try call.int("axis", -1), x.rank)
        let eps = try call.float("epsilon", 1e-5)
        let bias = try call.optional(2)
        let sizes = Array(x.shape[axis...])
        let wantsMean = call.node.outputs.count > 1
        if !wantsMean, scale.shape == sizes, bias.map({ $0.shape == sizes }) ?? true {
            return try call.like(0, layerNorm(x, sizes, scale, bias, eps: eps))
        }
        let wide = x.dtype == .float64 ? x : x.to(.float32)
        let dims = Array(axis..<x.rank)
        let mean = wide.mean(dim: dims, keepdim: true)
        let centred = wide - mean
        let inverse = (centred.square().mean(dim: dims, keepdim: true) + eps).rsqrt()
        var result = (centred * inverse).to(x.dtype) * scale
        if let bias { result = result + bias }
        return try call.like(0, result) + one(mean) + one(inverse)
    }
    table.add("RMSNormalization", since: 23, 2...2) { call in
        let (x, scale) = (try call.tensor(0), try call.tensor(1))
        let axis = try call.dim(try call.int("axis", -1), x.rank)
        let wide = x.dtype == .float64 ? x : x.to(.float32)
        let square = wide.square().mean(dim: Array(axis..<x.rank), keepdim: true)
        let normal = wide * (square + (try call.float("epsilon", 1e-5))).rsqrt()
        return try call.like(0, normal.to(x.dtype) * scale)
    }
    table.add("LRN", 1...1) { call in
        let x = try call.tensor(0)
        guard let size = try call.int("size"), size > 0, x.rank >= 2 else {
            throw Problem("the attribute size is missing", kind: .invalid)
        }
        let (alpha, beta, k) = (try call.float("alpha", 1e-4), try call.float("beta", 0.75), try call.float("bias", 1))
        // The sum of squares over a window of channels, of which `(size - 1) / 2` come before.
        let before = (size - 1) / 2
        let squares = padded(x.square(), 1, before, size - 1 - before)
        let sum = squares.unfold(1, size: size, step: 1).sum(dim: -1)
        return try call.like(0, x / (sum * (alpha / Double(size)) + k).pow(beta))
    }
    table.add("LpNormalization", 1...1) { call in
        let x = try call.tensor(0)
        let dim = try call.dim(try call.int("axis", -1), x.rank)
        let p = try call.int("p", 2)
        let norm = x.norm(p: Double(p), dim: dim, keepdim: true)
        return try call.like(0, Tensor.where(norm .== 0, Tensor.zeros(like: x), x / norm))
    }
    table.add("MeanVarianceNormalization", since: 9, 1...1) { call in
        let x = try call.tensor(0)
        let dims = try (try call.ints("axes") ?? [0, 2, 3]).map { try call.dim($0, x.rank) }
        let centred = x - x.mean(dim: dims, keepdim: true)
        let deviation = centred.square().mean(dim: dims, keepdim: true).sqrt()
        return try call.like(0, centred / (deviation + 1e-9))
    }
}

@Sendable private func batchNormalized(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let (scale, bias, mean, variance) =
        (try call.tensor(1), try call.tensor(2), try call.tensor(3), try call.tensor(4))
    let eps = try call.float("epsilon", 1e-5)
    guard x.rank >= 2 else { throw Problem("a tensor of shape \(x.shape)", expected: "[N, C, ...]") }
    guard try call.flag("training_mode") else {
        if [scale.dtype, bias.dtype, mean.dtype, variance.dtype].allSatisfy({ $0 == x.dtype }) {
            return try call.like(0, batchNorm(x, mean, variance, scale, bias, eps: eps))
        }
        let shape = [scale.count] + [Int](repeating: 1, count: x.rank - 2)
        let factor = scale / (variance + eps).sqrt()
        return try call.like(0, x * factor.reshape(shape) + (bias - mean * factor).reshape(shape))
    }
    let momentum = try call.float("momentum", 0.9)
    let dims = [0] + Array(2..<x.rank)
    let (batchVariance, batchMean) = x.varMean(dim: dims, correction: 0)
    let shape = [scale.count] + [Int](repeating: 1, count: x.rank - 2)
    let factor = (scale / (batchVariance + eps).sqrt()).reshape(shape)
    let result = (x - batchMean.reshape(shape)) * factor + bias.reshape(shape)
    return try call.like(0, result) + call.like(3, mean * momentum + batchMean * (1 - momentum))
        + call.like(4, variance * momentum + batchVariance * (1 - momentum))
}
