import TorchlightCore

/// A mixture of distributions of one family: a component is drawn, and then a value of that component.
///
/// The components lie along the last batch dimension of `componentDistribution`, `[*, K]`; the mixture distribution has the batch
/// shape `[*]` and K categories.
///
///     let mixture = MixtureSameFamily(
///         mixtureDistribution: Categorical(probs: Tensor([0.3, 0.7])),
///         componentDistribution: Normal(loc: Tensor([-1, 2.0]), scale: Tensor([0.5, 1.0])))
public struct MixtureSameFamily: Distribution {
    /// The distribution of the component.
    public let mixtureDistribution: Categorical
    /// The distributions of the components.
    public let componentDistribution: any Distribution
    /// The shape of the components but for the last dimension.
    public let batchShape: [Int]
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// A mixture of these components with these probabilities.
    public init(
        mixtureDistribution: Categorical, componentDistribution: any Distribution, validateArgs: Bool = true
    ) {
        let components = componentDistribution.batchShape
        let batch = broadcastShapes(mixtureDistribution.batchShape, Array(components.dropLast()))
        if batch != Array(components.dropLast()) || components.last != mixtureDistribution.numEvents,
            !mixtureDistribution.probs.isPlaceholder
        {
            _ = fail(
                TensorError(
                    .shape, in: "\(Self.self)", "the components do not fit the mixture",
                    got:
                        "components of batch shape \(components) and probabilities of shape \(mixtureDistribution.paramShape)",
                    expected: "the probabilities of the last batch dimension of the components"))
        }
        self.mixtureDistribution = mixtureDistribution
        self.componentDistribution = componentDistribution
        batchShape = Array(components.dropLast())
        self.validateArgs = validateArgs
    }

    /// The event shape of the components.
    public var eventShape: [Int] { componentDistribution.eventShape }
    /// The support of the components.
    public var support: Constraint {
        switch componentDistribution.support {
        // The ends of each component differ; values of any of them belong to the mixture.
        case .interval, .halfOpenInterval, .greaterThan, .greaterThanEq, .lessThan, .integerInterval:
            componentDistribution.support.withoutTensorBounds
        default: componentDistribution.support
        }
    }

    private var eventRank: Int { eventShape.count }

    /// Probabilities of the components with a dimension for each dimension of the event.
    private var weights: Tensor {
        let probs = mixtureDistribution.probs
        return probs.isPlaceholder ? probs : probs.reshape(probs.shape + eventShape.map { _ in 1 })
    }
    private func averaged(_ values: Tensor) -> Tensor { (weights * values).sum(dim: -1 - eventRank) }

    /// The mean of the means of the components.
    public var mean: Tensor { averaged(componentDistribution.mean) }
    /// The mean of the variances of the components, plus the variance of their means.
    public var variance: Tensor {
        let means = componentDistribution.mean
        if means.isPlaceholder || mixtureDistribution.probs.isPlaceholder { return means }
        return averaged(componentDistribution.variance) + averaged((means - mean.unsqueeze(-1 - eventRank)).square())
    }

    /// A value with a dimension for the components.
    private func padded(_ value: Tensor) -> Tensor { value.unsqueeze(-1 - eventRank) }

    /// The mean of the distribution functions of the components.
    public func cdf(_ value: Tensor) -> Tensor {
        evaluate("cdf", value) { (componentDistribution.cdf(padded($0)) * mixtureDistribution.probs).sum(dim: -1) }
    }
    /// `log sum of p_k density_k(x)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) {
            (componentDistribution.logProb(padded($0)) + mixtureDistribution.logits.logSoftmax(dim: -1)).logsumexp(
                dim: -1)
        }
    }

    /// Draws without gradients.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad {
            let chosen = mixtureDistribution.expand(batchShape).sample(sampleShape, generator: generator)
            let draws = componentDistribution.sample(sampleShape, generator: generator)
            if chosen.isPlaceholder || draws.isPlaceholder { return draws }
            let shape = sampleShape + batchShape
            let index = chosen.reshape(shape + [1] + eventShape.map { _ in 1 }).expand(shape + [1] + eventShape)
            return draws.gather(shape.count, index).squeeze(shape.count)
        }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> MixtureSameFamily {
        MixtureSameFamily(
            mixtureDistribution: mixtureDistribution.expand(batchShape),
            componentDistribution: componentDistribution.expand(batchShape + [mixtureDistribution.numEvents]),
            validateArgs: validateArgs)
    }
}

extension Constraint {
    /// The constraint where its bounds are numbers; otherwise numbers or integers without bounds.
    fileprivate var withoutTensorBounds: Constraint {
        func isNumber(_ bounds: (any DistributionParameter)...) -> Bool {
            bounds.allSatisfy { $0.parameterNumber != nil }
        }
        switch self {
        case .interval(let low, let high), .halfOpenInterval(let low, let high):
            return isNumber(low, high) ? self : .real
        case .greaterThan(let bound), .greaterThanEq(let bound), .lessThan(let bound):
            return isNumber(bound) ? self : .real
        case .integerInterval(let low, let high):
            return isNumber(low, high) ? self : .dependent(isDiscrete: true, eventDim: 0)
        default: return self
        }
    }
}
