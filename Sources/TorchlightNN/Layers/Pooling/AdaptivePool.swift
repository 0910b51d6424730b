import TorchlightCore

/// What adaptive pooling of one to three dimensions shares: the size of the output.
public class AdaptivePoolLayer: Module {
    /// The size of the output over its last dimensions; nil keeps that of the input.
    public final let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    public override final var extraDescription: String { "output_size=\(outputSize)" }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, L] -> [N, C, outputSize]`.
public final class AdaptiveAvgPool1d: AdaptivePoolLayer, Layer {
    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool1d(x, outputSize) }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveAvgPool2d: AdaptivePoolLayer, Layer {
    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool2d(x, outputSize) }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveAvgPool3d: AdaptivePoolLayer, Layer {
    /// The means.
    public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool3d(x, outputSize) }
}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, L] -> [N, C, outputSize]`.
public final class AdaptiveMaxPool1d: AdaptivePoolLayer, Layer {
    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool1d(x, outputSize) }

    /// The largest elements and their positions.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        scope(x) { x in adaptiveMaxPool1dWithIndices(x, outputSize) }
    }
}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveMaxPool2d: AdaptivePoolLayer, Layer {
    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool2d(x, outputSize) }

    /// The largest elements and their positions.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        scope(x) { x in adaptiveMaxPool2dWithIndices(x, outputSize) }
    }
}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveMaxPool3d: AdaptivePoolLayer, Layer {
    /// The largest elements.
    public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool3d(x, outputSize) }

    /// The largest elements and their positions.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        scope(x) { x in adaptiveMaxPool3dWithIndices(x, outputSize) }
    }
}
