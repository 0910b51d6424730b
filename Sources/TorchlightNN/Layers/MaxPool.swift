import TorchlightCore

/// The largest element of each window of the last dimension.
///
/// Shapes: `[N, C, L] -> [N, C, L']`.
public final class MaxPool1d: Module, Layer {
    /// The size of the window.
    public let kernelSize: Int
    /// The distance between windows; that of the kernel size by default.
    public let stride: Int
    /// Positions added on either side, which never win.
    public let padding: Int
    /// The distance between neighbouring elements of a window.
    public let dilation: Int
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool

    /// A layer with these windows.
    public init(_ kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        self.dilation = dilation
        self.ceilMode = ceilMode
        super.init()
    }

    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor {
        maxPool1d(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// The largest elements, and their positions as ``MaxUnpool1d`` takes them.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        maxPool1dWithIndices(
            x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    public override var extraDescription: String {
        "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding), dilation=\(dilation), "
            + "ceil_mode=\(Printed.bool(ceilMode))"
    }
}

/// The largest element of each window of the last two dimensions.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class MaxPool2d: Module, Layer {
    /// The size of the window.
    public let kernelSize: Size2
    /// The distance between windows; that of the kernel size by default.
    public let stride: Size2
    /// Positions added on every side, which never win.
    public let padding: Size2
    /// The distance between neighbouring elements of a window.
    public let dilation: Size2
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool

    /// A layer with these windows.
    public init(
        _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, dilation: Size2 = 1, ceilMode: Bool = false
    ) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        self.dilation = dilation
        self.ceilMode = ceilMode
        super.init()
    }

    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor {
        maxPool2d(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// The largest elements, and their positions as ``MaxUnpool2d`` takes them.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        maxPool2dWithIndices(
            x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    public override var extraDescription: String {
        "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding), dilation=\(dilation), "
            + "ceil_mode=\(Printed.bool(ceilMode))"
    }
}

/// The largest element of each window of the last three dimensions.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`.
public final class MaxPool3d: Module, Layer {
    /// The size of the window.
    public let kernelSize: Size3
    /// The distance between windows; that of the kernel size by default.
    public let stride: Size3
    /// Positions added on every side, which never win.
    public let padding: Size3
    /// The distance between neighbouring elements of a window.
    public let dilation: Size3
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool

    /// A layer with these windows.
    public init(
        _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0, dilation: Size3 = 1, ceilMode: Bool = false
    ) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        self.dilation = dilation
        self.ceilMode = ceilMode
        super.init()
    }

    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor {
        maxPool3d(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// The largest elements, and their positions as ``MaxUnpool3d`` takes them.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        maxPool3dWithIndices(
            x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    public override var extraDescription: String {
        "kernel_size=\(kernelSize), stride=\(stride), padding=\(padding), dilation=\(dilation), "
            + "ceil_mode=\(Printed.bool(ceilMode))"
    }
}
