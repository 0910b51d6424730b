import TorchlightCore

/// Base class of ``FractionalMaxPool2d`` and ``FractionalMaxPool3d``.
public class FractionalMaxPoolLayer<Size: SpatialSize>: Module, Layer {
    /// The kernel size: the size of a window.
    public final let kernelSize: Size
    /// The size of the output; nil where ``outputRatio`` determines it.
    public final let outputSize: Size?
    /// The size of the output as a part of that of the input, one number or one for each spatial dimension; nil where
    /// ``outputSize`` determines it.
    public final let outputRatio: [Double]?
    /// The random numbers that determine the positions of the windows, `[N, C, 2]` or `[N, C, 3]`; nil (the default)
    /// for new ones in each call.
    @Buffer("_random_samples") public final var randomSamples: Tensor? = nil
    /// The generator of the random numbers; nil for the default generator.
    public final var generator: Generator?

    /// Creates the layer. Either `outputSize` or `outputRatio` must be given.
    ///
    /// - Parameters:
    ///   - kernelSize: The size of a window.
    ///   - outputSize: The size of the output.
    ///   - outputRatio: The size of the output as a part of that of the input, above 0 and below 1: one number, or one
    ///     for each spatial dimension.
    ///   - randomSamples: The random numbers in [0, 1) that determine the positions of the windows. Default: new ones
    ///     in each call.
    ///   - generator: The generator of the random numbers. Default: the default generator.
    public init(
        _ kernelSize: Size, outputSize: Size? = nil, outputRatio: [Double]? = nil, randomSamples: Tensor? = nil,
        generator: Generator? = nil
    ) {
        if (outputSize == nil) == (outputRatio == nil) {
            reportFailure(
                TensorError(
                    .value, in: "\(Self.self)", "the size of the output is not determined",
                    got: outputSize == nil ? "neither outputSize nor outputRatio" : "outputSize and outputRatio",
                    expected: "one of them"))
        }
        if let outputRatio, !outputRatio.allSatisfy({ $0 > 0 && $0 < 1 }) {
            reportFailure(
                TensorError(
                    .value, in: "\(Self.self)", "the output ratio must be between 0 and 1", got: "\(outputRatio)",
                    expected: "numbers above 0 and below 1"))
        }
        self.kernelSize = kernelSize
        self.outputSize = outputSize
        self.outputRatio = outputRatio
        self.randomSamples = randomSamples
        self.generator = generator
        super.init()
    }

    /// Returns the maximum of each window.
    public final func forward(_ x: Tensor) -> Tensor { pooled(x).values }

    /// Returns the maximum of each window and its index, an int64 tensor of row-major indices into the spatial
    /// dimensions of the input.
    public final func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) { scope(x) { pooled($0) } }

    private func pooled(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        fractionalMaxPool(
            x, kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples,
            generator: generator ?? .default)
    }
}

/// Applies 2-D fractional max pooling: the maxima of windows at pseudorandom positions (Graham, 2014, arXiv:1412.6071).
///
///     let layer = FractionalMaxPool2d(3, outputRatio: [0.7])
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`, or without N, where H' and W' are the output size, or the output ratio
/// times H and W, rounded down. The windows are drawn in each call, in evaluation mode too.
public final class FractionalMaxPool2d: FractionalMaxPoolLayer<Size2> {}

/// Applies 3-D fractional max pooling: the maxima of windows at pseudorandom positions (Graham, 2014, arXiv:1412.6071).
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D', H', W']`, or without N, where D', H' and W' are the output size, or the
/// output ratio times D, H and W, rounded down. The windows are drawn in each call, in evaluation mode too.
public final class FractionalMaxPool3d: FractionalMaxPoolLayer<Size3> {}
