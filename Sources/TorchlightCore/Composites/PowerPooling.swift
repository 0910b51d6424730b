// Pooling by a p-norm: `(sum of x^p over the window)^(1/p)`, from means of powers; for an infinite p the largest or
// smallest magnitude.

/// Pools `x` with what takes the means, or the largest elements, of its windows of so many elements.
private func pool(
    _ operation: String, _ x: Tensor, _ normType: Double, _ count: Int, mean: (Tensor) -> Tensor,
    largest: (Tensor) -> Tensor
) -> Tensor {
    guard normType != 0, !normType.isNaN else {
        return fail(
            TensorError(
                .value, in: operation, "there is no such norm", got: "\(normType)", expected: "a number other than 0",
                operands: [x]), like: x)
    }
    if normType == .infinity { return largest(x.abs()) }
    if normType == -.infinity { return -largest(-x.abs()) }
    let means = mean(x.pow(normType))
    // A sum of odd powers may be negative, and has no root.
    return ((means.sign() * means.abs().relu()) * Double(count)).pow(1 / normType)
}

/// The p-norm of each window of the last dimension: `[N, C, L] -> [N, C, L']`. Floating point; p is not 0.
public func lpPool1d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Int, stride: Int? = nil, ceilMode: Bool = false
) -> Tensor {
    pool(
        "lpPool1d", x, normType, kernelSize,
        mean: { avgPool1d($0, kernelSize, stride: stride, ceilMode: ceilMode) },
        largest: { maxPool1d($0, kernelSize, stride: stride, ceilMode: ceilMode) })
}

/// The p-norm of each window of the last two dimensions: `[N, C, H, W] -> [N, C, H', W']`. Floating point; p is not 0.
public func lpPool2d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size2, stride: Size2? = nil, ceilMode: Bool = false
) -> Tensor {
    pool(
        "lpPool2d", x, normType, kernelSize.dims.product,
        mean: { avgPool2d($0, kernelSize, stride: stride, ceilMode: ceilMode) },
        largest: { maxPool2d($0, kernelSize, stride: stride, ceilMode: ceilMode) })
}

/// The p-norm of each window of the last three dimensions: `[N, C, D, H, W] -> [N, C, D', H', W']`. Floating point; p is
/// not 0.
public func lpPool3d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size3, stride: Size3? = nil, ceilMode: Bool = false
) -> Tensor {
    pool(
        "lpPool3d", x, normType, kernelSize.dims.product,
        mean: { avgPool3d($0, kernelSize, stride: stride, ceilMode: ceilMode) },
        largest: { maxPool3d($0, kernelSize, stride: stride, ceilMode: ceilMode) })
}
