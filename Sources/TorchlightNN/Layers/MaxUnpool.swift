import TorchlightCore

/// Puts what ``MaxPool1d`` found back to its places, among zeros.
///
/// Shapes: `[N, C, L']` and indices of the same shape `-> [N, C, L]`.
public final class MaxUnpool1d: Module {
    /// The size of the windows that were pooled.
    public let kernelSize: Int
    /// The distance between them; that of the kernel size by default.
    public let stride: Int
    /// What was added on every side.
    public let padding: Int

    /// A layer for what such windows were pooled to.
    public init(_ kernelSize: Int, stride: Int? = nil, padding: Int = 0) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        super.init()
    }

    /// The elements of x at their indices; `outputSize` where several sizes are pooled to that of x.
    public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        scope { maxUnpool1d(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize) }
    }

    public override var extraDescription: String {
        "kernel_size=\(Printed.tuple([kernelSize])), stride=\(Printed.tuple([stride])), "
            + "padding=\(Printed.tuple([padding]))"
    }
}

/// Puts what ``MaxPool2d`` found back to its places, among zeros.
///
/// Shapes: `[N, C, H', W']` and indices of the same shape `-> [N, C, H, W]`.
public final class MaxUnpool2d: Module {
    /// The size of the windows that were pooled.
    public let kernelSize: Size2
    /// The distance between them; that of the kernel size by default.
    public let stride: Size2
    /// What was added on every side.
    public let padding: Size2

    /// A layer for what such windows were pooled to.
    public init(_ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        super.init()
    }

    /// The elements of x at their indices; `outputSize` where several sizes are pooled to that of x.
    public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        scope { maxUnpool2d(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize) }
    }

    public override var extraDescription: String {
        "kernel_size=\(Printed.tuple(kernelSize.pair)), stride=\(Printed.tuple(stride.pair)), "
            + "padding=\(Printed.tuple(padding.pair))"
    }
}

/// Puts what ``MaxPool3d`` found back to its places, among zeros.
///
/// Shapes: `[N, C, D', H', W']` and indices of the same shape `-> [N, C, D, H, W]`.
public final class MaxUnpool3d: Module {
    /// The size of the windows that were pooled.
    public let kernelSize: Size3
    /// The distance between them; that of the kernel size by default.
    public let stride: Size3
    /// What was added on every side.
    public let padding: Size3

    /// A layer for what such windows were pooled to.
    public init(_ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        super.init()
    }

    /// The elements of x at their indices; `outputSize` where several sizes are pooled to that of x.
    public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        scope { maxUnpool3d(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize) }
    }

    public override var extraDescription: String {
        "kernel_size=\(Printed.tuple(kernelSize.triple)), stride=\(Printed.tuple(stride.triple)), "
            + "padding=\(Printed.tuple(padding.triple))"
    }
}
