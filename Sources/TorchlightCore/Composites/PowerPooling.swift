// Pooling by a p-norm: `(sum of x^p over the window)^(1/p)`, from means of powers.

private func root(of means: Tensor, _ normType: Double, _ count: Int) -> Tensor {
    // A sum of odd powers may be negative, and has no root.
    ((means.sign() * means.abs().relu()) * Double(count)).pow(1 / normType)
}

/// The p-norm of each window of the last dimension: `[N, C, L] -> [N, C, L']`. Floating point.
public func lpPool1d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Int, stride: Int? = nil, ceilMode: Bool = false
) -> Tensor {
    root(of: avgPool1d(x.pow(normType), kernelSize, stride: stride, ceilMode: ceilMode), normType, kernelSize)
}

/// The p-norm of each window of the last two dimensions: `[N, C, H, W] -> [N, C, H', W']`. Floating point.
public func lpPool2d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size2, stride: Size2? = nil, ceilMode: Bool = false
) -> Tensor {
    root(
        of: avgPool2d(x.pow(normType), kernelSize, stride: stride, ceilMode: ceilMode), normType,
        kernelSize.dims.product)
}

/// The p-norm of each window of the last three dimensions: `[N, C, D, H, W] -> [N, C, D', H', W']`. Floating point.
public func lpPool3d(
    _ x: Tensor, _ normType: Double, _ kernelSize: Size3, stride: Size3? = nil, ceilMode: Bool = false
) -> Tensor {
    root(
        of: avgPool3d(x.pow(normType), kernelSize, stride: stride, ceilMode: ceilMode), normType,
        kernelSize.dims.product)
}
