import TorchlightCore

/// What max pooling of one to three dimensions shares: the windows.
public class MaxPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The size of the window.
    public final let kernelSize: Size
    /// The distance between windows; that of the kernel size by default.
    public final let stride: Size
    /// Positions added on every side, which are never the largest.
    public final let padding: Size
    /// The distance between neighbouring elements of a window.
    public final let dilation: Size
    /// Whether windows that reach over the end count.
    public final let ceilMode: Bool

    /// A layer with these windows.
    public init(
        _ kernelSize: Size, stride: Size? = nil, padding: Size = 0, dilation: Size = 1, ceilMode: Bool = false
    ) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        self.dilation = dilation
        self.ceilMode = ceilMode
        super.init()
    }

    /// The largest elements.
    public final func forward(_ x: Tensor) -> Tensor {
        maxPool(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// The largest elements, and their positions as ``MaxUnpoolLayer`` takes them.
    public final func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        scope(x) { x in
            maxPoolWithIndices(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
        }
    }

    public override final var extraDescription: String {
        "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding), dilation=\(dilation), "
            + "ceil_mode=\(Printed.bool(ceilMode))"
    }
}

/// The largest element of each window of the last dimension.
///
/// Shapes: `[N, C, L] -> [N, C, L']`.
public final class MaxPool1d: MaxPoolLayer<Int> {}

/// The largest element of each window of the last two dimensions.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class MaxPool2d: MaxPoolLayer<Size2> {}

/// The largest element of each window of the last three dimensions.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`.
public final class MaxPool3d: MaxPoolLayer<Size3> {}
