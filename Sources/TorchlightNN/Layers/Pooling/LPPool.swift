import TorchlightCore

/// Base class of ``LPPool1d``, ``LPPool2d`` and ``LPPool3d``.
public class LPPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The exponent p.
    public final let normType: Double
    /// The kernel size: the size of a window.
    public final let kernelSize: Size
    /// The stride: the distance between neighbouring windows; nil (the default) for the kernel size.
    public final let stride: Size?
    /// Whether the output size is rounded up instead of down, so that a window may extend past the end. Default: false.
    public final let ceilMode: Bool

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - normType: The exponent p, not 0.
    ///   - kernelSize: The size of a window.
    ///   - stride: The distance between neighbouring windows. Default: the kernel size.
    ///   - ceilMode: Whether the output size is rounded up instead of down. Default: false.
    public init(_ normType: Double, _ kernelSize: Size, stride: Size? = nil, ceilMode: Bool = false) {
        self.normType = normType
        self.kernelSize = kernelSize
        self.stride = stride
        self.ceilMode = ceilMode
        super.init()
    }

    /// Returns the p-norm of each window.
    public final func forward(_ x: Tensor) -> Tensor {
        lpPool(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
    }

    public override final var extraDescription: String {
        let p =
            normType == normType.rounded() && abs(normType) < 1e15
            ? "\(Int(saturating: normType))" : Printed.number(normType)
        return "norm_type=\(p), kernel_size=\(kernelSize), stride=\(Printed.optional(stride) { "\($0)" }), "
            + "ceil_mode=\(Printed.bool(ceilMode))"
    }
}

/// Applies 1-D power-average pooling: the p-norm `(Σ xᵖ)^(1/p)` of each window, where p is `normType`.
///
/// Shapes: `[N, C, L] -> [N, C, L']`, or without N, where `L' = ⌊(L − kernelSize) / stride + 1⌋`; with `ceilMode` the
/// size is rounded up. p = 1 gives a sum, p = ∞ the maximum absolute value; p = 0 is an error.
public final class LPPool1d: LPPoolLayer<Int> {}

/// Applies 2-D power-average pooling: the p-norm `(Σ xᵖ)^(1/p)` of each window, where p is `normType`.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`, or without N, where `H' = ⌊(H − kernelSize) / stride + 1⌋` and likewise
/// for W'; with `ceilMode` the size is rounded up. p = 1 gives a sum, p = ∞ the maximum absolute value; p = 0 is an error.
public final class LPPool2d: LPPoolLayer<Size2> {}

/// Applies 3-D power-average pooling: the p-norm `(Σ xᵖ)^(1/p)` of each window, where p is `normType`.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`, or without N, where `D' = ⌊(D − kernelSize) / stride + 1⌋` and
/// likewise for H' and W'; with `ceilMode` the size is rounded up. p = 1 gives a sum, p = ∞ the maximum absolute value; p = 0 is an
/// error.
public final class LPPool3d: LPPoolLayer<Size3> {}
