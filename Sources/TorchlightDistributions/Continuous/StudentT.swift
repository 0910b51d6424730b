import TorchlightCore

/// Student's t distribution of `df` degrees of freedom, of density proportional to `(1 + z^2 / df)^(-(df + 1) / 2) / scale` with
/// `z = (x - loc) / scale`.
///
/// Support: numbers. Parameters `df > 0`, `loc` and `scale > 0` broadcast to the batch shape.
public struct StudentT: Distribution {
    /// The degrees of freedom, `batchShape`.
    public let df: Tensor
    /// The center, `batchShape`.
    public let loc: Tensor
    /// The scale, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates t distributions with the given degrees of freedom, centres and scales.
    public init(
        df: any DistributionParameter, loc: any DistributionParameter = 0, scale: any DistributionParameter = 1,
        validateArgs: Bool = true
    ) {
        let all = broadcastParameters(of: Self.self, [df, loc, scale])
        let valid = validated(
            Self.self, validateArgs, [("df", all[0], .positive), ("loc", all[1], .real), ("scale", all[2], .positive)])
        (self.df, self.loc, self.scale, self.validateArgs) = (valid[0], valid[1], valid[2], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { df.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: all real numbers.
    public var support: Constraint { .real }
    /// True: a normal number divided by the root of a chi-squared one over `df`.
    public var hasRSample: Bool { true }
    /// `loc` where `df > 1`, otherwise NaN.
    public var mean: Tensor { loc.maskedFill(noGrad { df <= 1 }, Double.nan) }
    /// `loc`.
    public var mode: Tensor { loc }
    /// `scale^2 df / (df - 2)` where `df > 2`, infinite for `df` above 1 up to 2, otherwise NaN.
    public var variance: Tensor {
        (scale.square() * df / (df - 2)).maskedFill(noGrad { df <= 2 }, Double.infinity).maskedFill(
            noGrad { df <= 1 }, Double.nan)
    }

    /// `loc + scale x / sqrt(z / df)` with a normal `x` and a chi-squared `z`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let x = loc.standardNormal(extendedShape(sampleShape), generator)
        let z = Chi2(df: df, validateArgs: false).rsample(sampleShape, generator: generator)
        return loc + scale * x * (z / df).rsqrt()
    }

    /// `-(df + 1) / 2 log(1 + z^2 / df) - log scale - log(df pi) / 2 - lgamma(df / 2) + lgamma((df + 1) / 2)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let y = (x - loc) / scale
            let normalizer =
                scale.log() + 0.5 * df.log() + 0.5 * logPi + (0.5 * df).lgamma() - (0.5 * (df + 1)).lgamma()
            return -0.5 * (df + 1) * (y.square() / df).log1p() - normalizer
        }
    }

    /// `log scale + (df + 1) / 2 (digamma((df + 1) / 2) - digamma(df / 2)) + log(df) / 2 + log B(df / 2, 1/2)`.
    public func entropy() -> Tensor {
        let logBeta = (0.5 * df).lgamma() + 0.5 * logPi - (0.5 * (df + 1)).lgamma()
        return scale.log() + 0.5 * (df + 1) * ((0.5 * (df + 1)).digamma() - (0.5 * df).digamma()) + 0.5 * df.log()
            + logBeta
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> StudentT {
        keepingSettings(
            StudentT(
                df: df.expanded(batchShape), loc: loc.expanded(batchShape), scale: scale.expanded(batchShape),
                validateArgs: false))
    }
}

/// Fisher and Snedecor's F distribution, of the ratio of two chi-squared variables, each divided by its degrees of freedom.
///
/// Support: numbers above 0. Parameters `df1 > 0` and `df2 > 0` broadcast to the batch shape.
public struct FisherSnedecor: Distribution {
    /// The degrees of freedom of the numerator, `batchShape`.
    public let df1: Tensor
    /// The degrees of freedom of the denominator, `batchShape`.
    public let df2: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates F distributions with the given degrees of freedom.
    public init(df1: any DistributionParameter, df2: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [df1, df2])
        let valid = validated(Self.self, validateArgs, [("df1", all[0], .positive), ("df2", all[1], .positive)])
        (self.df1, self.df2, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { df1.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers above 0.
    public var support: Constraint { .positive }
    /// True: the ratio of gamma draws.
    public var hasRSample: Bool { true }
    /// `df2 / (df2 - 2)` where `df2 > 2`, otherwise NaN.
    public var mean: Tensor { (df2 / (df2 - 2)).maskedFill(noGrad { df2 <= 2 }, Double.nan) }
    /// `(df1 - 2) / df1 * df2 / (df2 + 2)` where `df1 > 2`, otherwise NaN.
    public var mode: Tensor {
        ((df1 - 2) / df1 * (df2 / (df2 + 2))).maskedFill(noGrad { df1 <= 2 }, Double.nan)
    }
    /// `2 df2^2 (df1 + df2 - 2) / (df1 (df2 - 2)^2 (df2 - 4))` where `df2 > 4`, otherwise NaN.
    public var variance: Tensor {
        (2 * df2.square() * (df1 + df2 - 2) / (df1 * (df2 - 2).square() * (df2 - 4))).maskedFill(
            noGrad { df2 <= 4 }, Double.nan)
    }

    /// The ratio of gamma draws of shapes `df / 2` and rates `df / 2`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let numerator = Gamma(concentration: df1 * 0.5, rate: df1 * 0.5, validateArgs: false)
        let denominator = Gamma(concentration: df2 * 0.5, rate: df2 * 0.5, validateArgs: false)
        let x = numerator.rsample(sampleShape, generator: generator)
        let y = denominator.rsample(sampleShape, generator: generator)
        return x / y.clamp(min: y.dtype.smallestNormal)
    }

    /// `-log B(df1 / 2, df2 / 2) + df1 / 2 log r + (df1 / 2 - 1) log x - (df1 + df2) / 2 log(1 + r x)` with `r = df1 / df2`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let (a, b, ratio) = (df1 * 0.5, df2 * 0.5, df1 / df2)
            let scale = (a + b).lgamma() - a.lgamma() - b.lgamma()
            return scale + a * ratio.log() + (a - 1) * x.log() - (a + b) * (ratio * x).log1p()
        }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> FisherSnedecor {
        keepingSettings(
            FisherSnedecor(df1: df1.expanded(batchShape), df2: df2.expanded(batchShape), validateArgs: false))
    }
}
