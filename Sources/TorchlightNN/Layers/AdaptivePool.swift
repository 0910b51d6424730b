import TorchlightCore

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, L] -> [N, C, outputSize]`.
public final class AdaptiveAvgPool1d: Module, Layer {
    /// The size of the output.
    public let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool1d(x, outputSize) }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveAvgPool2d: Module, Layer {
    /// The size of the output over its last dimensions.
    public let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool2d(x, outputSize) }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveAvgPool3d: Module, Layer {
    /// The size of the output over its last dimensions.
    public let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool3d(x, outputSize) }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, L] -> [N, C, outputSize]`.
public final class AdaptiveMaxPool1d: Module, Layer {
    /// The size of the output.
    public let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool1d(x, outputSize) }

    /// The largest elements and their positions.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        adaptiveMaxPool1dWithIndices(x, outputSize)
    }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveMaxPool2d: Module, Layer {
    /// The size of the output over its last dimensions.
    public let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool2d(x, outputSize) }

    /// The largest elements and their positions.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        adaptiveMaxPool2dWithIndices(x, outputSize)
    }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveMaxPool3d: Module, Layer {
    /// The size of the output over its last dimensions.
    public let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool3d(x, outputSize) }

    /// The largest elements and their positions.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        adaptiveMaxPool3dWithIndices(x, outputSize)
    }

    public override var extraDescription: String { "output_size=\(outputSize)" }
}
