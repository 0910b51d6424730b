import TorchlightCore

/// What adaptive pooling of one to three dimensions shares: the size of the output.
public class AdaptivePoolLayer<Size: SpatialSize>: Module {
    /// The size of the output over its last dimensions; nil keeps that of the input.
    public final let outputSize: AdaptiveSize

    /// A layer with this output size.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    public override final var extraDescription: String { "output_size=\(outputSize)" }
}

/// What adaptive average pooling of one to three dimensions shares: the mean of each of as many windows as make the given
/// output size.
public class AdaptiveAvgPoolLayer<Size: SpatialSize>: AdaptivePoolLayer<Size>, Layer {
    /// The means.
    public final func forward(_ x: Tensor) -> Tensor {
        adaptiveAvgPool(x, outputSize, spatial: Size.spatialDimensions)
    }
}

/// What adaptive max pooling of one to three dimensions shares: the largest element of each of as many windows as make the
/// given output size.
public class AdaptiveMaxPoolLayer<Size: SpatialSize>: AdaptivePoolLayer<Size>, Layer {
    /// The largest elements.
    public final func forward(_ x: Tensor) -> Tensor {
        adaptiveMaxPoolWithIndices(x, outputSize, spatial: Size.spatialDimensions).values
    }

    /// The largest elements and their positions.
    public final func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        scope(x) { x in adaptiveMaxPoolWithIndices(x, outputSize, spatial: Size.spatialDimensions) }
    }
}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, L] -> [N, C, outputSize]`.
public final class AdaptiveAvgPool1d: AdaptiveAvgPoolLayer<Int> {}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveAvgPool2d: AdaptiveAvgPoolLayer<Size2> {}

/// The mean of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveAvgPool3d: AdaptiveAvgPoolLayer<Size3> {}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, L] -> [N, C, outputSize]`.
public final class AdaptiveMaxPool1d: AdaptiveMaxPoolLayer<Int> {}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveMaxPool2d: AdaptiveMaxPoolLayer<Size2> {}

/// The largest element of each of as many windows as make the given output size.
///
/// Shapes: `[N, C, D, H, W] -> [N, C, outputSize]`; a size that is nil stays.
public final class AdaptiveMaxPool3d: AdaptiveMaxPoolLayer<Size3> {}
