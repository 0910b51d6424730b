// Normalisations that are computed by batch or layer normalisation with another shape.

/// Group normalisation: `(x - mean) / sqrt(var + eps) * weight + bias`, with mean and biased variance of each sample
/// and group of channels (Wu and He, 2018).
///
/// Shapes: `x [N, C, *]`, `weight` and `bias [C] -> [N, C, *]`. An error if `C` is not divisible by `numGroups`.
///
/// - Parameters:
///   - numGroups: the number of groups of channels.
///   - weight: the scale of each channel. Default: 1.
///   - bias: the shift of each channel. Default: 0.
///   - eps: a constant added to the variance. Default: 1e-5.
public func groupNorm(
    _ x: Tensor, _ numGroups: Int, _ weight: Tensor? = nil, _ bias: Tensor? = nil, eps: Double = 1e-5
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if let placeholder = [x, weight, bias].compactMap({ $0 }).first(where: \.isPlaceholder) { return placeholder }
        try checkFloating(x, in: "groupNorm")
        guard x.rank >= 2, numGroups > 0, x.layout.shape[1] > 0, x.layout.shape[1] % numGroups == 0 else {
            throw TensorError(
                .shape, in: "groupNorm", "the number of channels is not divisible by the number of groups",
                got: quantity(numGroups, "group"),
                expected: "[N, C, *] with C a multiple of the number of groups, and not 0", operands: [x])
        }
        let scale = try channelParameter(weight, x, "weight", in: "groupNorm")
        let shift = try channelParameter(bias, x, "bias", in: "groupNorm")
        let samples = x.layout.shape[0]
        guard x.count > 0 || samples == 0 else {
            throw TensorError(
                .shape, in: "groupNorm", "the channels are empty", expected: "at least one element in each channel",
                operands: [x])
        }
        guard x.count > 0 else { return scaled(x, scale, shift) }
        let width = x.count / (samples * numGroups)
        // float16 and bfloat16 are rounded once, at the end.
        let wide = x.to(x.dtype.computeType)
        let y = layerNorm(wide.reshape([samples * numGroups, width]), [width], eps: eps).reshape(x.shape)
        return scaled(y, scale, shift).to(x.dtype)
    }
}

/// A parameter with one element for each channel, reshaped to `[1, C, 1, ...]`.
private func channelParameter(
    _ parameter: Tensor?, _ x: Tensor, _ name: String, in operation: String
) throws(TensorError) -> Tensor? {
    guard let parameter else { return nil }
    let channels = x.layout.shape[1]
    guard parameter.rank == 1, parameter.count == channels else {
        throw TensorError(
            .shape, in: operation, "the \(name) does not have one element for each channel", expected: "[\(channels)]",
            operands: [x, parameter])
    }
    var shape = Array(repeating: 1, count: x.rank)
    shape[1] = channels
    return parameter.reshape(shape)
}

/// Instance normalisation: `(x - mean) / sqrt(var + eps) * weight + bias`, with mean and biased variance of each
/// channel of each sample (Ulyanov et al., 2016).
///
/// Shapes: `x [N, C, *]`; `runningMean`, `runningVar`, `weight` and `bias [C] -> [N, C, *]`.
///
/// - Parameters:
///   - runningMean: the running mean. If `useInputStats` is true, it is updated in place.
///   - runningVar: the running variance. If `useInputStats` is true, it is updated in place.
///   - weight: the scale of each channel. Default: 1.
///   - bias: the shift of each channel. Default: 0.
///   - useInputStats: whether to normalise with the statistics of the input instead of the running ones. Default: true.
///   - momentum: the weight of the new statistics, averaged over the samples, in the running ones. Default: 0.1.
///   - eps: a constant added to the variance. Default: 1e-5.
public func instanceNorm(
    _ x: Tensor, _ runningMean: Tensor? = nil, _ runningVar: Tensor? = nil, _ weight: Tensor? = nil,
    _ bias: Tensor? = nil, useInputStats: Bool = true, momentum: Double = 0.1, eps: Double = 1e-5
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        let all = [x, runningMean, runningVar, weight, bias].compactMap { $0 }
        if let placeholder = all.first(where: \.isPlaceholder) { return placeholder }
        try checkFloating(x, in: "instanceNorm")
        guard x.rank >= 2 else {
            throw TensorError(
                .shape, in: "instanceNorm", "the input has no channels", expected: "[N, C, *]", operands: [x])
        }
        let (samples, channels) = (x.layout.shape[0], x.layout.shape[1])
        guard !useInputStats || x.count != samples * channels else {
            throw TensorError(
                .shape, in: "instanceNorm", "a channel of a sample has only one element, whose variance is 0",
                expected: "more than one element in each channel", operands: [x])
        }
        guard useInputStats || (runningMean != nil && runningVar != nil) else {
            throw TensorError(
                .value, in: "instanceNorm", "useInputStats is false, but there are no running statistics",
                expected: "running statistics, or useInputStats: true", operands: [x])
        }
        let scale = try channelParameter(weight, x, "weight", in: "instanceNorm")
        let shift = try channelParameter(bias, x, "bias", in: "instanceNorm")
        // All channels of all samples become the channels of one sample.
        let mean = runningMean.map { $0.detach().repeat(samples) }
        let variance = runningVar.map { $0.detach().repeat(samples) }
        let folded = x.reshape([1, samples * channels] + x.shape.dropFirst(2))
        let wide = folded.to(x.dtype.computeType)
        let y = batchNorm(wide, mean, variance, training: useInputStats, momentum: momentum, eps: eps)
            .reshape(x.shape)
        if useInputStats, samples > 0 {
            noGrad {
                for (running, repeated) in [(runningMean, mean), (runningVar, variance)] {
                    guard let running, let repeated else { continue }
                    running.copy_(repeated.reshape([samples, channels]).mean(dim: 0))
                }
            }
        }
        return scaled(y, scale, shift).to(x.dtype)
    }
}

private func scaled(_ x: Tensor, _ scale: Tensor?, _ shift: Tensor?) -> Tensor {
    switch (scale, shift) {
    case (nil, nil): x
    case (let scale?, nil): x * scale.to(x.dtype)
    case (nil, let shift?): x + shift.to(x.dtype)
    case (let scale?, let shift?): shift.to(x.dtype).addcmul(x, scale.to(x.dtype))
    }
}

/// Root-mean-square normalisation over the last dimensions: `x / sqrt(mean(x^2) + eps) * weight` (Zhang and Sennrich,
/// 2019).
///
/// Shapes: `x [*, D]`, `weight [D] -> [*, D]`, where `D` is `normalizedShape`. float16 and bfloat16 are computed in
/// float32. The mean square of complex numbers is that of `x^2`, not of the absolute values, as in PyTorch.
///
/// - Parameters:
///   - normalizedShape: the sizes of the dimensions to normalise over, which must be the last ones of `x`.
///   - weight: the scale of each element. Default: 1.
///   - eps: a constant added to the mean square. Default: the machine epsilon of the dtype.
public func rmsNorm(
    _ x: Tensor, _ normalizedShape: [Int], _ weight: Tensor? = nil, eps: Double? = nil
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder || weight?.isPlaceholder == true { return x }
        if !x.dtype.isComplex { try checkFloating(x, in: "rmsNorm") }
        guard !normalizedShape.isEmpty, x.rank >= normalizedShape.count,
            Array(x.shape.suffix(normalizedShape.count)) == normalizedShape
        else {
            throw TensorError(
                .shape, in: "rmsNorm", "the last dimensions of the input do not have the normalized shape",
                got: "normalizedShape \(normalizedShape)",
                expected: "an input of shape [*, " + normalizedShape.map(String.init).joined(separator: ", ") + "]",
                operands: [x])
        }
        if let weight, weight.shape != normalizedShape {
            throw TensorError(
                .shape, in: "rmsNorm", "the weight does not have the normalized shape", expected: "\(normalizedShape)",
                operands: [x, weight])
        }
        let wide = x.dtype == x.dtype.computeType ? x : x.to(x.dtype.computeType)
        let dims = Array((x.rank - normalizedShape.count)..<x.rank)
        // The root mean square by the norm, whose squares neither overflow nor underflow.
        let width = normalizedShape.reduce(1, *)
        let epsilon = eps ?? x.dtype.toReal.epsilon
        if x.dtype.isComplex {
            let y = x * (x.square().mean(dim: dims, keepdim: true) + epsilon).rsqrt()
            return weight.map { y * $0 } ?? y
        }
        let root = wide.norm(dim: dims, keepdim: true) * (1 / Double(Swift.max(width, 1)).squareRoot())
        let rstd =
            epsilon < 0
            ? (root.square() + epsilon).rsqrt()
            : root.hypot(Tensor.wrap(.double(epsilon.squareRoot()))).reciprocal()
        var y = wide * rstd
        if let weight { y = y * weight.to(y.dtype) }
        return y.dtype == x.dtype ? y : y.to(x.dtype)
    }
}

extension DType {
    /// The machine epsilon: the distance from 1 to the next larger number; 0 for integers.
    var epsilon: Double {
        switch self {
        case .float64: 0x1p-52
        case .float32: 0x1p-23
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        default: 0
        }
    }
}

/// Local response normalisation across channels: `x / (k + alpha * mean of x^2 over size adjacent channels)^beta`
/// (Krizhevsky et al., 2012).
///
/// Shapes: `[N, C, *] -> [N, C, *]`. Channels out of range count as 0.
///
/// - Parameters:
///   - size: the number of adjacent channels.
///   - alpha: the factor of the mean. Default: 1e-4.
///   - beta: the exponent. Default: 0.75.
///   - k: the additive constant. Default: 1.
public func localResponseNorm(
    _ x: Tensor, size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        guard x.rank >= 3, size > 0 else {
            throw TensorError(
                .shape, in: "localResponseNorm", "the input has fewer than 3 dimensions, or size is not positive",
                got: "size \(size)", expected: "[N, C, *] of at least 3 dimensions and a positive size", operands: [x])
        }
        if x.count == 0 { return x }
        let channels = x.layout.shape[1]
        var widths = Array(repeating: 0, count: 2 * x.rank)
        let channelEntry = 2 * (x.rank - 2)
        widths[channelEntry] = size / 2
        widths[channelEntry + 1] = (size - 1) / 2
        // As PyTorch's avg_pool3d, used for two or more spatial dimensions, autocast computes in float32.
        let squares = isAutocasting && x.rank >= 4 ? inFloat32 { $0(x * x) } : x * x
        let padded = squares.pad(Array(widths[0...(channelEntry + 1)]))
        if padded.isPlaceholder { return padded }
        var sum = padded.narrow(1, start: 0, length: channels)
        for i in 1..<max(size, 1) { sum = sum + padded.narrow(1, start: i, length: channels) }
        // The mean of integers is an integer.
        let mean = x.dtype.isFloatingPoint ? sum / size : sum.floorDivide(size)
        return x / (mean * alpha + k).pow(beta)
    }
}

/// Normalises vectors along a dimension to p-norm 1: `x / max(norm(x, p), eps)`. The shape is that of `x`.
///
/// - Parameters:
///   - p: the order of the norm. Default: 2.
///   - dim: the dimension of the vectors. Default: 1.
///   - eps: the minimum of the norm, to avoid a division by 0. Default: 1e-12.
public func normalize(_ x: Tensor, p: Double = 2, dim: Int = 1, eps: Double = 1e-12) -> Tensor {
    if x.isPlaceholder { return x }
    return x / x.norm(p: p, dim: dim, keepdim: true).clamp(min: eps)
}
