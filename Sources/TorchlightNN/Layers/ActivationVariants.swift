import TorchlightCore

// More activations as layers.

/// Parametric rectified linear unit: `x` where `x > 0`, `a x` elsewhere, with a learnable slope a (He et al., 2015).
///
/// Shapes: `[*] -> [*]`, or `[N, C, *] -> [N, C, *]` with one slope for each channel. Do not apply weight decay to the slopes.
public final class PReLU: Module, Layer {
    /// The number of slopes: 1 for all elements, or the number of channels (dimension 1). Default: 1.
    public let numParameters: Int
    /// The learnable slopes a, `[numParameters]`, initialised to 0.25.
    public var weight: Tensor
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - numParameters: The number of slopes: 1, or the number of channels. Default: 1.
    ///   - initial: The initial value of the slopes. Default: 0.25.
    ///   - dtype: The dtype of the slopes.
    ///   - device: The device of the slopes.
    public init(_ numParameters: Int = 1, initial: Double = 0.25, dtype: DType = .default, device: Device = .current) {
        self.numParameters = numParameters
        weight = Parameter(Tensor.full([numParameters], initial, dtype: dtype, device: device))
        super.init()
    }
    /// Returns `x` where `x > 0`, `a x` elsewhere.
    public func forward(_ x: Tensor) -> Tensor { prelu(x, weight) }
    public override var extraDescription: String { "num_parameters=\(numParameters)" }
}

/// Randomised leaky rectified linear unit: `x` where `x > 0`, `a x` elsewhere (Xu et al., 2015).
///
/// In training mode a is drawn for each element uniformly from [lower, upper); in evaluation mode it is
/// `(lower + upper) / 2`. Shapes: `[*] -> [*]`.
public final class RReLU: Module, Layer {
    /// The lower bound of the slopes. Default: 1/8.
    public let lower: Double
    /// The upper bound of the slopes. Default: 1/3.
    public let upper: Double
    /// The generator of the slopes; nil for the default generator.
    public var generator: Generator?
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - lower: The lower bound of the slopes. Default: 1/8.
    ///   - upper: The upper bound of the slopes. Default: 1/3.
    ///   - generator: The generator of the slopes. Default: the default generator.
    public init(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, generator: Generator? = nil) {
        self.lower = lower
        self.upper = upper
        self.generator = generator
        super.init()
    }
    /// Returns `x` where `x > 0`, `a x` elsewhere.
    public func forward(_ x: Tensor) -> Tensor {
        rrelu(x, lower: lower, upper: upper, training: isTraining, generator: generator ?? .default)
    }
    public override var extraDescription: String { "lower=\(Printed.number(lower)), upper=\(Printed.number(upper))" }
}

/// Gated linear unit: `a σ(b)`, where a and b are the first and second half of the input along a dimension (Dauphin et al.,
/// 2017).
///
/// Shapes: `[*, 2 n, *] -> [*, n, *]`. An odd size of the dimension is an error.
public final class GLU: Module, Layer {
    /// The dimension that is halved. Default: -1.
    public let dim: Int
    /// Creates the layer.
    ///
    /// - Parameter dim: The dimension that is halved. Default: -1.
    public init(dim: Int = -1) {
        self.dim = dim
        super.init()
    }
    /// Returns `a σ(b)`.
    public func forward(_ x: Tensor) -> Tensor { glu(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// Hard shrinkage: `x` where `|x| > λ`, 0 elsewhere.
///
/// Shapes: `[*] -> [*]`.
public final class Hardshrink: Module, Layer {
    /// The threshold λ. Default: 0.5.
    public var lambda: Double { written.asDouble }
    private let written: Scalar
    /// Creates the layer. The printed model shows an integer as an integer: `Hardshrink(1)`.
    ///
    /// - Parameter lambda: The threshold λ. Default: 0.5.
    public init(_ lambda: any TensorScalar = 0.5) {
        written = lambda.scalar
        super.init()
    }
    /// Returns `x` where `|x| > λ`, 0 elsewhere.
    public func forward(_ x: Tensor) -> Tensor { hardshrink(x, lambda: lambda) }
    public override var extraDescription: String { Printed.scalar(written) }
}

/// Soft shrinkage: `x − λ` where `x > λ`, `x + λ` where `x < −λ`, 0 elsewhere.
///
/// Shapes: `[*] -> [*]`.
public final class Softshrink: Module, Layer {
    /// The threshold λ, at least 0. Default: 0.5.
    public var lambda: Double { written.asDouble }
    private let written: Scalar
    /// Creates the layer. The printed model shows an integer as an integer: `Softshrink(1)`.
    ///
    /// - Parameter lambda: The threshold λ. Default: 0.5.
    public init(_ lambda: any TensorScalar = 0.5) {
        written = lambda.scalar
        super.init()
    }
    /// Returns `x − λ` where `x > λ`, `x + λ` where `x < −λ`, 0 elsewhere.
    public func forward(_ x: Tensor) -> Tensor { softshrink(x, lambda: lambda) }
    public override var extraDescription: String { Printed.scalar(written) }
}

/// Tanh shrinkage: `x − tanh(x)`, element-wise.
///
/// Shapes: `[*] -> [*]`.
public final class Tanhshrink: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `x − tanh(x)`.
    public func forward(_ x: Tensor) -> Tensor { tanhshrink(x) }
}

/// Threshold: `x` where `x > threshold`, `value` elsewhere.
///
/// Shapes: `[*] -> [*]`.
public final class Threshold: Module, Layer {
    /// The threshold.
    public let threshold: Double
    /// The value of elements that are not above the threshold.
    public let value: Double
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - threshold: The threshold.
    ///   - value: The value of elements that are not above the threshold.
    public init(_ threshold: Double, _ value: Double) {
        self.threshold = threshold
        self.value = value
        super.init()
    }
    /// Returns `x` where `x > threshold`, `value` elsewhere.
    public func forward(_ x: Tensor) -> Tensor { x.threshold(threshold, value: value) }
    public override var extraDescription: String {
        "threshold=\(Printed.number(threshold)), value=\(Printed.number(value))"
    }
}

/// Softmin along a dimension, the softmax of −x: `e^(−x[i]) / Σ e^(−x[j])`.
///
/// Shapes: `[*] -> [*]`.
public final class Softmin: Module, Layer {
    /// The dimension along which the results sum to 1.
    public let dim: Int
    /// Creates the layer.
    ///
    /// - Parameter dim: The dimension along which the results sum to 1. It has no default.
    public init(dim: Int) {
        self.dim = dim
        super.init()
    }
    /// Returns `e⁻ˣ / Σ e⁻ˣ`.
    public func forward(_ x: Tensor) -> Tensor { softmin(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// Softmax over the channels of each pixel.
///
/// Shapes: `[N, C, H, W] -> [N, C, H, W]` or `[C, H, W] -> [C, H, W]`.
public final class Softmax2d: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `eˣ / Σ eˣ`, with the sum over the channels.
    public func forward(_ x: Tensor) -> Tensor {
        guard x.rank == 3 || x.rank == 4 || x.isPlaceholder else {
            return fail(
                TensorError(
                    .shape, in: "Softmax2d", "the input must have 3 or 4 dimensions",
                    expected: "[N, C, H, W] or [C, H, W]",
                    operands: [x]), like: x)
        }
        return softmax(x, dim: -3)
    }
}
