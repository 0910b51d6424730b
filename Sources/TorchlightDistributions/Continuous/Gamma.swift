import TorchlightCore

/// The gamma distribution, of density `rate^a x^(a - 1) exp(-rate x) / gamma(a)` with `a` the concentration.
///
/// Support: numbers of at least 0. Parameters `concentration > 0` and `rate > 0` broadcast to the batch shape. Gradients flow
/// through draws by implicit reparameterisation (Figurnov, Mohamed and Mnih 2018).
public struct Gamma: Distribution {
    /// The shape parameter, `batchShape`.
    public let concentration: Tensor
    /// One over the scale, `batchShape`.
    public let rate: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates gamma distributions with the given concentrations and rates.
    public init(concentration: any DistributionParameter, rate: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [concentration, rate])
        let valid = validated(
            Self.self, validateArgs, [("concentration", all[0], .positive), ("rate", all[1], .positive)])
        (self.concentration, self.rate, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { concentration.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers of at least 0.
    public var support: Constraint { .nonnegative }
    /// True: implicit reparameterisation.
    public var hasRSample: Bool { true }
    /// `concentration / rate`.
    public var mean: Tensor { concentration / rate }
    /// `(concentration - 1) / rate`, at least 0.
    public var mode: Tensor { ((concentration - 1) / rate).clamp(min: 0) }
    /// `concentration / rate^2`.
    public var variance: Tensor { concentration / rate.square() }

    /// Draws with gradients by implicit reparameterisation. Those below the smallest number of the dtype are that number.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let shape = concentration.expanded(extendedShape(sampleShape))
        let draws = Tensor.variates(.gamma, [shape], generator: generator) / rate
        return draws.clampedVariate()
    }

    /// `a log rate + (a - 1) log x - rate x - lgamma(a)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            concentration.xlogy(rate) + (concentration - 1).xlogy(x) - rate * x - concentration.lgamma()
        }
    }

    /// The regularised lower incomplete gamma function of `a` and `rate x`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { concentration.igamma(rate * $0) } }

    /// `a - log rate + lgamma(a) + (1 - a) digamma(a)`.
    public func entropy() -> Tensor {
        concentration - rate.log() + concentration.lgamma() + (1 - concentration) * concentration.digamma()
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Gamma {
        keepingSettings(
            Gamma(
                concentration: concentration.expanded(batchShape), rate: rate.expanded(batchShape),
                validateArgs: false))
    }
}

extension Tensor {
    /// At least the smallest normal number, with the gradient of the identity, so that samples stay positive.
    fileprivate func clampedVariate() -> Tensor {
        if isPlaceholder { return self }
        return self + noGrad { (dtype.smallestNormal - self.detach()).clamp(min: 0) }
    }
}

/// The chi-squared distribution of the sum of `df` squared standard normal variables: gamma of concentration `df / 2` and rate 1/2.
///
/// Support: numbers of at least 0. The parameter is `df > 0`, of the batch shape.
public struct Chi2: Distribution {
    /// The degrees of freedom, `batchShape`.
    public let df: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates chi-squared distributions with the given degrees of freedom.
    public init(df: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [df])
        self.df = validated(Self.self, validateArgs, [("df", all[0], .positive)])[0]
        self.validateArgs = validateArgs
    }

    /// The gamma distribution that it is.
    var gamma: Gamma { Gamma(concentration: df * 0.5, rate: df.filled(0.5), validateArgs: false) }

    /// The shape of the parameter.
    public var batchShape: [Int] { df.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers of at least 0.
    public var support: Constraint { .nonnegative }
    /// True: implicit reparameterisation.
    public var hasRSample: Bool { true }
    /// `df`.
    public var mean: Tensor { gamma.mean }
    /// `df - 2`, at least 0.
    public var mode: Tensor { gamma.mode }
    /// `2 df`.
    public var variance: Tensor { gamma.variance }
    /// Draws with gradients by implicit reparameterisation.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        gamma.rsample(sampleShape, generator: generator)
    }
    /// The density of the gamma distribution.
    public func logProb(_ value: Tensor) -> Tensor { evaluate("logProb", value) { gamma.logProb($0) } }
    /// The regularised lower incomplete gamma function of `df / 2` and `x / 2`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { gamma.cdf($0) } }
    /// The entropy of the gamma distribution.
    public func entropy() -> Tensor { gamma.entropy() }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Chi2 {
        keepingSettings(Chi2(df: df.expanded(batchShape), validateArgs: false))
    }

    /// The gamma distribution that it is.
    public var generalForm: (any Distribution)? { gamma }
}

/// The distribution of the reciprocal of a gamma variable: density `rate^a x^(-a - 1) exp(-rate / x) / gamma(a)`.
///
/// Support: numbers above 0. Parameters `concentration > 0` and `rate > 0` are those of the reciprocal and broadcast to the batch
/// shape.
public struct InverseGamma: Distribution {
    /// The distribution of the reciprocal.
    public let baseDistribution: Gamma
    /// The shape parameter, `batchShape`.
    public var concentration: Tensor { baseDistribution.concentration }
    /// The rate of the reciprocal, which is the scale, `batchShape`.
    public var rate: Tensor { baseDistribution.rate }
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Distributions whose reciprocals are gamma distributed.
    public init(concentration: any DistributionParameter, rate: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [concentration, rate])
        let valid = validated(
            Self.self, validateArgs, [("concentration", all[0], .positive), ("rate", all[1], .positive)])
        baseDistribution = Gamma(concentration: valid[0], rate: valid[1], validateArgs: false)
        self.validateArgs = validateArgs
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { baseDistribution.batchShape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers above 0.
    public var support: Constraint { .positive }
    /// True: reciprocals of gamma draws.
    public var hasRSample: Bool { true }
    /// `rate / (concentration - 1)` where `concentration > 1`, otherwise infinite.
    public var mean: Tensor {
        (rate / (concentration - 1)).maskedFill(noGrad { concentration <= 1 }, Double.infinity)
    }
    /// `rate / (concentration + 1)`.
    public var mode: Tensor { rate / (concentration + 1) }
    /// `rate^2 / ((a - 1)^2 (a - 2))` where the concentration `a > 2`, otherwise infinite.
    public var variance: Tensor {
        (rate.square() / ((concentration - 1).square() * (concentration - 2))).maskedFill(
            noGrad { concentration <= 2 }, Double.infinity)
    }

    /// Reciprocals of gamma draws.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        baseDistribution.rsample(sampleShape, generator: generator).reciprocal()
    }

    /// The gamma density of `1 / x`, less `2 log x`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { baseDistribution.logProb($0.reciprocal()) - 2 * $0.log() }
    }

    /// The regularised upper incomplete gamma function of `a` and `rate / x`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { concentration.igammac(rate / $0) } }

    /// `a + log rate + lgamma(a) - (1 + a) digamma(a)`.
    public func entropy() -> Tensor {
        concentration + rate.log() + concentration.lgamma() - (1 + concentration) * concentration.digamma()
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> InverseGamma {
        keepingSettings(
            InverseGamma(
                concentration: concentration.expanded(batchShape), rate: rate.expanded(batchShape),
                validateArgs: false))
    }

    /// The reciprocal of a gamma distribution.
    public var generalForm: (any Distribution)? {
        TransformedDistribution(baseDistribution, [PowerTransform(exponent: -1)], validateArgs: false)
    }
}
