import TorchlightCore

// Activations as layers; each calls the function of the same name. Shapes: `[*] -> [*]`.

/// Rectified linear unit: `max(x, 0)`, element-wise.
///
/// Shapes: `[*] -> [*]`. The gradient at 0 is 0.
public final class ReLU: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `max(x, 0)`.
    public func forward(_ x: Tensor) -> Tensor { relu(x) }
}

/// Rectified linear unit with an upper bound of 6: `min(max(x, 0), 6)`, element-wise.
///
/// Shapes: `[*] -> [*]`.
public final class ReLU6: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `min(max(x, 0), 6)`.
    public func forward(_ x: Tensor) -> Tensor { relu6(x) }
}

/// Leaky rectified linear unit: `x` where `x > 0`, `negativeSlope · x` elsewhere.
///
/// Shapes: `[*] -> [*]`.
public final class LeakyReLU: Module, Layer {
    /// The slope for negative inputs. Default: 0.01.
    public let negativeSlope: Double
    /// Creates the layer.
    ///
    /// - Parameter negativeSlope: The slope for negative inputs. Default: 0.01.
    public init(_ negativeSlope: Double = 0.01) {
        self.negativeSlope = negativeSlope
        super.init()
    }
    /// Returns `x` where `x > 0`, `negativeSlope · x` elsewhere.
    public func forward(_ x: Tensor) -> Tensor { leakyRelu(x, negativeSlope: negativeSlope) }
    public override var extraDescription: String { "negative_slope=\(Printed.number(negativeSlope))" }
}

/// Exponential linear unit: `x` where `x > 0`, `α (eˣ − 1)` elsewhere (Clevert et al., 2016).
///
/// Shapes: `[*] -> [*]`.
public final class ELU: Module, Layer {
    /// The coefficient α; the function tends to −α for x → −∞. Default: 1.
    public let alpha: Double
    /// Creates the layer.
    ///
    /// - Parameter alpha: The coefficient α. Default: 1.
    public init(alpha: Double = 1) {
        self.alpha = alpha
        super.init()
    }
    /// Returns `x` where `x > 0`, `α (eˣ − 1)` elsewhere.
    public func forward(_ x: Tensor) -> Tensor { elu(x, alpha: alpha) }
    public override var extraDescription: String { "alpha=\(Printed.number(alpha))" }
}

/// Continuously differentiable exponential linear unit: `max(0, x) + min(0, α (e^(x/α) − 1))` (Barron, 2017).
///
/// Shapes: `[*] -> [*]`.
public final class CELU: Module, Layer {
    /// The coefficient α; the function tends to −α for x → −∞. Default: 1.
    public let alpha: Double
    /// Creates the layer.
    ///
    /// - Parameter alpha: The coefficient α. Default: 1.
    public init(alpha: Double = 1) {
        self.alpha = alpha
        super.init()
    }
    /// Returns `x` where `x > 0`, `α (e^(x/α) − 1)` elsewhere.
    public func forward(_ x: Tensor) -> Tensor { celu(x, alpha: alpha) }
    public override var extraDescription: String { "alpha=\(Printed.number(alpha))" }
}

/// Scaled exponential linear unit: `λ x` where `x > 0`, `λ α (eˣ − 1)` elsewhere (Klambauer et al., 2017).
///
/// α ≈ 1.6733 and λ ≈ 1.0507 are chosen so that a mean of 0 and a variance of 1 are preserved from layer to layer. Initialise
/// the weights with ``Initializers/kaimingNormal_(_:mode:nonlinearity:generator:)`` for `.linear`. Shapes: `[*] -> [*]`.
public final class SELU: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `λ x` where `x > 0`, `λ α (eˣ − 1)` elsewhere.
    public func forward(_ x: Tensor) -> Tensor { selu(x) }
}

/// Gaussian error linear unit: `x Φ(x)`, where Φ is the cumulative distribution function of the standard normal distribution
/// (Hendrycks and Gimpel, 2016).
///
/// With `.tanh` it is approximated by `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`. Shapes: `[*] -> [*]`.
public final class GELU: Module, Layer {
    /// The approximation of Φ: `.none` (exact, the default) or `.tanh`.
    public let approximate: GeluApproximation
    /// Creates the layer.
    ///
    /// - Parameter approximate: The approximation of Φ, `.none` or `.tanh`. Default: `.none`.
    public init(approximate: GeluApproximation = .none) {
        self.approximate = approximate
        super.init()
    }
    /// Returns `x Φ(x)`.
    public func forward(_ x: Tensor) -> Tensor { gelu(x, approximate: approximate) }
    public override var extraDescription: String { "approximate='\(approximate)'" }
}

/// Sigmoid linear unit, also called swish: `x σ(x)`, where σ is the sigmoid (Elfwing et al., 2017).
///
/// Shapes: `[*] -> [*]`.
public final class SiLU: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `x σ(x)`.
    public func forward(_ x: Tensor) -> Tensor { silu(x) }
}

/// Mish: `x tanh(softplus(x)) = x tanh(log(1 + eˣ))` (Misra, 2019).
///
/// Shapes: `[*] -> [*]`.
public final class Mish: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `x tanh(softplus(x))`.
    public func forward(_ x: Tensor) -> Tensor { mish(x) }
}

/// Sigmoid: `σ(x) = 1 / (1 + e⁻ˣ)`, element-wise.
///
/// Shapes: `[*] -> [*]`. Do not use it before ``BCEWithLogitsLoss``, which expects logits.
public final class Sigmoid: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `1 / (1 + e⁻ˣ)`.
    public func forward(_ x: Tensor) -> Tensor { sigmoid(x) }
}

/// Logarithm of the sigmoid: `log σ(x) = −log(1 + e⁻ˣ)`, element-wise.
///
/// Shapes: `[*] -> [*]`.
public final class LogSigmoid: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `log σ(x)`.
    public func forward(_ x: Tensor) -> Tensor { logsigmoid(x) }
}

/// Hyperbolic tangent, element-wise.
///
/// Shapes: `[*] -> [*]`.
public final class Tanh: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `tanh(x)`.
    public func forward(_ x: Tensor) -> Tensor { tanh(x) }
}

/// Softplus, a smooth approximation of ReLU: `log(1 + e^(β x)) / β`; x where `β x` is above the threshold.
///
/// Shapes: `[*] -> [*]`.
public final class Softplus: Module, Layer {
    /// The coefficient β. Default: 1.
    public var beta: Double { written.beta.asDouble }
    /// The value of β x above which the function returns x. Default: 20.
    public var threshold: Double { written.threshold.asDouble }
    private let written: (beta: Scalar, threshold: Scalar)
    /// Creates the layer. The printed model shows integers as integers: `Softplus(beta: 2)` prints `beta=2`.
    ///
    /// - Parameters:
    ///   - beta: The coefficient β. Default: 1.
    ///   - threshold: The value of β x above which the function returns x. Default: 20.
    public init(beta: any TensorScalar = 1.0, threshold: any TensorScalar = 20.0) {
        written = (beta.scalar, threshold.scalar)
        super.init()
    }
    /// Returns `log(1 + e^(β x)) / β`.
    public func forward(_ x: Tensor) -> Tensor { softplus(x, beta: beta, threshold: threshold) }
    public override var extraDescription: String {
        "beta=\(Printed.scalar(written.beta)), threshold=\(Printed.scalar(written.threshold))"
    }
}

/// Softsign: `x / (1 + |x|)`, element-wise.
///
/// Shapes: `[*] -> [*]`.
public final class Softsign: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `x / (1 + |x|)`.
    public func forward(_ x: Tensor) -> Tensor { softsign(x) }
}

/// Hard tanh: x clamped to [min, max], element-wise.
///
/// Shapes: `[*] -> [*]`.
public final class Hardtanh: Module, Layer {
    /// The lower bound. Default: -1.
    public let min: Double
    /// The upper bound. Default: 1.
    public let max: Double
    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - min: The lower bound. Default: -1.
    ///   - max: The upper bound. Default: 1.
    public init(min: Double = -1, max: Double = 1) {
        self.min = min
        self.max = max
        super.init()
    }
    /// Returns x clamped to [min, max].
    public func forward(_ x: Tensor) -> Tensor { hardtanh(x, min: min, max: max) }
    public override var extraDescription: String {
        "min_val=\(Printed.number(min)), max_val=\(Printed.number(max))"
    }
}

/// Hard swish, a piecewise approximation of ``SiLU``: `x min(max(x + 3, 0), 6) / 6` (Howard et al., 2019).
///
/// Shapes: `[*] -> [*]`.
public final class Hardswish: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `x min(max(x + 3, 0), 6) / 6`.
    public func forward(_ x: Tensor) -> Tensor { hardswish(x) }
}

/// Hard sigmoid, a piecewise linear approximation of ``Sigmoid``: `min(max(x + 3, 0), 6) / 6`.
///
/// Shapes: `[*] -> [*]`.
public final class Hardsigmoid: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns `min(max(x + 3, 0), 6) / 6`.
    public func forward(_ x: Tensor) -> Tensor { hardsigmoid(x) }
}

/// Softmax along a dimension: `softmax(x)[i] = e^x[i] / Σ e^x[j]`. The results are from 0 to 1 and sum to 1.
///
/// Shapes: `[*] -> [*]`. Do not use it before ``CrossEntropyLoss``, which expects logits.
public final class Softmax: Module, Layer {
    /// The dimension along which the results sum to 1.
    public let dim: Int
    /// Creates the layer.
    ///
    /// - Parameter dim: The dimension along which the results sum to 1. It has no default.
    public init(dim: Int) {
        self.dim = dim
        super.init()
    }
    /// Returns `eˣ / Σ eˣ`.
    public func forward(_ x: Tensor) -> Tensor { softmax(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// Logarithm of softmax along a dimension: `x − log Σ eˣ`, computed without overflow.
///
/// Shapes: `[*] -> [*]`. ``NLLLoss`` expects its results.
public final class LogSoftmax: Module, Layer {
    /// The dimension along which the probabilities sum to 1.
    public let dim: Int
    /// Creates the layer.
    ///
    /// - Parameter dim: The dimension along which the probabilities sum to 1. It has no default.
    public init(dim: Int) {
        self.dim = dim
        super.init()
    }
    /// Returns `x − log Σ eˣ`.
    public func forward(_ x: Tensor) -> Tensor { logSoftmax(x, dim: dim) }
    public override var extraDescription: String { "dim=\(dim)" }
}

/// Identity: returns its input. Use it as a placeholder for an optional layer.
///
/// Shapes: `[*] -> [*]`.
public final class Identity: Module, Layer {
    /// Creates the layer.
    public override init() { super.init() }
    /// Returns x.
    public func forward(_ x: Tensor) -> Tensor { x }
}
