import TorchlightCore

/// The distribution of a transformed variable: `y = f(x)` with `x` of the base distribution and `f` a sequence of invertible functions.
///
/// The density follows from the change of variables, `log p(y) = log p(x) - log |det df/dx|`.
///
///     let logistic = TransformedDistribution(
///         Uniform(low: 0, high: 1), [SigmoidTransform().inv, AffineTransform(loc: loc, scale: scale)])
public struct TransformedDistribution: Distribution {
    /// The distribution that is transformed, with as many event dimensions as the transforms act on.
    public let baseDistribution: any Distribution
    /// The functions, in the order in which they are applied.
    public let transforms: [any DistributionTransform]
    /// The batch shape of the draws.
    public let batchShape: [Int]
    /// The event shape of the draws.
    public let eventShape: [Int]
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// The distribution of transformed draws of the base distribution.
    public init(
        _ baseDistribution: any Distribution, _ transforms: [any DistributionTransform], validateArgs: Bool = true
    ) {
        self.transforms = transforms
        self.validateArgs = validateArgs
        let all = ComposeTransform(transforms)
        var base = baseDistribution
        var shape = base.batchShape + base.eventShape
        let (domain, codomain) = (all.domain.eventDim, all.codomain.eventDim)
        guard shape.count >= domain else {
            _ = fail(
                TensorError(
                    .shape, in: "\(Self.self)", "the base distribution has too few dimensions",
                    got: "batch shape \(base.batchShape) and event shape \(base.eventShape)",
                    expected: "at least \(quantity(domain, "dimension")), as the transforms act on",
                    fix: "expand it first"))
            (self.baseDistribution, batchShape, eventShape) = (base, base.batchShape, base.eventShape)
            return
        }
        let forward = all.forwardShape(shape)
        let needed = all.inverseShape(forward)
        if needed != shape {
            base = base.expand(Array(needed.dropLast(base.eventShape.count)))
            shape = needed
        }
        let reinterpreted = domain - base.eventShape.count
        if reinterpreted > 0 { base = Independent(base, reinterpreted, validateArgs: validateArgs) }
        let eventRank = codomain + max(base.eventShape.count - domain, 0)
        self.baseDistribution = base
        batchShape = Array(forward.dropLast(eventRank))
        eventShape = Array(forward.suffix(eventRank))
    }

    /// The codomain of the last transform.
    public var support: Constraint {
        guard let last = transforms.last else { return baseDistribution.support }
        let extra = eventShape.count - last.codomain.eventDim
        return extra > 0 ? .independent(last.codomain, extra) : last.codomain
    }
    /// Whether the base distribution has it.
    public var hasRSample: Bool { baseDistribution.hasRSample }

    /// Transformed draws, with gradients into the parameters of the base distribution and of the transforms.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        transforms.reduce(baseDistribution.rsample(sampleShape, generator: generator)) { $1.forward($0) }
    }
    /// Transformed draws.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad { transforms.reduce(baseDistribution.sample(sampleShape, generator: generator)) { $1.forward($0) } }
    }

    /// The log probability of the base distribution less the logarithms of the determinants of the Jacobians.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { value in
            var (y, eventRank) = (value, eventShape.count)
            var logProb: Tensor?
            for transform in transforms.reversed() {
                let x = transform.inverse(y)
                eventRank += transform.domain.eventDim - transform.codomain.eventDim
                let term = transform.logAbsDetJacobian(x, y).sumRightmost(eventRank - transform.domain.eventDim)
                logProb = logProb.map { $0 - term } ?? -term
                y = x
            }
            let base = baseDistribution.logProb(y).sumRightmost(eventRank - baseDistribution.eventShape.count)
            return logProb.map { $0 + base } ?? base
        }
    }

    /// Probabilities as they are where the transforms together increase, or those of larger values where they decrease.
    private func oriented(_ p: Tensor) -> Tensor {
        let signs = transforms.map(\.sign)
        if signs.allSatisfy({ $0.count == 1 && $0.device.hasValues && $0.item() == 1 }) { return p }
        return signs.dropFirst().reduce(signs[0], *) * (p - 0.5) + 0.5
    }

    /// The distribution function of the base distribution at the inverse, or 1 less it where the transforms decrease.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { value in
            oriented(baseDistribution.cdf(transforms.reversed().reduce(value) { $1.inverse($0) }))
        }
    }
    /// The transformed quantiles of the base distribution.
    public func icdf(_ value: Tensor) -> Tensor {
        evaluateQuantile(value) { p in transforms.reduce(baseDistribution.icdf(oriented(p))) { $1.forward($0) } }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> TransformedDistribution {
        let shape = transforms.reversed().reduce(batchShape + eventShape) { $1.inverseShape($0) }
        let base = baseDistribution.expand(Array(shape.dropLast(baseDistribution.eventShape.count)))
        return TransformedDistribution(base, transforms, validateArgs: validateArgs)
    }
}
