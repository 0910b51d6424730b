// Pooling by a p-norm: `(sum of x^p over the window)^(1/p)`, from means of powers; for an infinite p the largest or
// smallest magnitude.

/// Pooling by p-norms over one to three dimensions; see ``lpPool1d(_:_:_:stride:ceilMode:)``.
package func lpPool<Size: SpatialSize>(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size, stride: Size?, ceilMode: Bool
) -> Tensor {
    func largest(_ x: Tensor) -> Tensor {
        maxPool(x, kernelSize, stride: stride, padding: 0, dilation: 1, ceilMode: ceilMode)
    }
    guard normType != 0, !normType.isNaN else {
        return fail(
            TensorError(
                .value, in: "lpPool\(Size.spatialDimensions)d", "normType is 0 or NaN", got: "\(normType)",
                expected: "a number other than 0",
                operands: [x]), like: x)
    }
    if normType == .infinity { return largest(x.abs()) }
    if normType == -.infinity { return -largest(-x.abs()) }
    let means = avgPool(
        x.pow(normType), kernelSize, stride: stride, padding: 0, ceilMode: ceilMode, countIncludePad: true,
        divisorOverride: nil)
    // A sum of odd powers may be negative, and has no root.
    return ((means.sign() * means.abs().relu()) * Double(kernelSize.dims.product)).pow(1 / normType)
}

/// The p-norm of each window of the last dimension: `[N, C, L] -> [N, C, L']`. Floating point; p is not 0.
public func lpPool1d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Int, stride: Int? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
}

/// The p-norm of each window of the last two dimensions: `[N, C, H, W] -> [N, C, H', W']`. Floating point; p is not 0.
public func lpPool2d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size2, stride: Size2? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
}

/// The p-norm of each window of the last three dimensions: `[N, C, D, H, W] -> [N, C, D', H', W']`. Floating point; p is
/// not 0.
public func lpPool3d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size3, stride: Size3? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
}
