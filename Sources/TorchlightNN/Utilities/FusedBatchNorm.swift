import TorchlightCore

/// Returns the weight and bias of a convolution that computes what a convolution followed by a batch normalisation in
/// evaluation mode computes, as `torch.nn.utils.fuse_conv_bn_weights`:
///
///     weight = convWeight · s    bias = (convBias − runningMean) · s + bnBias    s = bnWeight / √(runningVar + eps)
///
/// - Parameters:
///   - convWeight: The weight of the convolution, `[out, in / groups, *]`, or `[in, out / groups, *]` if it is transposed.
///   - convBias: Its bias, `[out]`; nil for zeros.
///   - runningMean: The running mean of the batch normalisation, `[out]`.
///   - runningVar: Its running variance, `[out]`.
///   - eps: The number that it adds to the variance.
///   - bnWeight: Its weight, `[out]`; nil for ones.
///   - bnBias: Its bias, `[out]`; nil for zeros.
///   - transpose: Whether the convolution is transposed. Default: false.
///   - groups: The number of groups of a transposed convolution. Default: 1.
/// - Returns: Two parameters in the dtypes of `convWeight` and `convBias`, which require gradients if these do.
public func fuseConvBNWeights(
    _ convWeight: Tensor, _ convBias: Tensor?, _ runningMean: Tensor, _ runningVar: Tensor, eps: Double,
    _ bnWeight: Tensor?, _ bnBias: Tensor?, transpose: Bool = false, groups: Int = 1
) -> (weight: Tensor, bias: Tensor) {
    let name = "fuseConvBNWeights"
    if convWeight.isPlaceholder { return (convWeight, convBias ?? convWeight) }
    let channels = runningMean.count
    let rank = convWeight.rank
    let fits =
        rank >= 2 && groups > 0
        && (transpose
            ? convWeight.size(1) *| groups == channels && convWeight.size(0) % groups == 0
            : convWeight.size(0) == channels)
    guard fits else {
        let error = TensorError(
            .shape, in: name, "the weight does not have the channels of the batch normalisation",
            got: "\(quantity(channels, "channel")), \(quantity(groups, "group"))",
            expected: "one output channel for each channel",
            operands: [convWeight, runningMean])
        return (fail(error, like: convWeight), convWeight)
    }
    return noGrad {
        let factor = (bnWeight ?? Tensor.ones(like: runningMean)) * (runningVar + eps).rsqrt()
        let weight: Tensor
        if transpose {
            let (kernel, perGroup) = (Array(convWeight.shape.dropFirst(2)), channels / groups)
            let ones = Array(repeating: 1, count: rank - 2)
            let grouped = convWeight.reshape([groups, convWeight.size(0) / groups, perGroup] + kernel)
            weight = (grouped * factor.reshape([groups, 1, perGroup] + ones)).reshape(convWeight.shape)
        } else {
            weight = convWeight * factor.reshape([channels] + Array(repeating: 1, count: rank - 1))
        }
        return fused(convWeight, weight, convBias, factor, runningMean, bnBias)
    }
}

/// Returns the weight and bias of a linear layer that computes what a linear layer followed by a batch normalisation in
/// evaluation mode computes, as `torch.nn.utils.fuse_linear_bn_weights`.
///
/// The formula is that of ``fuseConvBNWeights(_:_:_:_:eps:_:_:transpose:groups:)``, with a weight `[out, in]`.
public func fuseLinearBNWeights(
    _ linearWeight: Tensor, _ linearBias: Tensor?, _ runningMean: Tensor, _ runningVar: Tensor, eps: Double,
    _ bnWeight: Tensor?, _ bnBias: Tensor?
) -> (weight: Tensor, bias: Tensor) {
    if linearWeight.isPlaceholder { return (linearWeight, linearBias ?? linearWeight) }
    // One channel normalises all features in the same way.
    guard linearWeight.rank == 2, runningMean.count == linearWeight.size(0) || runningMean.count == 1 else {
        let error = TensorError(
            .shape, in: "fuseLinearBNWeights", "the weight does not have the features of the batch normalisation",
            expected: "as many output features as channels, or one channel", operands: [linearWeight, runningMean])
        return (fail(error, like: linearWeight), linearWeight)
    }
    return noGrad {
        let factor = (bnWeight ?? Tensor.ones(like: runningMean)) * (runningVar + eps).rsqrt()
        let zeros = Tensor.zeros([linearWeight.size(0)], dtype: linearWeight.dtype, device: linearWeight.device)
        let fusedParts = fused(
            linearWeight, linearWeight * factor.unsqueeze(-1), linearBias ?? zeros, factor, runningMean, bnBias)
        return fusedParts
    }
}

private func fused(
    _ oldWeight: Tensor, _ weight: Tensor, _ oldBias: Tensor?, _ factor: Tensor, _ runningMean: Tensor,
    _ bnBias: Tensor?
) -> (weight: Tensor, bias: Tensor) {
    let centered = oldBias.map { $0 - runningMean } ?? -runningMean
    let bias = bnBias.map { centered * factor + $0 } ?? centered * factor
    return (
        Parameter(weight.to(oldWeight.dtype), requiresGrad: oldWeight.requiresGrad),
        Parameter(bias.to(oldBias?.dtype ?? oldWeight.dtype), requiresGrad: oldBias?.requiresGrad ?? false)
    )
}

/// Returns a copy of a convolution that also computes the batch normalisation after it, as
/// `torch.nn.utils.fuse_conv_bn_eval`; see ``fuseConvBNWeights(_:_:_:_:eps:_:_:transpose:groups:)``.
///
///     let fused = fuseConvBNEval(conv.eval(), norm.eval())     // fused(x) equals norm(conv(x))
///
/// Both must be in evaluation mode, and the batch normalisation must track running statistics.
public func fuseConvBNEval<Size, Convolution: ConvolutionLayer<Size>>(_ conv: Convolution, _ bn: BatchNorm)
    -> Convolution
{
    guard let (mean, variance) = runningStatistics(conv, bn, "fuseConvBNEval") else { return conv }
    let fused = conv.deepCopy()
    let parts = fuseConvBNWeights(
        conv.weight, conv.bias, mean, variance, eps: bn.eps, bn.weight, bn.bias, transpose: conv.isTransposed,
        groups: conv.groups)
    (fused.weight, fused.bias) = (parts.weight, parts.bias)
    return fused
}

/// Returns a copy of a linear layer that also computes the batch normalisation after it, as
/// `torch.nn.utils.fuse_linear_bn_eval`; see ``fuseLinearBNWeights(_:_:_:_:eps:_:_:)``.
///
/// Both must be in evaluation mode, and the batch normalisation must track running statistics.
public func fuseLinearBNEval<Layer: Linear>(_ linear: Layer, _ bn: BatchNorm) -> Layer {
    guard let (mean, variance) = runningStatistics(linear, bn, "fuseLinearBNEval") else { return linear }
    let fused = linear.deepCopy()
    let parts = fuseLinearBNWeights(
        linear.weight, linear.bias, mean, variance, eps: bn.eps, bn.weight, bn.bias)
    (fused.weight, fused.bias) = (parts.weight, parts.bias)
    return fused
}

private func runningStatistics(_ layer: Module, _ bn: BatchNorm, _ operation: String) -> (Tensor, Tensor)? {
    guard !layer.isTraining, !bn.isTraining, let mean = bn.runningMean, let variance = bn.runningVar else {
        reportFailure(
            TensorError(
                .value, in: operation,
                "a layer is in training mode, or the batch normalisation has no running statistics",
                expected: "both in evaluation mode, with running statistics", fix: "call eval() on both"))
        return nil
    }
    return (mean, variance)
}
