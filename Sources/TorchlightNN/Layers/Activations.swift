import TorchlightCore

// Activations as layers: the functions of the same names with fixed settings. Shapes: `[*] -> [*]`.

/// max(x, 0).
public final class ReLU: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// max(x, 0).
    public func forward(_ x: Tensor) -> Tensor { relu(x) }
}

/// min(max(x, 0), 6).
public final class ReLU6: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// min(max(x, 0), 6).
    public func forward(_ x: Tensor) -> Tensor { relu6(x) }
}

/// x where it is positive, slope · x elsewhere.
public final class LeakyReLU: Module, Layer {
    /// The slope left of zero.
    public let negativeSlope: Double
    /// A layer with this slope.
    public init(_ negativeSlope: Double = 0.01) {
        self.negativeSlope = negativeSlope
        super.init()
    }
    /// x, or slope · x.
    public func forward(_ x: Tensor) -> Tensor { leakyRelu(x, negativeSlope: negativeSlope) }
    public override var extraDescription: String { "negative_slope=\(Printed.number(negativeSlope))" }
}

/// x where it is positive, α (eˣ − 1) elsewhere (Clevert et al. 2016).
public final class ELU: Module, Layer {
    /// What the function tends to on the left, negated.
    public let alpha: Double
    /// A layer with this α.
    public init(alpha: Double = 1) {
        self.alpha = alpha
        super.init()
    }
    /// x, or α (eˣ − 1).
    public func forward(_ x: Tensor) -> Tensor { elu(x, alpha: alpha) }
    public override var extraDescription: String { "alpha=\(Printed.number(alpha))" }
}

/// max(0, x) + min(0, α (e^(x/α) − 1)) (Barron 2017).
public final class CELU: Module, Layer {
    /// What the function tends to on the left, negated.
    public let alpha: Double
    /// A layer with this α.
    public init(alpha: Double = 1) {
        self.alpha = alpha
        super.init()
    }
    /// x, or α (e^(x/α) − 1).
    public func forward(_ x: Tensor) -> Tensor { celu(x, alpha: alpha) }
    public override var extraDescription: String { "alpha=\(Printed.number(alpha))" }
}

/// The scaled ELU that keeps mean 0 and variance 1 (Klambauer et al. 2017).
public final class SELU: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// λ · x, or λ α (eˣ − 1).
    public func forward(_ x: Tensor) -> Tensor { selu(x) }
}

/// x Φ(x), Φ being the normal distribution function (Hendrycks and Gimpel 2016).
public final class GELU: Module, Layer {
    /// Whether Φ is exact or by tanh.
    public let approximate: GeluApproximation
    /// A layer with this form of Φ.
    public init(approximate: GeluApproximation = .none) {
        self.approximate = approximate
        super.init()
    }
    /// x Φ(x).
    public func forward(_ x: Tensor) -> Tensor { gelu(x, approximate: approximate) }
    public override var extraDescription: String { "approximate='\(approximate)'" }
}

/// x σ(x), also called swish.
public final class SiLU: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// x σ(x).
    public func forward(_ x: Tensor) -> Tensor { silu(x) }
}

/// x tanh(log(1 + eˣ)) (Misra 2019).
public final class Mish: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// x tanh(softplus(x)).
    public func forward(_ x: Tensor) -> Tensor { mish(x) }
}

/// 1 / (1 + e⁻ˣ).
public final class Sigmoid: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// σ(x).
    public func forward(_ x: Tensor) -> Tensor { sigmoid(x) }
}

/// log σ(x).
public final class LogSigmoid: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// log σ(x).
    public func forward(_ x: Tensor) -> Tensor { logsigmoid(x) }
}

/// The hyperbolic tangent.
public final class Tanh: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// tanh(x).
    public func forward(_ x: Tensor) -> Tensor { tanh(x) }
}

/// log(1 + e^(β x)) / β, and x itself where β x is above the threshold.
public final class Softplus: Module, Layer {
    /// How sharp the bend is.
    public var beta: Double { written.beta.asDouble }
    /// Where the function is taken for linear.
    public var threshold: Double { written.threshold.asDouble }
    private let written: (beta: Scalar, threshold: Scalar)
    /// A layer with these settings.
    ///
    /// Whole numbers are printed as they were written: `Softplus(beta: 2)` has `beta=2`, and `threshold=20.0` by default.
    public init(beta: any TensorScalar = 1.0, threshold: any TensorScalar = 20.0) {
        written = (beta.scalar, threshold.scalar)
        super.init()
    }
    /// log(1 + e^(β x)) / β.
    public func forward(_ x: Tensor) -> Tensor { softplus(x, beta: beta, threshold: threshold) }
    public override var extraDescription: String {
        "beta=\(Printed.scalar(written.beta)), threshold=\(Printed.scalar(written.threshold))"
    }
}

/// x / (1 + |x|).
public final class Softsign: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// x / (1 + |x|).
    public func forward(_ x: Tensor) -> Tensor { softsign(x) }
}

/// x held to [min, max].
public final class Hardtanh: Module, Layer {
    /// The lowest value.
    public let min: Double
    /// The highest value.
    public let max: Double
    /// A layer with these bounds.
    public init(min: Double = -1, max: Double = 1) {
        self.min = min
        self.max = max
        super.init()
    }
    /// x held to [min, max].
    public func forward(_ x: Tensor) -> Tensor { hardtanh(x, min: min, max: max) }
    public override var extraDescription: String {
        "min_val=\(Printed.number(min)), max_val=\(Printed.number(max))"
    }
}

/// x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
public final class Hardswish: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// x · hardsigmoid(x).
    public func forward(_ x: Tensor) -> Tensor { hardswish(x) }
}

/// min(max(x + 3, 0), 6) / 6.
public final class Hardsigmoid: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// min(max(x + 3, 0), 6) / 6.
    public func forward(_ x: Tensor) -> Tensor { hardsigmoid(x) }
}

/// Shares that add up to 1 along a dimension. Before a cross entropy leave it out: that takes logits.
public final class Softmax: Module, Layer {
    /// The dimension that the shares add up along.
    public let dim: Int
    /// A layer along this dimension.
    public init(dim: Int) {
        self.dim = dim
        super.init()
    }
    /// eˣ / Σ eˣ.
    public func forward(_ x: Tensor) -> Tensor { softmax(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// The logarithm of softmax along a dimension.
public final class LogSoftmax: Module, Layer {
    /// The dimension that the shares add up along.
    public let dim: Int
    /// A layer along this dimension.
    public init(dim: Int) {
        self.dim = dim
        super.init()
    }
    /// x − log Σ eˣ.
    public func forward(_ x: Tensor) -> Tensor { logSoftmax(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// Passes its input on: for a place in a network that may stay empty.
public final class Identity: Module, Layer {
    /// A layer without settings.
    public override init() { super.init() }
    /// x.
    public func forward(_ x: Tensor) -> Tensor { x }
}
