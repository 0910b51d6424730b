import TorchlightCore

/// What the pooling by p-norms of one to three dimensions shares: the exponent and the windows.
public class LPPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The exponent p.
    public final let normType: Double
    /// The size of the window.
    public final let kernelSize: Size
    /// The distance between windows, or nil for that of the kernel size.
    public final let stride: Size?
    /// Whether windows that reach over the end count.
    public final let ceilMode: Bool

    /// A layer with these windows.
    public init(_ normType: Double, _ kernelSize: Size, stride: Size? = nil, ceilMode: Bool = false) {
        self.normType = normType
        self.kernelSize = kernelSize
        self.stride = stride
        self.ceilMode = ceilMode
        super.init()
    }

    /// The norms.
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

/// The p-norm of each window of the last dimension: (Σ xᵖ)^(1/p).
///
/// Shapes: `[N, C, L] -> [N, C, L']`.
public final class LPPool1d: LPPoolLayer<Int> {}

/// The p-norm of each window of the last two dimensions: (Σ xᵖ)^(1/p).
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class LPPool2d: LPPoolLayer<Size2> {}

/// The p-norm of each window of the last three dimensions: (Σ xᵖ)^(1/p).
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`.
public final class LPPool3d: LPPoolLayer<Size3> {}
