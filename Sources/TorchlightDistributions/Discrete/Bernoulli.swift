import TorchlightCore

/// The Bernoulli distribution: 1 with probability p, otherwise 0.
///
/// Support: 0 and 1. The parameter is `probs` in [0, 1] or `logits = log(p / (1 - p))`, of the batch shape.
public struct Bernoulli: Distribution {
    let event: EventProbabilities
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Bernoulli distributions with the given probabilities or logits.
    public init(
        probs: (any DistributionParameter)? = nil, logits: (any DistributionParameter)? = nil, validateArgs: Bool = true
    ) {
        event = EventProbabilities(
            binary: Self.self, probs: probs, logits: logits, constraint: .unitInterval, validateArgs: validateArgs)
        self.validateArgs = validateArgs
    }

    private init(event: EventProbabilities, validateArgs: Bool) {
        (self.event, self.validateArgs) = (event, validateArgs)
    }

    /// The probability of 1, `batchShape`.
    public var probs: Tensor { event.probs }
    /// `log(p / (1 - p))`, `batchShape`.
    public var logits: Tensor { event.logits }
    /// The shape of the parameter.
    public var batchShape: [Int] { event.parameter.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// 0 and 1.
    public var support: Constraint { .boolean }
    /// True: 0 and 1.
    public var hasEnumerateSupport: Bool { true }
    /// p.
    public var mean: Tensor { probs }
    /// The more probable value; NaN where both have probability 1/2.
    public var mode: Tensor {
        noGrad { (probs >= 0.5).to(probs.dtype).maskedFill(probs .== 0.5, Double.nan) }
    }
    /// `p (1 - p)`.
    public var variance: Tensor { probs * (1 - probs) }

    /// Draws without gradients, in the dtype of the parameter.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad { probs.detach().expanded(extendedShape(sampleShape)).bernoulli(generator: generator) }
    }

    /// `x log p + (1 - x) log(1 - p)`.
    public func logProb(_ value: Tensor) -> Tensor { evaluate("logProb", value) { event.logLikelihood($0) } }
    /// `-p log p - (1 - p) log(1 - p)`.
    public func entropy() -> Tensor { event.binaryEntropy }
    /// 0 and 1: `[2] + batchShape`.
    public func enumerateSupport(expand: Bool) -> Tensor { enumerated(2, like: event.parameter, expand: expand) }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Bernoulli {
        Bernoulli(event: event.expand(batchShape), validateArgs: validateArgs)
    }
}

/// The geometric distribution of the number of failures before the first success: `P(k) = (1 - p)^k p`.
///
/// Support: integers from 0 on. The parameter is `probs` in (0, 1] or `logits = log(p / (1 - p))`, of the batch shape.
public struct Geometric: Distribution {
    let event: EventProbabilities
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates geometric distributions with the given probabilities of success, or logits.
    public init(
        probs: (any DistributionParameter)? = nil, logits: (any DistributionParameter)? = nil, validateArgs: Bool = true
    ) {
        var event = EventProbabilities(
            binary: Self.self, probs: probs, logits: logits, constraint: .unitInterval, validateArgs: validateArgs)
        if validateArgs {
            event = event.with(
                validated(Self.self, event.isGivenAsProbs, [("probs", event.parameter, .positive)])[0])
        }
        (self.event, self.validateArgs) = (event, validateArgs)
    }

    private init(event: EventProbabilities, validateArgs: Bool) {
        (self.event, self.validateArgs) = (event, validateArgs)
    }

    /// The probability of success, `batchShape`.
    public var probs: Tensor { event.probs }
    /// `log(p / (1 - p))`, `batchShape`.
    public var logits: Tensor { event.logits }
    /// The shape of the parameter.
    public var batchShape: [Int] { event.parameter.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: integers from 0 on.
    public var support: Constraint { .nonnegativeInteger }
    /// `1 / p - 1`.
    public var mean: Tensor { 1 / probs - 1 }
    /// The mode: 0.
    public var mode: Tensor { event.parameter.filled(0) }
    /// `(1 / p - 1) / p`.
    public var variance: Tensor { (1 / probs - 1) / probs }

    /// Draws without gradients, in the dtype of the parameter: `floor(log u / log(1 - p))` with uniform `u`.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad {
            let u = event.parameter.openUniform(extendedShape(sampleShape), generator)
            return (u.log() / (-probs).log1p()).floor()
        }
    }

    /// `k log(1 - p) + log p`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { k in
            let probs = probs
            // 0 failures with probability 1 of success have probability 1, and not 0 times minus infinity.
            let isCertain = noGrad { (probs .== 1).logicalAnd(k .== 0) }
            return k * (-Tensor.where(isCertain, 0.0, probs)).log1p() + probs.log()
        }
    }
    /// The entropy of a binary event of probability p, divided by p.
    public func entropy() -> Tensor { event.binaryEntropy / probs }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Geometric {
        Geometric(event: event.expand(batchShape), validateArgs: validateArgs)
    }
}

extension Distribution {
    /// The integers below a count along a new first dimension, as numbers of the dtype and device of a tensor.
    func enumerated(_ count: Int, like parameter: Tensor, dtype: DType? = nil, expand: Bool) -> Tensor {
        if parameter.isPlaceholder { return parameter }
        let values = Tensor.arange(0, count, dtype: dtype ?? parameter.dtype, device: parameter.device)
        let column = values.reshape([count] + batchShape.map { _ in 1 })
        return expand ? column.expand([count] + batchShape) : column
    }
}
