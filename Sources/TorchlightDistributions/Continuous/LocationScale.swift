import TorchlightCore

/// The Laplace distribution, of density `exp(-|x - loc| / scale) / (2 scale)`.
///
/// Support: numbers. Parameters `loc` and `scale > 0` broadcast to the batch shape.
public struct Laplace: Distribution {
    /// The mean, `batchShape`.
    public let loc: Tensor
    /// The mean distance from `loc`, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Laplace distributions with the given means and scales.
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
    /// True: quantiles of uniform numbers.
    public var hasRSample: Bool { true }
    /// `loc`.
    public var mean: Tensor { loc }
    /// `loc`.
    public var mode: Tensor { loc }
    /// `2 scale^2`.
    public var variance: Tensor { 2 * scale.square() }
    /// `scale sqrt 2`.
    public var stddev: Tensor { scale * 2.0.squareRoot() }

    /// Quantiles of uniform numbers.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        quantile(loc.openUniform(extendedShape(sampleShape), generator))
    }

    private func quantile(_ p: Tensor) -> Tensor {
        let centered = p - 0.5
        return loc - scale * centered.sign() * (-2 * centered.abs()).log1p()
    }

    /// `-log(2 scale) - |x - loc| / scale`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { -(2 * scale).log() - ($0 - loc).abs() / scale }
    }

    /// `1/2 - sign(x - loc) (exp(-|x - loc| / scale) - 1) / 2`.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { x in
            let distance = x - loc
            return 0.5 - 0.5 * distance.sign() * (-distance.abs() / scale).expm1()
        }
    }
    /// `loc - scale sign(p - 1/2) log(1 - 2 |p - 1/2|)`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value, quantile) }
    /// `1 + log(2 scale)`.
    public func entropy() -> Tensor { (2 * scale).log() + 1 }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Laplace {
        keepingSettings(
            Laplace(loc: loc.expanded(batchShape), scale: scale.expanded(batchShape), validateArgs: false))
    }
}

/// The Gumbel distribution of largest values, of density `exp(-z - exp(-z)) / scale` with `z = (x - loc) / scale`.
///
/// Support: numbers. Parameters `loc`, the mode, and `scale > 0` broadcast to the batch shape.
public struct Gumbel: Distribution {
    /// The mode, `batchShape`.
    public let loc: Tensor
    /// The scale, `batchShape`.
    public let scale: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Gumbel distributions with the given modes and scales.
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
    /// True: quantiles of uniform numbers.
    public var hasRSample: Bool { true }
    /// `loc + 0.5772 scale`, with the Euler-Mascheroni constant.
    public var mean: Tensor { loc + scale * eulerConstant }
    /// `loc`.
    public var mode: Tensor { loc }
    /// `pi scale / sqrt 6`.
    public var stddev: Tensor { scale * (Double.pi / 6.0.squareRoot()) }
    /// `pi^2 scale^2 / 6`.
    public var variance: Tensor { stddev.square() }

    /// `loc - scale log(-log u)` with uniform `u`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        quantile(loc.openUniform(extendedShape(sampleShape), generator))
    }

    private func quantile(_ p: Tensor) -> Tensor { loc - scale * (-p.log()).log() }

    /// `-z - exp(-z) - log scale` with `z = (x - loc) / scale`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let y = (loc - x) / scale
            return y - y.exp() - scale.log()
        }
    }

    /// `exp(-exp(-(x - loc) / scale))`.
    public func cdf(_ value: Tensor) -> Tensor { evaluate("cdf", value) { (-((loc - $0) / scale).exp()).exp() } }
    /// `loc - scale log(-log p)`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value, quantile) }
    /// `log scale + 1 + 0.5772`, with the Euler-Mascheroni constant.
    public func entropy() -> Tensor { scale.log() + (1 + eulerConstant) }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Gumbel {
        keepingSettings(
            Gumbel(loc: loc.expanded(batchShape), scale: scale.expanded(batchShape), validateArgs: false))
    }
}

/// The uniform distribution, of density `1 / (high - low)` from `low` to `high`.
///
/// Support: numbers from `low` to `high`; the density at `high` is 0. Parameters `low < high` broadcast to the batch shape.
public struct Uniform: Distribution {
    /// The lower end, `batchShape`.
    public let low: Tensor
    /// The upper end, `batchShape`.
    public let high: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates uniform distributions with the given bounds.
    public init(low: any DistributionParameter, high: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [low, high])
        let valid = validated(Self.self, validateArgs, [("low", all[0], .lessThan(all[1])), ("high", all[1], .real)])
        (self.low, self.high, self.validateArgs) = (valid[0], valid[1], validateArgs)
    }

    /// The shape of the parameters.
    public var batchShape: [Int] { low.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from `low` to `high`.
    public var support: Constraint { .interval(low, high) }
    /// True: `low + (high - low) u`.
    public var hasRSample: Bool { true }
    /// `(low + high) / 2`.
    public var mean: Tensor { (high + low) / 2 }
    /// NaN: all values are equally probable.
    public var mode: Tensor { high.filled(.nan) }
    /// `(high - low) / sqrt 12`.
    public var stddev: Tensor { (high - low) / 12.0.squareRoot() }
    /// `(high - low)^2 / 12`.
    public var variance: Tensor { (high - low).square() / 12 }

    /// `low + (high - low) u` with uniform `u`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        if low.isPlaceholder { return low }
        let shape = extendedShape(sampleShape)
        let u = Tensor.rand(shape, dtype: low.dtype, device: low.device, generator: generator)
        return low + (high - low) * u
    }

    /// `-log(high - low)` inside, minus infinity outside.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let isInside = noGrad { (low <= x).logicalAnd(high > x) }
            return Tensor.where(isInside, -(high - low).log(), -Double.infinity)
        }
    }

    /// `(x - low) / (high - low)`, held to [0, 1].
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { (($0 - low) / (high - low)).clamp(min: 0, max: 1) }
    }
    /// `low + (high - low) p`.
    public func icdf(_ value: Tensor) -> Tensor { evaluateQuantile(value) { $0 * (high - low) + low } }
    /// `log(high - low)`.
    public func entropy() -> Tensor { (high - low).log() }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Uniform {
        keepingSettings(
            Uniform(low: low.expanded(batchShape), high: high.expanded(batchShape), validateArgs: false))
    }
}
