import TorchlightCore

/// What the partial inverses of max pooling of one to three dimensions share: the windows that were pooled.
public class MaxUnpoolLayer<Size: SpatialSize>: Module {
    /// The size of the windows that were pooled.
    public final let kernelSize: Size
    /// The distance between them; that of the kernel size by default.
    public final let stride: Size
    /// What was added on every side.
    public final let padding: Size

    /// A layer for what such windows were pooled to.
    public init(_ kernelSize: Size, stride: Size? = nil, padding: Size = 0) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        super.init()
    }

    /// The elements of x at their indices; `outputSize` where inputs of several sizes are pooled to that of x.
    public final func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        scope(x, indices) { x, indices in
            maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
        }
    }

    public override final var extraDescription: String {
        "kernel_size=\(Printed.tuple(kernelSize.perDimension)), stride=\(Printed.tuple(stride.perDimension)), "
            + "padding=\(Printed.tuple(padding.perDimension))"
    }
}

/// Puts the values that ``MaxPool1d`` found at their indices, among zeros.
///
/// Shapes: `[N, C, L']` and indices of the same shape `-> [N, C, L]`.
public final class MaxUnpool1d: MaxUnpoolLayer<Int> {}

/// Puts the values that ``MaxPool2d`` found at their indices, among zeros.
///
/// Shapes: `[N, C, H', W']` and indices of the same shape `-> [N, C, H, W]`.
public final class MaxUnpool2d: MaxUnpoolLayer<Size2> {}

/// Puts the values that ``MaxPool3d`` found at their indices, among zeros.
///
/// Shapes: `[N, C, D', H', W']` and indices of the same shape `-> [N, C, D, H, W]`.
public final class MaxUnpool3d: MaxUnpoolLayer<Size3> {}
