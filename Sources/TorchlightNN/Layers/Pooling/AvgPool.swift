import TorchlightCore

/// What average pooling of one to three dimensions shares: the windows.
public class AvgPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The size of the window.
    public final let kernelSize: Size
    /// The distance between windows; that of the kernel size by default.
    public final let stride: Size
    /// Zeros on every side.
    public final let padding: Size
    /// Whether windows that reach over the end count.
    public final let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean.
    public final let countIncludePad: Bool
    /// What the sums are divided by instead of the count, or nil; of two and three dimensions only.
    public final let divisorOverride: Int?

    /// A layer with these windows.
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

    /// The means.
    public final func forward(_ x: Tensor) -> Tensor {
        avgPool(
            x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }

    public override var extraDescription: String { "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding)" }
}

/// The mean of each window of the last dimension.
///
/// Shapes: `[N, C, L] -> [N, C, L']`.
public final class AvgPool1d: AvgPoolLayer<Int> {
    /// A layer with these windows.
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

/// The mean of each window of the last two dimensions.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class AvgPool2d: AvgPoolLayer<Size2> {}

/// The mean of each window of the last three dimensions.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`.
public final class AvgPool3d: AvgPoolLayer<Size3> {}
