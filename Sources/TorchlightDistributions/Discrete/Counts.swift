import TorchlightCore

/// The Poisson distribution: `P(k) = rate^k exp(-rate) / k!`.
///
/// Support: integers from 0 on. The parameter is `rate >= 0`, of the batch shape.
public struct Poisson: Distribution {
    /// The mean, `batchShape`.
    public let rate: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Poisson distributions with the given rates.
    public init(rate: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [rate])
        self.rate = validated(Self.self, validateArgs, [("rate", all[0], .nonnegative)])[0]
        self.validateArgs = validateArgs
    }

    /// The shape of the parameter.
    public var batchShape: [Int] { rate.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: integers from 0 on.
    public var support: Constraint { .nonnegativeInteger }
    /// `rate`.
    public var mean: Tensor { rate }
    /// `floor(rate)`.
    public var mode: Tensor { rate.floor() }
    /// `rate`.
    public var variance: Tensor { rate }

    /// Draws without gradients, in the dtype of the rate.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad {
            Tensor.variates(.poisson, [rate.detach().expanded(extendedShape(sampleShape))], generator: generator)
        }
    }

    /// `k log rate - rate - log k!`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { $0.xlogy(rate) - rate - ($0 + 1).lgamma() }
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Poisson {
        keepingSettings(Poisson(rate: rate.expanded(batchShape), validateArgs: false))
    }
}

/// The binomial distribution of the number of successes among independent trials: `P(k) = (n over k) p^k (1 - p)^(n - k)`.
///
/// Support: integers from 0 to the number of trials n. Parameters `totalCount >= 0`, integers, and `probs` in [0, 1] or
/// `logits = log(p / (1 - p))` broadcast to the batch shape.
public struct Binomial: Distribution {
    /// The number of trials, `batchShape`, in the dtype of the probabilities.
    public let totalCount: Tensor
    let event: EventProbabilities
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates binomial distributions with the given numbers of trials and probabilities or logits.
    public init(
        totalCount: any DistributionParameter = 1, probs: (any DistributionParameter)? = nil,
        logits: (any DistributionParameter)? = nil, validateArgs: Bool = true
    ) {
        let event = EventProbabilities(
            binary: Self.self, probs: probs, logits: logits, constraint: .unitInterval, validateArgs: validateArgs)
        (self.totalCount, self.event) = broadcastCounts(
            Self.self, totalCount, event, constraint: .nonnegativeInteger, validateArgs: validateArgs)
        self.validateArgs = validateArgs
    }

    private init(totalCount: Tensor, event: EventProbabilities, validateArgs: Bool) {
        (self.totalCount, self.event, self.validateArgs) = (totalCount, event, validateArgs)
    }

    /// The probability of success, `batchShape`.
    public var probs: Tensor { event.probs }
    /// `log(p / (1 - p))`, `batchShape`.
    public var logits: Tensor { event.logits }
    /// The shape of the parameters.
    public var batchShape: [Int] { event.parameter.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: integers from 0 to the number of trials.
    public var support: Constraint { .integerInterval(0, totalCount) }
    /// True: 0 to the number of trials, where that is the same for the whole batch.
    public var hasEnumerateSupport: Bool { true }
    /// `n p`.
    public var mean: Tensor { totalCount * probs }
    /// `floor((n + 1) p)`, at most n.
    public var mode: Tensor { ((totalCount + 1) * probs).floor().minimum(totalCount) }
    /// `n p (1 - p)`.
    public var variance: Tensor { totalCount * probs * (1 - probs) }

    /// Draws without gradients, in the dtype of the probabilities.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad {
            let shape = extendedShape(sampleShape)
            let parameters = [totalCount.expanded(shape), probs.detach().expanded(shape)]
            return Tensor.variates(.binomial, parameters, generator: generator)
        }
    }

    /// `log (n over k) + k log p + (n - k) log(1 - p)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { k in
            let logits = logits
            let coefficient = (totalCount + 1).lgamma() - (k + 1).lgamma() - (totalCount - k + 1).lgamma()
            return coefficient + k * logits + totalCount * (-logits).logsigmoid()
        }
    }

    /// The sum over the support, where the number of trials is the same for the whole batch.
    public func entropy() -> Tensor {
        let values = enumerateSupport(expand: false)
        if values.isPlaceholder { return values }
        var distribution = self
        distribution.validateArgs = false
        let logProbs = distribution.logProb(values)
        return -(logProbs.exp() * logProbs).sum(dim: 0)
    }

    /// 0 to the number of trials, which is the same for the whole batch: `[n + 1] + batchShape`.
    public func enumerateSupport(expand: Bool) -> Tensor {
        if totalCount.isPlaceholder { return totalCount }
        guard totalCount.count > 0 else { return enumerated(1, like: totalCount, expand: expand) }
        let largest = totalCount.amax()
        guard (totalCount .== largest).all().item(Bool.self) else {
            return notDefined("enumerateSupport", fix: "give all distributions of the batch the same totalCount")
        }
        let count = largest.item(Double.self)
        // More than any tensor holds is refused with the tensor.
        return enumerated(count < 0x1p62 ? Int(count) + 1 : .max, like: totalCount, expand: expand)
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Binomial {
        Binomial(
            totalCount: totalCount.expanded(batchShape), event: event.expand(batchShape), validateArgs: validateArgs)
    }
}

/// The negative binomial distribution of the number of successes before a number of failures:
/// `P(k) = gamma(n + k) / (k! gamma(n)) (1 - p)^n p^k`.
///
/// Support: integers from 0 on. Parameters `totalCount >= 0`, the number of failures n, and `probs` of success in [0, 1) or
/// `logits = log(p / (1 - p))` broadcast to the batch shape.
public struct NegativeBinomial: Distribution {
    /// The number of failures, `batchShape`, in the dtype of the probabilities; not necessarily an integer.
    public let totalCount: Tensor
    let event: EventProbabilities
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates negative binomial distributions with the given numbers of failures and probabilities of success, or logits.
    public init(
        totalCount: any DistributionParameter, probs: (any DistributionParameter)? = nil,
        logits: (any DistributionParameter)? = nil, validateArgs: Bool = true
    ) {
        let event = EventProbabilities(
            binary: Self.self, probs: probs, logits: logits, constraint: .halfOpenInterval(0, 1),
            validateArgs: validateArgs)
        (self.totalCount, self.event) = broadcastCounts(
            Self.self, totalCount, event, constraint: .nonnegative, validateArgs: validateArgs)
        self.validateArgs = validateArgs
    }

    private init(totalCount: Tensor, event: EventProbabilities, validateArgs: Bool) {
        (self.totalCount, self.event, self.validateArgs) = (totalCount, event, validateArgs)
    }

    /// The probability of success, `batchShape`.
    public var probs: Tensor { event.probs }
    /// `log(p / (1 - p))`, `batchShape`.
    public var logits: Tensor { event.logits }
    /// The shape of the parameters.
    public var batchShape: [Int] { event.parameter.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: integers from 0 on.
    public var support: Constraint { .nonnegativeInteger }
    /// `n p / (1 - p)`.
    public var mean: Tensor { totalCount * logits.exp() }
    /// `floor((n - 1) p / (1 - p))`, at least 0.
    public var mode: Tensor { ((totalCount - 1) * logits.exp()).floor().clamp(min: 0) }
    /// `n p / (1 - p)^2`.
    public var variance: Tensor { mean / (-logits).sigmoid() }

    /// Draws without gradients, in the dtype of the probabilities: Poisson draws of gamma distributed rates.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad {
            let shape = totalCount.detach().expanded(extendedShape(sampleShape))
            let rate = Tensor.variates(.gamma, [shape], generator: generator) * logits.detach().exp()
            return Tensor.variates(.poisson, [rate], generator: generator)
        }
    }

    /// `lgamma(n + k) - lgamma(n) - log k! + n log(1 - p) + k log p`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { k in
            let logits = logits
            let unnormalized = totalCount * (-logits).logsigmoid() + k * logits.logsigmoid()
            let normalizer = (k + 1).lgamma() + totalCount.lgamma() - (totalCount + k).lgamma()
            // No failures and no successes: both gamma functions are infinite, and their quotient is 1.
            return unnormalized - normalizer.maskedFill(noGrad { totalCount + k .== 0 }, 0)
        }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> NegativeBinomial {
        NegativeBinomial(
            totalCount: totalCount.expanded(batchShape), event: event.expand(batchShape), validateArgs: validateArgs)
    }
}

/// Counts and probabilities in one shape and dtype, after the checks.
private func broadcastCounts(
    _ type: Any.Type, _ totalCount: any DistributionParameter, _ event: EventProbabilities, constraint: Constraint,
    validateArgs: Bool
) -> (Tensor, EventProbabilities) {
    if event.parameter.isPlaceholder { return (event.parameter, event) }
    let dtype = event.parameter.dtype
    let given = (totalCount as? Tensor).map { $0.to(dtype) as any DistributionParameter } ?? totalCount
    let all = broadcastParameters(of: type, [event.parameter, given])
    let count = validated(type, validateArgs, [("totalCount", all[1], constraint)])[0]
    return (count, event.with(count.isPlaceholder ? count : all[0]))
}
