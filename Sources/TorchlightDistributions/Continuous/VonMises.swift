import TorchlightCore

/// The von Mises distribution of angles, of density `exp(concentration cos(x - loc)) / (2 pi I0(concentration))`.
///
/// Support: numbers, as angles in radians; draws lie in [-pi, pi). Parameters `loc` and `concentration > 0` broadcast to the batch
/// shape.
public struct VonMises: Distribution {
    /// The mean angle, `batchShape`.
    public let loc: Tensor
    /// How close angles are to `loc`, `batchShape`.
    public let concentration: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates von Mises distributions with the given mean angles and concentrations.
    public init(loc: any DistributionParameter, concentration: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [loc, concentration])
        let valid = validated(
            Self.self, validateArgs, [("loc", all[0], .real), ("concentration", all[1], .positive)])
        (self.loc, self.concentration, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { loc.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: all real numbers.
    public var support: Constraint { .real }
    /// `loc`, the direction of the mean of the unit vectors.
    public var mean: Tensor { loc }
    /// `loc`.
    public var mode: Tensor { loc }
    /// The circular variance, `1 - I1(concentration) / I0(concentration)`.
    public var variance: Tensor { 1 - concentration.i1e() / concentration.i0e() }

    /// Draws without gradients, in [-pi, pi).
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad {
            let shape = extendedShape(sampleShape)
            let angles = Tensor.variates(.vonMises, [concentration.detach().expanded(shape)], generator: generator)
            return (angles + (loc.detach() + Double.pi)).remainder(2 * Double.pi) - Double.pi
        }
    }

    /// `concentration cos(x - loc) - log(2 pi) - log I0(concentration)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            // The exponentially scaled Bessel function does not overflow.
            concentration * (x - loc).cos() - logTwoPi - concentration.i0e().log() - concentration
        }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> VonMises {
        keepingSettings(
            VonMises(
                loc: loc.expanded(batchShape), concentration: concentration.expanded(batchShape), validateArgs: false))
    }
}

/// The generalised Pareto distribution of excesses over a threshold, of density `(1 + c z)^(-1 / c - 1) / scale` with
/// `z = (x - loc) / scale` and `c` the concentration; `exp(-z) / scale` where `c` is 0.
///
/// Support: numbers from `loc` on, up to `loc - scale / c` for negative `c`. Parameters `loc`, `scale > 0` and `concentration`
/// broadcast to the batch shape.
public struct GeneralizedPareto: Distribution {
    /// The smallest value, `batchShape`.
    public let loc: Tensor
    /// The scale, `batchShape`.
    public let scale: Tensor
    /// The shape parameter c: the tail is heavy above 0 and ends below 0, `batchShape`.
    public let concentration: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates generalised Pareto distributions with the given smallest values, scales and concentrations.
    public init(
        loc: any DistributionParameter, scale: any DistributionParameter, concentration: any DistributionParameter,
        validateArgs: Bool = true
    ) {
        let all = broadcastParameters(of: Self.self, [loc, scale, concentration])
        let valid = validated(
            Self.self, validateArgs,
            [("loc", all[0], .real), ("scale", all[1], .positive), ("concentration", all[2], .real)])
        (self.loc, self.scale, self.concentration, self.validateArgs) = (valid[0], valid[1], valid[2], validateArgs)
    }

    /// Where the concentration counts as 0, and the concentration with those elements set to 1.
    private var parts: (isZero: Tensor, safe: Tensor) {
        let isZero = noGrad { concentration.detach().isclose(concentration.filled(0)) }
        return (isZero, Tensor.where(isZero, 1.0, concentration))
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { loc.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from `loc` on, up to `loc - scale / concentration` for a negative concentration.
    public var support: Constraint {
        let upper = noGrad {
            Tensor.where(concentration < 0, loc - scale / concentration, Double.infinity)
        }
        return .interval(loc, upper)
    }
    /// True: quantiles of uniform numbers.
    public var hasRSample: Bool { true }
    /// `loc + scale / (1 - c)` where `c < 1`, otherwise infinite.
    public var mean: Tensor {
        (loc + scale / (1 - concentration)).maskedFill(noGrad { concentration >= 1 }, Double.infinity)
    }
    /// `loc`; with `c < -1` the upper end has the larger density, which is infinite.
    public var mode: Tensor { loc }
    /// `scale^2 / ((1 - c)^2 (1 - 2c))` where `c < 1/2`, otherwise infinite.
    public var variance: Tensor {
        (scale.square() / ((1 - concentration).square() * (1 - 2 * concentration))).maskedFill(
            noGrad { concentration >= 0.5 }, Double.infinity)
    }

    /// Quantiles of uniform numbers.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        quantile(loc.openUniform(extendedShape(sampleShape), generator))
    }

    private func quantile(_ p: Tensor) -> Tensor {
        let (isZero, c) = parts
        let survival = (-p).log1p()
        return loc + scale * Tensor.where(isZero, -survival, (-c * survival).expm1() / c)
    }

    /// The logarithm of the probability of a larger value.
    private func logSurvival(_ x: Tensor) -> Tensor {
        let (isZero, c) = parts
        let z = (x - loc) / scale
        return Tensor.where(isZero, -z, -(c * z).log1p() / c)
    }

    /// `-(1 / c + 1) log(1 + c z) - log scale`, or `-z - log scale` where `c` is 0.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let (isZero, c) = parts
            let z = (x - loc) / scale
            return -Tensor.where(isZero, z, (c.reciprocal() + 1).xlog1py(c * z)) - scale.log()
        }
    }
    /// `1 - (1 + c z)^(-1 / c)`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { -logSurvival($0).expm1() } }
    /// `loc + scale ((1 - p)^(-c) - 1) / c`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value, quantile) }
    /// `log scale + c + 1`.
    public func entropy() -> Tensor { scale.log() + concentration + 1 }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> GeneralizedPareto {
        keepingSettings(
            GeneralizedPareto(
                loc: loc.expanded(batchShape), scale: scale.expanded(batchShape),
                concentration: concentration.expanded(batchShape), validateArgs: false))
    }
}
