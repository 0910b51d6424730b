import TorchlightCore

/// The p-norm of each window of the last dimension: (Σ xᵖ)^(1/p).
///
/// Shapes: `[N, C, L] -> [N, C, L']`.
public final class LPPool1d: Module, Layer {
    /// The exponent p.
    public let normType: Double
    /// The size of the window.
    public let kernelSize: Int
    /// The distance between windows, or nil for that of the kernel size.
    public let stride: Int?
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool

    /// A layer with these windows.
    public init(_ normType: Double, _ kernelSize: Int, stride: Int? = nil, ceilMode: Bool = false) {
        self.normType = normType
        self.kernelSize = kernelSize
        self.stride = stride
        self.ceilMode = ceilMode
        super.init()
    }

    /// The norms.
    public func forward(_ x: Tensor) -> Tensor {
        lpPool1d(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
    }

    public override var extraDescription: String {
        let p = normType == normType.rounded() && abs(normType) < 1e15 ? "\(Int(normType))" : Printed.number(normType)
        return "norm_type=\(p), kernel_size=\(kernelSize), "
            + "stride=\(Printed.optional(stride) { "\($0)" }), ceil_mode=\(Printed.bool(ceilMode))"
    }
}

/// The p-norm of each window of the last two dimensions: (Σ xᵖ)^(1/p).
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class LPPool2d: Module, Layer {
    /// The exponent p.
    public let normType: Double
    /// The size of the window.
    public let kernelSize: Size2
    /// The distance between windows, or nil for that of the kernel size.
    public let stride: Size2?
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool

    /// A layer with these windows.
    public init(_ normType: Double, _ kernelSize: Size2, stride: Size2? = nil, ceilMode: Bool = false) {
        self.normType = normType
        self.kernelSize = kernelSize
        self.stride = stride
        self.ceilMode = ceilMode
        super.init()
    }

    /// The norms.
    public func forward(_ x: Tensor) -> Tensor {
        lpPool2d(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
    }

    public override var extraDescription: String {
        let p = normType == normType.rounded() && abs(normType) < 1e15 ? "\(Int(normType))" : Printed.number(normType)
        return "norm_type=\(p), kernel_size=\(kernelSize), "
            + "stride=\(Printed.optional(stride) { "\($0)" }), ceil_mode=\(Printed.bool(ceilMode))"
    }
}

/// The p-norm of each window of the last three dimensions: (Σ xᵖ)^(1/p).
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`.
public final class LPPool3d: Module, Layer {
    /// The exponent p.
    public let normType: Double
    /// The size of the window.
    public let kernelSize: Size3
    /// The distance between windows, or nil for that of the kernel size.
    public let stride: Size3?
    /// Whether windows that reach over the end count.
    public let ceilMode: Bool

    /// A layer with these windows.
    public init(_ normType: Double, _ kernelSize: Size3, stride: Size3? = nil, ceilMode: Bool = false) {
        self.normType = normType
        self.kernelSize = kernelSize
        self.stride = stride
        self.ceilMode = ceilMode
        super.init()
    }

    /// The norms.
    public func forward(_ x: Tensor) -> Tensor {
        lpPool3d(x, normType, kernelSize, stride: stride, ceilMode: ceilMode)
    }

    public override var extraDescription: String {
        let p = normType == normType.rounded() && abs(normType) < 1e15 ? "\(Int(normType))" : Printed.number(normType)
        return "norm_type=\(p), kernel_size=\(kernelSize), "
            + "stride=\(Printed.optional(stride) { "\($0)" }), ceil_mode=\(Printed.bool(ceilMode))"
    }
}
