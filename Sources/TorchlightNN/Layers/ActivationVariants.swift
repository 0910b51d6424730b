import TorchlightCore

// Activations with more settings, or over a dimension. Shapes: `[*] -> [*]` where nothing else is said.

/// x where it is positive, a x elsewhere, with learned slopes a (He et al. 2015).
public final class PReLU: Module, Layer {
    /// One slope for all, or one for each channel (dimension 1).
    public let numParameters: Int
    /// The slopes, `[numParameters]`.
    public var weight: Tensor
    /// A layer whose slopes start at `initial`.
    public init(_ numParameters: Int = 1, initial: Double = 0.25, dtype: DType = .default, device: Device = .current) {
        self.numParameters = numParameters
        weight = Parameter(Tensor.full([numParameters], initial, dtype: dtype, device: device))
        super.init()
    }
    /// x, or a x.
    public func forward(_ x: Tensor) -> Tensor { prelu(x, weight) }
    public override var extraDescription: String { "num_parameters=\(numParameters)" }
}

/// x where it is positive, a x elsewhere, with slopes drawn anew in training (Xu et al. 2015).
public final class RReLU: Module, Layer {
    /// The least slope.
    public let lower: Double
    /// The largest slope.
    public let upper: Double
    /// Where the slopes come from; the default generator where none is given.
    public var generator: Generator?
    /// A layer with slopes in this range.
    public init(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, generator: Generator? = nil) {
        self.lower = lower
        self.upper = upper
        self.generator = generator
        super.init()
    }
    /// x, or a x.
    public func forward(_ x: Tensor) -> Tensor {
        rrelu(x, lower: lower, upper: upper, training: isTraining, generator: generator ?? .default)
    }
    public override var extraDescription: String { "lower=\(Printed.number(lower)), upper=\(Printed.number(upper))" }
}

/// The first half of a dimension times the sigmoid of the second: `[2n] -> [n]`.
public final class GLU: Module, Layer {
    /// The dimension that is halved.
    public let dim: Int
    /// A layer that halves this dimension.
    public init(dim: Int = -1) {
        self.dim = dim
        super.init()
    }
    /// a σ(b).
    public func forward(_ x: Tensor) -> Tensor { glu(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// x outside [−λ, λ], 0 within.
public final class Hardshrink: Module, Layer {
    /// The bound.
    public var lambda: Double { written.asDouble }
    private let written: Scalar
    /// A layer with this bound.
    ///
    /// A whole number is printed as it was written: `Softshrink(1)` stays that.
    public init(_ lambda: any TensorScalar = 0.5) {
        written = lambda.scalar
        super.init()
    }
    /// x, or 0.
    public func forward(_ x: Tensor) -> Tensor { hardshrink(x, lambda: lambda) }
    public override var extraDescription: String { Printed.scalar(written) }
}

/// x moved towards 0 by λ, and 0 within.
public final class Softshrink: Module, Layer {
    /// The bound.
    public var lambda: Double { written.asDouble }
    private let written: Scalar
    /// A layer with this bound.
    ///
    /// A whole number is printed as it was written: `Softshrink(1)` stays that.
    public init(_ lambda: any TensorScalar = 0.5) {
        written = lambda.scalar
        super.init()
    }
    /// x ∓ λ, or 0.
    public func forward(_ x: Tensor) -> Tensor { softshrink(x, lambda: lambda) }
    public override var extraDescription: String { Printed.scalar(written) }
}

/// x − tanh x.
public final class Tanhshrink: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// x − tanh x.
    public func forward(_ x: Tensor) -> Tensor { tanhshrink(x) }
}

/// x where it exceeds a threshold, a fixed value elsewhere.
public final class Threshold: Module, Layer {
    /// What x must exceed.
    public let threshold: Double
    /// What stands elsewhere.
    public let value: Double
    /// A layer with these settings.
    public init(_ threshold: Double, _ value: Double) {
        self.threshold = threshold
        self.value = value
        super.init()
    }
    /// x, or the value.
    public func forward(_ x: Tensor) -> Tensor { x.threshold(threshold, value: value) }
    public override var extraDescription: String {
        "threshold=\(Printed.number(threshold)), value=\(Printed.number(value))"
    }
}

/// The softmax of −x along a dimension.
public final class Softmin: Module, Layer {
    /// The dimension that the shares add up along.
    public let dim: Int
    /// A layer along this dimension.
    public init(dim: Int) {
        self.dim = dim
        super.init()
    }
    /// e⁻ˣ / Σ e⁻ˣ.
    public func forward(_ x: Tensor) -> Tensor { softmin(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// The softmax over the channels of each pixel: `[N, C, H, W]` or `[C, H, W]`.
public final class Softmax2d: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// eˣ / Σ eˣ over the channels.
    public func forward(_ x: Tensor) -> Tensor {
        guard x.rank == 3 || x.rank == 4 || x.isPlaceholder else {
            return fail(
                TensorError(
                    .shape, in: "Softmax2d", "the input is not an image", expected: "[N, C, H, W] or [C, H, W]",
                    operands: [x]), like: x)
        }
        return softmax(x, dim: -3)
    }
}
