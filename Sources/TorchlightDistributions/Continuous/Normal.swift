import TorchlightCore

/// The normal distribution, of density `exp(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi))`.
///
/// Support: numbers. Parameters `loc` and `scale > 0` broadcast to the batch shape.
public struct Normal: Distribution {
    /// The mean, `batchShape`.
    public let loc: Tensor
    /// The standard deviation, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates normal distributions with the given means and standard deviations.
    public init(loc: any DistributionParameter, scale: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [loc, scale])
        let valid = validated(Self.self, validateArgs, [("loc", all[0], .real), ("scale", all[1], .positive)])
        (self.loc, self.scale, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { loc.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: all real numbers.
    public var support: Constraint { .real }
    /// True: `loc + scale * noise`.
    public var hasRSample: Bool { true }
    /// `loc`.
    public var mean: Tensor { loc }
    /// `loc`.
    public var mode: Tensor { loc }
    /// `scale`.
    public var stddev: Tensor { scale }
    /// `scale^2`.
    public var variance: Tensor { scale.square() }

    /// `loc + scale * noise` with standard normal noise.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        loc + scale * loc.standardNormal(extendedShape(sampleShape), generator)
    }

    /// `-(x - loc)^2 / (2 scale^2) - log scale - log(2 pi) / 2`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) {
            -($0 - loc).square() / (2 * scale.square()) - scale.log() - logTwoPi / 2
        }
    }

    /// The normal distribution function.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { (($0 - loc) / scale).ndtr() } }
    /// Its inverse.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value) { loc + scale * $0.ndtri() } }
    /// `(1 + log(2 pi)) / 2 + log scale`.
    public func entropy() -> Tensor { scale.log() + (1 + logTwoPi) / 2 }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Normal {
        keepingSettings(
            Normal(loc: loc.expanded(batchShape), scale: scale.expanded(batchShape), validateArgs: false))
    }
}

/// The distribution of the exponential of a normal variable: density `exp(-(log x - loc)^2 / (2 scale^2)) / (x scale sqrt(2 pi))`.
///
/// Support: numbers above 0. Parameters `loc` and `scale > 0` are those of the logarithm and broadcast to the batch shape.
public struct LogNormal: Distribution {
    /// The distribution of the logarithm.
    public let baseDistribution: Normal
    /// The mean of the logarithm, `batchShape`.
    public var loc: Tensor { baseDistribution.loc }
    /// The standard deviation of the logarithm, `batchShape`.
    public var scale: Tensor { baseDistribution.scale }
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Distributions whose logarithms have these means and standard deviations.
    public init(loc: any DistributionParameter, scale: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [loc, scale])
        let valid = validated(Self.self, validateArgs, [("loc", all[0], .real), ("scale", all[1], .positive)])
        baseDistribution = Normal(loc: valid[0], scale: valid[1], validateArgs: false)
        self.validateArgs = validateArgs
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { baseDistribution.batchShape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers above 0.
    public var support: Constraint { .positive }
    /// True: the exponential of normal draws.
    public var hasRSample: Bool { true }
    /// `exp(loc + scale^2 / 2)`.
    public var mean: Tensor { (loc + scale.square() / 2).exp() }
    /// `exp(loc - scale^2)`.
    public var mode: Tensor { (loc - scale.square()).exp() }
    /// `(exp(scale^2) - 1) exp(2 loc + scale^2)`.
    public var variance: Tensor { scale.square().expm1() * (2 * loc + scale.square()).exp() }

    /// The exponential of normal draws.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        baseDistribution.rsample(sampleShape, generator: generator).exp()
    }

    /// The normal density of `log x`, less `log x`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let y = x.log()
            return baseDistribution.logProb(y) - y
        }
    }

    /// The normal distribution function of `log x`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { baseDistribution.cdf($0.log()) } }
    /// Its inverse.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value) { baseDistribution.icdf($0).exp() } }
    /// The entropy of the logarithm, plus `loc`.
    public func entropy() -> Tensor { baseDistribution.entropy() + loc }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> LogNormal {
        keepingSettings(
            LogNormal(loc: loc.expanded(batchShape), scale: scale.expanded(batchShape), validateArgs: false))
    }

    /// The exponential of a normal distribution.
    public var generalForm: (any Distribution)? {
        TransformedDistribution(baseDistribution, [ExpTransform()], validateArgs: false)
    }
}

/// The distribution of the absolute value of a normal variable of mean 0: density `sqrt(2 / pi) exp(-x^2 / (2 scale^2)) / scale`.
///
/// Support: numbers of at least 0. The parameter is `scale > 0`, of the batch shape.
public struct HalfNormal: Distribution {
    /// The standard deviation of the normal variable, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Distributions of absolute values of normal variables of these standard deviations.
    public init(scale: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [scale])
        self.scale = validated(Self.self, validateArgs, [("scale", all[0], .positive)])[0]
        self.validateArgs = validateArgs
    }

    /// The normal distribution whose absolute value this is.
    var normal: Normal { Normal(loc: scale.filled(0), scale: scale, validateArgs: false) }

    /// The shape of the parameter.
    public var batchShape: [Int] { scale.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers of at least 0.
    public var support: Constraint { .nonnegative }
    /// True: absolute values of normal draws.
    public var hasRSample: Bool { true }
    /// `scale sqrt(2 / pi)`.
    public var mean: Tensor { scale * (2 / Double.pi).squareRoot() }
    /// The mode: 0.
    public var mode: Tensor { scale.filled(0) }
    /// `scale^2 (1 - 2 / pi)`.
    public var variance: Tensor { scale.square() * (1 - 2 / Double.pi) }

    /// Absolute values of normal draws.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        normal.rsample(sampleShape, generator: generator).abs()
    }

    /// Twice the normal density; minus infinity below 0.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            Tensor.where(noGrad { x >= 0 }, normal.logProb(x) + logTwo, -Double.infinity)
        }
    }

    /// `erf(x / (scale sqrt 2))`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { ($0 / (scale * 2.0.squareRoot())).erf() } }
    /// Its inverse.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value) { scale * (($0 + 1) / 2).ndtri() } }
    /// `(1 + log(pi / 2)) / 2 + log scale`.
    public func entropy() -> Tensor { normal.entropy() - logTwo }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> HalfNormal {
        keepingSettings(HalfNormal(scale: scale.expanded(batchShape), validateArgs: false))
    }
}
