import TorchlightCore

/// Base class of ``MaxPool1d``, ``MaxPool2d`` and ``MaxPool3d``.
public class MaxPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The kernel size: the size of a window.
    public final let kernelSize: Size
    /// The stride: the distance between neighbouring windows. Default: the kernel size.
    public final let stride: Size
    /// The padding with −∞ on both sides of each spatial dimension, at most half of the kernel size. Default: 0.
    public final let padding: Size
    /// The dilation: the distance between neighbouring elements of a window. Default: 1.
    public final let dilation: Size
    /// Whether the output size is rounded up instead of down, so that a window may extend past the end. Default: false.
    public final let ceilMode: Bool

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - kernelSize: The size of a window.
    ///   - stride: The distance between neighbouring windows. Default: the kernel size.
    ///   - padding: The padding with −∞ on both sides. Default: 0.
    ///   - dilation: The distance between neighbouring elements of a window. Default: 1.
    ///   - ceilMode: Whether the output size is rounded up instead of down. Default: false.
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

    /// Returns the maximum of each window.
    public final func forward(_ x: Tensor) -> Tensor {
        maxPool(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// Returns the maximum of each window and its index, an int64 tensor of row-major indices into the spatial dimensions of
    /// the input. At ties it is the index of the first maximum. ``MaxUnpool1d``, ``MaxUnpool2d`` and ``MaxUnpool3d`` take
    /// these indices.
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

/// Applies 1-D max pooling: the maximum of each window.
///
/// Shapes: `[N, C, L] -> [N, C, L']`, or without N, where
/// `L' = ⌊(L + 2 padding − dilation (kernelSize − 1) − 1) / stride + 1⌋`; with `ceilMode` the size is rounded up. A
/// window that contains NaN gives NaN.
public final class MaxPool1d: MaxPoolLayer<Int> {}

/// Applies 2-D max pooling: the maximum of each window.
///
///     let pool = MaxPool2d(2)
///     let y = pool(x)  // [N, C, H, W] -> [N, C, H / 2, W / 2]
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`, or without N, where
/// `H' = ⌊(H + 2 padding − dilation (kernelSize − 1) − 1) / stride + 1⌋` and likewise for W'; with `ceilMode` the size
/// is rounded up. A window that contains NaN gives NaN.
public final class MaxPool2d: MaxPoolLayer<Size2> {}

/// Applies 3-D max pooling: the maximum of each window.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`, or without N, where
/// `D' = ⌊(D + 2 padding − dilation (kernelSize − 1) − 1) / stride + 1⌋` and likewise for H' and W'; with `ceilMode`
/// the size is rounded up. A window that contains NaN gives NaN.
public final class MaxPool3d: MaxPoolLayer<Size3> {}
