import TorchlightCore

/// The exponential distribution, of density `rate exp(-rate x)`.
///
/// Support: numbers of at least 0. The parameter is `rate > 0`, of the batch shape.
public struct Exponential: Distribution {
    /// One over the mean, `batchShape`.
    public let rate: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates exponential distributions with the given rates.
    public init(rate: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [rate])
        self.rate = validated(Self.self, validateArgs, [("rate", all[0], .positive)])[0]
        self.validateArgs = validateArgs
    }

    /// The shape of the parameter.
    public var batchShape: [Int] { rate.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers of at least 0.
    public var support: Constraint { .nonnegative }
    /// True: `-log(u) / rate`.
    public var hasRSample: Bool { true }
    /// `1 / rate`.
    public var mean: Tensor { rate.reciprocal() }
    /// The mode: 0.
    public var mode: Tensor { rate.filled(0) }
    /// `1 / rate`.
    public var stddev: Tensor { rate.reciprocal() }
    /// `1 / rate^2`.
    public var variance: Tensor { rate.pow(-2) }

    /// `-log(u) / rate` with uniform `u`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        -rate.openUniform(extendedShape(sampleShape), generator).log() / rate
    }

    /// `log rate - rate x`.
    public func logProb(_ value: Tensor) -> Tensor { evaluate("logProb", value) { rate.log() - rate * $0 } }
    /// `1 - exp(-rate x)`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { -(-rate * $0).expm1() } }
    /// `-log(1 - p) / rate`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value) { -(-$0).log1p() / rate } }
    /// `1 - log rate`.
    public func entropy() -> Tensor { 1 - rate.log() }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Exponential {
        keepingSettings(Exponential(rate: rate.expanded(batchShape), validateArgs: false))
    }
}

/// The Pareto distribution, of density `alpha scale^alpha / x^(alpha + 1)`.
///
/// Support: numbers from `scale` on. Parameters `scale > 0` and `alpha > 0` broadcast to the batch shape.
public struct Pareto: Distribution {
    /// The smallest value, `batchShape`.
    public let scale: Tensor
    /// The exponent of the tail, `batchShape`.
    public let alpha: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Pareto distributions with the given smallest values and exponents.
    public init(scale: any DistributionParameter, alpha: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [scale, alpha])
        let valid = validated(Self.self, validateArgs, [("scale", all[0], .positive), ("alpha", all[1], .positive)])
        (self.scale, self.alpha, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { scale.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from `scale` on.
    public var support: Constraint { .greaterThanEq(scale) }
    /// True: `scale u^(-1 / alpha)`.
    public var hasRSample: Bool { true }
    /// `alpha scale / (alpha - 1)` where `alpha > 1`, otherwise infinite.
    public var mean: Tensor {
        let a = alpha.clamp(min: 1)
        return a * scale / (a - 1)
    }
    /// `scale`.
    public var mode: Tensor { scale }
    /// `alpha scale^2 / ((alpha - 1)^2 (alpha - 2))` where `alpha > 2`, otherwise infinite.
    public var variance: Tensor {
        let a = alpha.clamp(min: 2)
        return scale.square() * a / ((a - 1).square() * (a - 2))
    }

    /// `scale u^(-1 / alpha)` with uniform `u`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        scale * (-alpha.openUniform(extendedShape(sampleShape), generator).log() / alpha).exp()
    }

    /// `log alpha + alpha log scale - (alpha + 1) log x`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { alpha.log() + alpha * scale.log() - (alpha + 1) * $0.log() }
    }
    /// `1 - (scale / x)^alpha`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { -(alpha * (scale / $0).log()).expm1() } }
    /// `scale (1 - p)^(-1 / alpha)`.
    public func icdf(_ value: Tensor) -> Tensor {
        evaluateQuantile(value) { scale * (-(-$0).log1p() / alpha).exp() }
    }
    /// `log(scale / alpha) + 1 + 1 / alpha`.
    public func entropy() -> Tensor { (scale / alpha).log() + (1 + alpha.reciprocal()) }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Pareto {
        keepingSettings(
            Pareto(scale: scale.expanded(batchShape), alpha: alpha.expanded(batchShape), validateArgs: false))
    }
}

/// The Weibull distribution, of density `k / scale (x / scale)^(k - 1) exp(-(x / scale)^k)` with `k` the concentration.
///
/// Support: numbers above 0. Parameters `scale > 0` and `concentration > 0` broadcast to the batch shape.
public struct Weibull: Distribution {
    /// The scale, `batchShape`.
    public let scale: Tensor
    /// The shape parameter, `batchShape`.
    public let concentration: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Weibull distributions with the given scales and concentrations.
    public init(scale: any DistributionParameter, concentration: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [scale, concentration])
        let valid = validated(
            Self.self, validateArgs, [("scale", all[0], .positive), ("concentration", all[1], .positive)])
        (self.scale, self.concentration, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { scale.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers above 0.
    public var support: Constraint { .positive }
    /// True: `scale (-log u)^(1 / concentration)`.
    public var hasRSample: Bool { true }
    /// `scale gamma(1 + 1 / concentration)`.
    public var mean: Tensor { scale * (1 + concentration.reciprocal()).lgamma().exp() }
    /// `scale ((k - 1) / k)^(1 / k)` where the concentration `k > 1`, otherwise 0.
    public var mode: Tensor {
        let k = concentration.clamp(min: 1)
        return scale * ((k - 1) / k).pow(k.reciprocal())
    }
    /// `scale^2 (gamma(1 + 2 / concentration) - gamma(1 + 1 / concentration)^2)`.
    public var variance: Tensor {
        let inverse = concentration.reciprocal()
        return scale.square() * ((1 + 2 * inverse).lgamma().exp() - (2 * (1 + inverse).lgamma()).exp())
    }

    /// `scale (-log u)^(1 / concentration)` with uniform `u`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        scale * (-scale.openUniform(extendedShape(sampleShape), generator).log()).pow(concentration.reciprocal())
    }

    /// `log(k / scale) + (k - 1) log(x / scale) - (x / scale)^k`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let ratio = x / scale
            return (concentration / scale).log() + (concentration - 1) * ratio.log() - ratio.pow(concentration)
        }
    }
    /// `1 - exp(-(x / scale)^k)`.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { -(-($0 / scale).pow(concentration)).expm1() }
    }
    /// `scale (-log(1 - p))^(1 / k)`.
    public func icdf(_ value: Tensor) -> Tensor {
        evaluateQuantile(value) { scale * (-(-$0).log1p()).pow(concentration.reciprocal()) }
    }
    /// `0.5772 (1 - 1 / k) + log(scale / k) + 1`, with the Euler-Mascheroni constant.
    public func entropy() -> Tensor {
        (1 - concentration.reciprocal()) * eulerConstant + (scale / concentration).log() + 1
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Weibull {
        keepingSettings(
            Weibull(
                scale: scale.expanded(batchShape), concentration: concentration.expanded(batchShape),
                validateArgs: false))
    }
}
