import TorchlightCore

/// Base class of the adaptive pooling layers.
public class AdaptivePoolLayer<Size: SpatialSize>: Module {
    /// The output size of the spatial dimensions; nil keeps the size of the input.
    public final let outputSize: AdaptiveSize

    /// Creates the layer.
    ///
    /// - Parameter outputSize: The output size of all spatial dimensions, or one for each; nil keeps the size of the input.
    public init(_ outputSize: AdaptiveSize) {
        self.outputSize = outputSize
        super.init()
    }

    public override final var extraDescription: String { "output_size=\(outputSize)" }
}

/// Base class of ``AdaptiveAvgPool1d``, ``AdaptiveAvgPool2d`` and ``AdaptiveAvgPool3d``.
public class AdaptiveAvgPoolLayer<Size: SpatialSize>: AdaptivePoolLayer<Size>, Layer {
    /// Returns the mean of each window.
    public final func forward(_ x: Tensor) -> Tensor {
        adaptiveAvgPool(x, outputSize, spatial: Size.spatialDimensions)
    }
}

/// Base class of ``AdaptiveMaxPool1d``, ``AdaptiveMaxPool2d`` and ``AdaptiveMaxPool3d``.
public class AdaptiveMaxPoolLayer<Size: SpatialSize>: AdaptivePoolLayer<Size>, Layer {
    /// Returns the maximum of each window.
    public final func forward(_ x: Tensor) -> Tensor {
        adaptiveMaxPoolWithIndices(x, outputSize, spatial: Size.spatialDimensions).values
    }

    /// Returns the maximum of each window and its index, an int64 tensor of row-major indices into the spatial dimensions of
    /// the input. At ties it is the index of the first maximum.
    public final func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        scope(x) { x in adaptiveMaxPoolWithIndices(x, outputSize, spatial: Size.spatialDimensions) }
    }
}

/// Applies 1-D adaptive average pooling: the mean of each window, with windows chosen to give the output size.
///
/// Window i covers the elements from `⌊i L / outputSize⌋` up to, but not including, `⌈(i + 1) L / outputSize⌉`. Shapes:
/// `[N, C, L] -> [N, C, outputSize]`, or without N.
public final class AdaptiveAvgPool1d: AdaptiveAvgPoolLayer<Int> {}

/// Applies 2-D adaptive average pooling: the mean of each window, with windows chosen to give the output size.
///
/// Window i covers the elements from `⌊i H / outH⌋` up to, but not including, `⌈(i + 1) H / outH⌉`; likewise for the
/// width. Shapes: `[N, C, H, W] -> [N, C, outH, outW]`, or without N; an output size of nil keeps the size of the
/// input.
public final class AdaptiveAvgPool2d: AdaptiveAvgPoolLayer<Size2> {}

/// Applies 3-D adaptive average pooling: the mean of each window, with windows chosen to give the output size.
///
/// Window i covers the elements from `⌊i D / outD⌋` up to, but not including, `⌈(i + 1) D / outD⌉`; likewise for height
/// and width. Shapes: `[N, C, D, H, W] -> [N, C, outD, outH, outW]`, or without N; an output size of nil keeps the size
/// of the input.
public final class AdaptiveAvgPool3d: AdaptiveAvgPoolLayer<Size3> {}

/// Applies 1-D adaptive max pooling: the maximum of each window, with windows chosen to give the output size.
///
/// Window i covers the elements from `⌊i L / outputSize⌋` up to, but not including, `⌈(i + 1) L / outputSize⌉`. Shapes:
/// `[N, C, L] -> [N, C, outputSize]`, or without N.
public final class AdaptiveMaxPool1d: AdaptiveMaxPoolLayer<Int> {}

/// Applies 2-D adaptive max pooling: the maximum of each window, with windows chosen to give the output size.
///
/// Window i covers the elements from `⌊i H / outH⌋` up to, but not including, `⌈(i + 1) H / outH⌉`; likewise for the
/// width. Shapes: `[N, C, H, W] -> [N, C, outH, outW]`, or without N; an output size of nil keeps the size of the
/// input.
public final class AdaptiveMaxPool2d: AdaptiveMaxPoolLayer<Size2> {}

/// Applies 3-D adaptive max pooling: the maximum of each window, with windows chosen to give the output size.
///
/// Window i covers the elements from `⌊i D / outD⌋` up to, but not including, `⌈(i + 1) D / outD⌉`; likewise for height
/// and width. Shapes: `[N, C, D, H, W] -> [N, C, outD, outH, outW]`, or without N; an output size of nil keeps the size
/// of the input.
public final class AdaptiveMaxPool3d: AdaptiveMaxPoolLayer<Size3> {}
