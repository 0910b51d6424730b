import TorchlightCore

/// The Cauchy distribution, of density `1 / (pi scale (1 + ((x - loc) / scale)^2))`. It has no mean.
///
/// Support: numbers. Parameters `loc`, the median, and `scale > 0`, half the width at half height, broadcast to the batch shape.
public struct Cauchy: Distribution {
    /// The median, `batchShape`.
    public let loc: Tensor
    /// Half the width at half height, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Cauchy distributions with the given medians and scales.
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
    /// True: `loc + scale tan(pi (u - 1/2))`.
    public var hasRSample: Bool { true }
    /// NaN: there is none.
    public var mean: Tensor { loc.filled(.nan) }
    /// `loc`.
    public var mode: Tensor { loc }
    /// Infinite.
    public var variance: Tensor { loc.filled(.infinity) }

    /// `loc + scale tan(pi (u - 1/2))` with uniform `u`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let u = loc.openUniform(extendedShape(sampleShape), generator)
        return loc + scale * ((u - 0.5) * Double.pi).tan()
    }

    /// `-log pi - log scale - log(1 + ((x - loc) / scale)^2)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { -logPi - scale.log() - (($0 - loc) / scale).square().log1p() }
    }

    /// `arctan((x - loc) / scale) / pi + 1/2`.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { (($0 - loc) / scale).atan() / Double.pi + 0.5 }
    }
    /// `loc + scale tan(pi (p - 1/2))`.
    public func icdf(_ value: Tensor) -> Tensor {
        evaluateQuantile(value) { loc + scale * (($0 - 0.5) * Double.pi).tan() }
    }
    /// `log(4 pi scale)`.
    public func entropy() -> Tensor { scale.log() + (2 * logTwo + logPi) }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Cauchy {
        keepingSettings(
            Cauchy(loc: loc.expanded(batchShape), scale: scale.expanded(batchShape), validateArgs: false))
    }
}

/// The distribution of the absolute value of a Cauchy variable of median 0: density `2 / (pi scale (1 + (x / scale)^2))`.
///
/// Support: numbers of at least 0. The parameter is `scale > 0`, of the batch shape.
public struct HalfCauchy: Distribution {
    /// The scale of the Cauchy variable, which is the median, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Distributions of absolute values of Cauchy variables of these scales.
    public init(scale: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [scale])
        self.scale = validated(Self.self, validateArgs, [("scale", all[0], .positive)])[0]
        self.validateArgs = validateArgs
    }

    private var cauchy: Cauchy { Cauchy(loc: scale.filled(0), scale: scale, validateArgs: false) }

    /// The shape of the parameter.
    public var batchShape: [Int] { scale.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers of at least 0.
    public var support: Constraint { .nonnegative }
    /// True: absolute values of Cauchy draws.
    public var hasRSample: Bool { true }
    /// Infinite.
    public var mean: Tensor { scale.filled(.infinity) }
    /// The mode: 0.
    public var mode: Tensor { scale.filled(0) }
    /// Infinite.
    public var variance: Tensor { scale.filled(.infinity) }

    /// Absolute values of Cauchy draws.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        cauchy.rsample(sampleShape, generator: generator).abs()
    }

    /// Twice the Cauchy density; minus infinity below 0.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            Tensor.where(noGrad { x >= 0 }, cauchy.logProb(x) + logTwo, -Double.infinity)
        }
    }

    /// `2 arctan(x / scale) / pi`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { ($0 / scale).atan() * (2 / Double.pi) } }
    /// `scale tan(pi p / 2)`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value) { scale * ($0 * (Double.pi / 2)).tan() } }
    /// `log(2 pi scale)`.
    public func entropy() -> Tensor { cauchy.entropy() - logTwo }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> HalfCauchy {
        keepingSettings(HalfCauchy(scale: scale.expanded(batchShape), validateArgs: false))
    }

    /// The absolute value of a Cauchy distribution.
    public var generalForm: (any Distribution)? {
        TransformedDistribution(cauchy, [AbsTransform()], validateArgs: false)
    }
}
