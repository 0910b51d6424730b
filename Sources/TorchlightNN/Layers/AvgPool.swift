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

    /// A layer with these windows.
    public init(
        _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, ceilMode: Bool = false,
        countIncludePad: Bool = true
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
        avgPool2d(
            x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
    }

    public override var extraDescription: String { "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding)" }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size of 1 is the mean over all of height and width.
public final class AdaptiveAvgPool2d: Module, Layer {
    /// Height and width of the output.
    public let outputSize: Size2

    /// A layer with this output size.
    public init(_ outputSize: Size2) {
        self.outputSize = outputSize
        super.init()
    }

    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool2d(x, outputSize) }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}
