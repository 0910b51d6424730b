// Power-average pooling: `(sum of x^p over the window)^(1/p)`, computed from average pooling of powers; for p =
// ±infinity the largest or smallest magnitude.

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
    // A sum of odd powers may be negative and is then set to 0.
    return ((means.sign() * means.abs().relu()) * Double(kernelSize.dims.product)).pow(1 / normType)
}

/// Power-average pooling of a signal: `(sum of x^p over the window)^(1/p)`, `[N, C, L] -> [N, C, L']`. Floating point;
/// `normType` is p and must not be 0.
///
/// - Parameters:
///   - stride: the stride of the window. Default: `kernelSize`.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
public func lpPool1d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Int, stride: Int? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
}

/// Power-average pooling of an image: `(sum of x^p over the window)^(1/p)`, `[N, C, H, W] -> [N, C, H', W']`. Floating
/// point; `normType` is p and must not be 0.
///
/// - Parameters:
///   - stride: the stride of the window. Default: `kernelSize`.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
public func lpPool2d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size2, stride: Size2? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
}

/// Power-average pooling of a volume: `(sum of x^p over the window)^(1/p)`, `[N, C, D, H, W] -> [N, C, D', H', W']`.
/// Floating point; `normType` is p and must not be 0.
///
/// - Parameters:
///   - stride: the stride of the window. Default: `kernelSize`.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
public func lpPool3d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size3, stride: Size3? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
}
