import TorchlightCore

/// A distribution whose last batch dimensions count as dimensions of the event: independent draws, whose log probabilities are added.
///
///     // A diagonal normal distribution over vectors: batchShape [], eventShape [3].
///     let vectors = Independent(Normal(loc: Tensor([0, 1, 2.0]), scale: 1), 1)
public struct Independent: Distribution {
    /// The distribution of the parts.
    public let baseDistribution: any Distribution
    /// How many batch dimensions belong to the event.
    public let reinterpretedBatchNdims: Int
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// The distribution with its last `reinterpretedBatchNdims` batch dimensions in the event.
    public init(
        _ baseDistribution: any Distribution, _ reinterpretedBatchNdims: Int, validateArgs: Bool = true
    ) {
        let rank = baseDistribution.batchShape.count
        if !(0...rank).contains(reinterpretedBatchNdims) {
            _ = fail(
                TensorError(
                    .value, in: "\(Self.self)", "the distribution has fewer batch dimensions",
                    got: "\(reinterpretedBatchNdims) of the batch shape \(baseDistribution.batchShape)",
                    expected: "0 to \(rank)"))
        }
        self.baseDistribution = baseDistribution
        self.reinterpretedBatchNdims = min(max(0, reinterpretedBatchNdims), rank)
        self.validateArgs = validateArgs
    }

    /// The batch shape of the parts but for the reinterpreted dimensions.
    public var batchShape: [Int] { Array(baseDistribution.batchShape.dropLast(reinterpretedBatchNdims)) }
    /// The reinterpreted dimensions and the event shape of the parts.
    public var eventShape: [Int] {
        baseDistribution.batchShape.suffix(reinterpretedBatchNdims) + baseDistribution.eventShape
    }
    /// The support of the parts, for the whole event.
    public var support: Constraint {
        reinterpretedBatchNdims == 0
            ? baseDistribution.support : .independent(baseDistribution.support, reinterpretedBatchNdims)
    }
    /// Whether the parts have it.
    public var hasRSample: Bool { baseDistribution.hasRSample }
    /// Whether the parts have it and no dimension is reinterpreted.
    public var hasEnumerateSupport: Bool { reinterpretedBatchNdims == 0 && baseDistribution.hasEnumerateSupport }
    /// The mean of the parts.
    public var mean: Tensor { baseDistribution.mean }
    /// The mode of the parts.
    public var mode: Tensor { baseDistribution.mode }
    /// The variance of the parts.
    public var variance: Tensor { baseDistribution.variance }
    /// The standard deviation of the parts.
    public var stddev: Tensor { baseDistribution.stddev }
    /// Draws of the parts, with gradients.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        baseDistribution.rsample(sampleShape, generator: generator)
    }
    /// Draws of the parts.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        baseDistribution.sample(sampleShape, generator: generator)
    }
    /// The sum over the reinterpreted dimensions.
    public func logProb(_ value: Tensor) -> Tensor {
        baseDistribution.logProb(value).sumRightmost(reinterpretedBatchNdims)
    }
    /// The sum over the reinterpreted dimensions.
    public func entropy() -> Tensor { baseDistribution.entropy().sumRightmost(reinterpretedBatchNdims) }
    /// The values of the parts, where no dimension is reinterpreted.
    public func enumerateSupport(expand: Bool) -> Tensor {
        reinterpretedBatchNdims == 0
            ? baseDistribution.enumerateSupport(expand: expand) : notDefined("enumerateSupport")
    }
    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Independent {
        let inner = baseDistribution.batchShape.suffix(reinterpretedBatchNdims)
        return Independent(
            baseDistribution.expand(batchShape + inner), reinterpretedBatchNdims, validateArgs: validateArgs)
    }
}
