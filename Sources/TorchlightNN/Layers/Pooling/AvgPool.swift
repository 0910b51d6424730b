import TorchlightCore

/// Base class of ``AvgPool1d``, ``AvgPool2d`` and ``AvgPool3d``.
public class AvgPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The kernel size: the size of a window.
    public final let kernelSize: Size
    /// The stride: the distance between neighbouring windows. Default: the kernel size.
    public final let stride: Size
    /// The zero padding on both sides of each spatial dimension, at most half of the kernel size. Default: 0.
    public final let padding: Size
    /// Whether the output size is rounded up instead of down, so that a window may extend past the end. Default: false.
    public final let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean. Default: true.
    public final let countIncludePad: Bool
    /// The divisor of the sum of each window, instead of the number of elements; nil (the default) for the number of elements.
    /// Only for 2-D and 3-D pooling.
    public final let divisorOverride: Int?

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - kernelSize: The size of a window.
    ///   - stride: The distance between neighbouring windows. Default: the kernel size.
    ///   - padding: The zero padding on both sides. Default: 0.
    ///   - ceilMode: Whether the output size is rounded up instead of down. Default: false.
    ///   - countIncludePad: Whether the zeros of the padding count in the mean. Default: true.
    ///   - divisorOverride: The divisor of the sum of each window. Default: the number of elements.
    public init(
        _ kernelSize: Size, stride: Size? = nil, padding: Size = 0, ceilMode: Bool = false,
        countIncludePad: Bool = true, divisorOverride: Int? = nil
    ) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        self.ceilMode = ceilMode
        self.countIncludePad = countIncludePad
        self.divisorOverride = divisorOverride
        super.init()
    }

    /// Returns the mean of each window.
    public final func forward(_ x: Tensor) -> Tensor {
        avgPool(
            x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }

    public override var extraDescription: String { "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding)" }
}

/// Applies 1-D average pooling: the mean of each window.
///
/// Shapes: `[N, C, L] -> [N, C, L']`, or without N, where `L' = ⌊(L + 2 padding − kernelSize) / stride + 1⌋`; with
/// `ceilMode` the size is rounded up.
public final class AvgPool1d: AvgPoolLayer<Int> {
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - kernelSize: The size of a window.
    ///   - stride: The distance between neighbouring windows. Default: the kernel size.
    ///   - padding: The zero padding on both sides. Default: 0.
    ///   - ceilMode: Whether the output size is rounded up instead of down. Default: false.
    ///   - countIncludePad: Whether the zeros of the padding count in the mean. Default: true.
    public init(
        _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countIncludePad: Bool = true
    ) {
        super.init(
            kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
    }

    public override var extraDescription: String {
        "kernel_size=\(Printed.tuple([kernelSize])), stride=\(Printed.tuple([stride])), "
            + "padding=\(Printed.tuple([padding]))"
    }
}

/// Applies 2-D average pooling: the mean of each window.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`, or without N, where `H' = ⌊(H + 2 padding − kernelSize) / stride + 1⌋` and
/// likewise for W'; with `ceilMode` the size is rounded up.
public final class AvgPool2d: AvgPoolLayer<Size2> {}

/// Applies 3-D average pooling: the mean of each window.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`, or without N, where
/// `D' = ⌊(D + 2 padding − kernelSize) / stride + 1⌋` and likewise for H' and W'; with `ceilMode` the size is rounded
/// up.
public final class AvgPool3d: AvgPoolLayer<Size3> {}
