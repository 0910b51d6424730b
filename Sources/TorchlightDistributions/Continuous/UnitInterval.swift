import TorchlightCore

/// The beta distribution, of density `x^(a - 1) (1 - x)^(b - 1) / B(a, b)`, with `a` and `b` the concentrations of 1 and of 0.
///
/// Support: numbers from 0 to 1. Parameters `concentration1 > 0` and `concentration0 > 0` broadcast to the batch shape.
public struct Beta: Distribution {
    /// The concentration `a` of 1, `batchShape`.
    public let concentration1: Tensor
    /// The concentration `b` of 0, `batchShape`.
    public let concentration0: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates beta distributions with the given concentrations.
    public init(
        concentration1: any DistributionParameter, concentration0: any DistributionParameter, validateArgs: Bool = true
    ) {
        let all = broadcastParameters(of: Self.self, [concentration1, concentration0])
        let valid = validated(
            Self.self, validateArgs,
            [("concentration1", all[0], .positive), ("concentration0", all[1], .positive)])
        (self.concentration1, self.concentration0, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The distribution of the pairs `(x, 1 - x)`.
    private var dirichlet: Dirichlet {
        Dirichlet(concentration: stack([concentration1, concentration0], dim: -1), validateArgs: false)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { concentration1.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from 0 to 1.
    public var support: Constraint { .unitInterval }
    /// True: implicit reparameterisation of gamma draws.
    public var hasRSample: Bool { true }
    /// `a / (a + b)`.
    public var mean: Tensor { concentration1 / (concentration1 + concentration0) }
    /// `(a - 1) / (a + b - 2)` where both are at least 1; the end with the larger concentration where one is not; 1 where
    /// neither is.
    public var mode: Tensor {
        let mode = dirichlet.mode
        return mode.isPlaceholder ? mode : mode.select(-1, 0)
    }
    /// `a b / ((a + b)^2 (a + b + 1))`.
    public var variance: Tensor {
        let total = concentration1 + concentration0
        return concentration1 * concentration0 / (total.square() * (total + 1))
    }

    /// Draws with gradients by implicit reparameterisation.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let pairs = dirichlet.rsample(sampleShape, generator: generator)
        return pairs.isPlaceholder ? pairs : pairs.select(-1, 0)
    }

    /// `(a - 1) log x + (b - 1) log(1 - x) - log B(a, b)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let (a, b) = (concentration1, concentration0)
            return (a - 1).xlogy(x) + Special.xlog1py(b - 1, -x) + (a + b).lgamma() - a.lgamma() - b.lgamma()
        }
    }

    /// `log B(a, b) - (a - 1) digamma(a) - (b - 1) digamma(b) + (a + b - 2) digamma(a + b)`.
    public func entropy() -> Tensor { dirichlet.entropy() }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Beta {
        keepingSettings(
            Beta(
                concentration1: concentration1.expanded(batchShape),
                concentration0: concentration0.expanded(batchShape),
                validateArgs: false))
    }
}

/// The Kumaraswamy distribution, of density `a b x^(a - 1) (1 - x^a)^(b - 1)`, with `a` and `b` the concentrations of 1 and of 0.
///
/// Support: numbers from 0 to 1. Parameters `concentration1 > 0` and `concentration0 > 0` broadcast to the batch shape.
public struct Kumaraswamy: Distribution {
    /// The concentration `a` of 1, `batchShape`.
    public let concentration1: Tensor
    /// The concentration `b` of 0, `batchShape`.
    public let concentration0: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Kumaraswamy distributions with the given concentrations.
    public init(
        concentration1: any DistributionParameter, concentration0: any DistributionParameter, validateArgs: Bool = true
    ) {
        let all = broadcastParameters(of: Self.self, [concentration1, concentration0])
        let valid = validated(
            Self.self, validateArgs,
            [("concentration1", all[0], .positive), ("concentration0", all[1], .positive)])
        (self.concentration1, self.concentration0, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// `E(x^n) = b B(1 + n / a, b)`.
    private func moment(_ n: Double) -> Tensor {
        let shifted = 1 + n / concentration1
        return concentration0
            * (shifted.lgamma() + concentration0.lgamma() - (shifted + concentration0).lgamma()).exp()
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { concentration1.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from 0 to 1.
    public var support: Constraint { .unitInterval }
    /// True: quantiles of uniform numbers.
    public var hasRSample: Bool { true }
    /// `b B(1 + 1 / a, b)`.
    public var mean: Tensor { moment(1) }
    /// `((a - 1) / (a b - 1))^(1 / a)` where both are at least 1, otherwise NaN.
    public var mode: Tensor {
        let (a, b) = (concentration1, concentration0)
        return ((a - 1) / (a * b - 1)).pow(a.reciprocal()).maskedFill(
            noGrad { (a < 1).logicalOr(b < 1) }, Double.nan)
    }
    /// `b B(1 + 2 / a, b)` less the squared mean.
    public var variance: Tensor { moment(2) - moment(1).square() }

    /// Quantiles of uniform numbers.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        quantile(concentration1.openUniform(extendedShape(sampleShape), generator))
    }

    private func quantile(_ p: Tensor) -> Tensor {
        (-((-p).log1p() / concentration0).expm1()).pow(concentration1.reciprocal())
    }

    /// `log a + log b + (a - 1) log x + (b - 1) log(1 - x^a)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let (a, b) = (concentration1, concentration0)
            return a.log() + b.log() + (a - 1).xlogy(x) + Special.xlog1py(b - 1, -x.pow(a))
        }
    }
    /// `1 - (1 - x^a)^b`.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { -(concentration0 * (-$0.pow(concentration1)).log1p()).expm1() }
    }
    /// `(1 - (1 - p)^(1 / b))^(1 / a)`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value, quantile) }
    /// `1 - 1 / b + (1 - 1 / a) (digamma(b + 1) + 0.5772) - log a - log b`, with the Euler-Mascheroni constant.
    public func entropy() -> Tensor {
        let (a, b) = (concentration1, concentration0)
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * ((b + 1).digamma() + eulerConstant) - a.log() - b.log()
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Kumaraswamy {
        keepingSettings(
            Kumaraswamy(
                concentration1: concentration1.expanded(batchShape),
                concentration0: concentration0.expanded(batchShape),
                validateArgs: false))
    }
}

/// The continuous Bernoulli distribution, of density proportional to `p^x (1 - p)^(1 - x)` (Loaiza-Ganem and Cunningham 2019).
///
/// Support: numbers from 0 to 1. The parameter is `probs` in [0, 1], held away from 0 and 1 by the epsilon of the dtype, or
/// `logits = log(p / (1 - p))`, of the batch shape. Near p = 1/2 Taylor polynomials replace quotients that cancel.
public struct ContinuousBernoulli: Distribution {
    let event: EventProbabilities
    /// The ends of the range of probabilities in which Taylor polynomials are used.
    private let limits: (low: Double, high: Double)
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates continuous Bernoulli distributions with the given probabilities or logits.
    ///
    /// - Parameter lims: The range of probabilities around 1/2 in which Taylor polynomials are used.
    public init(
        probs: (any DistributionParameter)? = nil, logits: (any DistributionParameter)? = nil,
        lims: (Double, Double) = (0.499, 0.501), validateArgs: Bool = true
    ) {
        let event = EventProbabilities(
            binary: Self.self, probs: probs, logits: logits, constraint: .unitInterval, validateArgs: validateArgs)
        self.event = event.isGivenAsProbs ? event.with(event.parameter.clampedProbabilities()) : event
        limits = (lims.0, lims.1)
        self.validateArgs = validateArgs
    }

    /// The parameter p, `batchShape`.
    public var probs: Tensor { event.isGivenAsProbs ? event.probs : event.probs.clampedProbabilities() }
    /// `log(p / (1 - p))`, `batchShape`.
    public var logits: Tensor { event.logits }

    /// A formula in `p` where it is stable, otherwise a Taylor polynomial in `p - 1/2`.
    private func stable(_ formula: (Tensor) -> Tensor, _ taylor: (Tensor) -> Tensor) -> Tensor {
        let probs = probs
        let isStable = noGrad { (probs <= limits.low).logicalOr(probs > limits.high) }
        return Tensor.where(isStable, formula(Tensor.where(isStable, probs, limits.low)), taylor(probs - 0.5))
    }

    /// The logarithm of the constant that the density is multiplied by.
    var logNormalizer: Tensor {
        stable(
            { p in
                let isLow = noGrad { p <= 0.5 }
                let low = Tensor.where(isLow, p, 0.0)
                let high = Tensor.where(isLow, 1.0, p)
                return ((-p).log1p() - p.log()).abs().log()
                    - Tensor.where(isLow, (-2 * low).log1p(), (2 * high - 1).log())
            },
            { d in
                let square = d.square()
                return logTwo + (4.0 / 3 + square * (104.0 / 45)) * square
            })
    }

    /// The shape of the parameter.
    public var batchShape: [Int] { event.parameter.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from 0 to 1.
    public var support: Constraint { .unitInterval }
    /// True: quantiles of uniform numbers.
    public var hasRSample: Bool { true }
    /// `p / (2p - 1) + 1 / log((1 - p) / p)`.
    public var mean: Tensor {
        stable(
            { p in p / (2 * p - 1) + 1 / ((-p).log1p() - p.log()) },
            { d in 0.5 + (1.0 / 3 + d.square() * (16.0 / 45)) * d })
    }
    /// `p (p - 1) / (1 - 2p)^2 + 1 / log((1 - p) / p)^2`.
    public var variance: Tensor {
        stable(
            { p in p * (p - 1) / (1 - 2 * p).square() + 1 / ((-p).log1p() - p.log()).square() },
            { d in
                let square = d.square()
                return 1.0 / 12 - (1.0 / 15 - square * (128.0 / 945)) * square
            })
    }

    /// Quantiles of uniform numbers.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        quantile(probs.openUniform(extendedShape(sampleShape), generator))
    }

    private func quantile(_ u: Tensor) -> Tensor {
        let probs = probs
        let isStable = noGrad { (probs <= limits.low).logicalOr(probs > limits.high) }
        let p = Tensor.where(isStable, probs, limits.low)
        let quotient = ((-p + u * (2 * p - 1)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return Tensor.where(isStable, quotient, u)
    }

    /// `x log p + (1 - x) log(1 - p)` plus the logarithm of the normalising constant.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { event.logLikelihood($0) + logNormalizer }
    }

    /// `(p^x (1 - p)^(1 - x) + p - 1) / (2p - 1)`.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { x in
            let probs = probs
            let isStable = noGrad { (probs <= limits.low).logicalOr(probs > limits.high) }
            let p = Tensor.where(isStable, probs, limits.low)
            let quotient = (p.pow(x) * (1 - p).pow(1 - x) + p - 1) / (2 * p - 1)
            let inside = Tensor.where(isStable, quotient, x)
            return Tensor.where(noGrad { x <= 0 }, 0.0, Tensor.where(noGrad { x >= 1 }, 1.0, inside))
        }
    }
    /// `log(1 - p + u (2p - 1)) - log(1 - p)` over `log p - log(1 - p)`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value, quantile) }
    /// `-E(log density)`.
    public func entropy() -> Tensor {
        let failure = (-probs).log1p()
        return mean * (failure - probs.log()) - logNormalizer - failure
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> ContinuousBernoulli {
        ContinuousBernoulli(event: event.expand(batchShape), limits: limits, validateArgs: validateArgs)
    }

    private init(event: EventProbabilities, limits: (low: Double, high: Double), validateArgs: Bool) {
        (self.event, self.limits, self.validateArgs) = (event, limits, validateArgs)
    }
}
