import TorchlightCore

/// The mean of each window of the last dimension.
///
/// Shapes: `[N, C, L] -> [N, C, L']`.
public final class AvgPool1d: Module, Layer {
    /// The size of the window.
    public let kernelSize: Int
    /// The distance between windows; that of the kernel size by default.
    public let stride: Int
    /// Zeros on either side.
    public let padding: Int
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean.
    public let countIncludePad: Bool

    /// A layer with these windows.
    public init(
        _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countIncludePad: Bool = true
    ) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        self.ceilMode = ceilMode
        self.countIncludePad = countIncludePad
        super.init()
    }

    /// The means.
    public func forward(_ x: Tensor) -> Tensor {
        avgPool1d(
            x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
    }

    public override var extraDescription: String {
        "kernel_size=\(Printed.tuple([kernelSize])), stride=\(Printed.tuple([stride])), "
            + "padding=\(Printed.tuple([padding]))"
    }
}

/// The mean of each window of the last two dimensions.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class AvgPool2d: Module, Layer {
    /// The size of the window.
    public let kernelSize: Size2
    /// The distance between windows; that of the kernel size by default.
    public let stride: Size2
    /// Zeros on every side.
    public let padding: Size2
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean.
    public let countIncludePad: Bool
    /// What the sums are divided by instead of the count, or nil.
    public let divisorOverride: Int?

    /// A layer with these windows.
    public init(
        _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, ceilMode: Bool = false,
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
    public func forward(_ x: Tensor) -> Tensor {
        avgPool2d(
            x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }

    public override var extraDescription: String { "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding)" }
}

/// The mean of each window of the last three dimensions.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`.
public final class AvgPool3d: Module, Layer {
    /// The size of the window.
    public let kernelSize: Size3
    /// The distance between windows; that of the kernel size by default.
    public let stride: Size3
    /// Zeros on every side.
    public let padding: Size3
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean.
    public let countIncludePad: Bool
    /// What the sums are divided by instead of the count, or nil.
    public let divisorOverride: Int?

    /// A layer with these windows.
    public init(
        _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0, ceilMode: Bool = false,
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
    public func forward(_ x: Tensor) -> Tensor {
        avgPool3d(
            x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }

    public override var extraDescription: String { "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding)" }
}
