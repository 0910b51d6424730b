import TorchlightCore

/// A continuous relaxation of the Bernoulli distribution: the sigmoid of a logistic variable divided by the temperature (Maddison,
/// Mnih and Teh 2017; Jang, Gu and Poole 2017).
///
/// Support: numbers from 0 to 1, which draws approach the ends of as the temperature falls. Parameters: `temperature > 0`, and
/// `probs` in [0, 1] or `logits`, of the batch shape.
public struct RelaxedBernoulli: Distribution {
    /// The temperature.
    public let temperature: Tensor
    let event: EventProbabilities
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates relaxed Bernoulli distributions with the given temperature and probabilities or logits.
    public init(
        temperature: any DistributionParameter, probs: (any DistributionParameter)? = nil,
        logits: (any DistributionParameter)? = nil, validateArgs: Bool = true
    ) {
        event = EventProbabilities(
            binary: Self.self, probs: probs, logits: logits, constraint: .unitInterval, validateArgs: validateArgs)
        let value = parameterTensors([temperature, event.parameter])[0]
        self.temperature = validated(Self.self, validateArgs, [("temperature", value, .positive)])[0]
        self.validateArgs = validateArgs
    }

    private init(temperature: Tensor, event: EventProbabilities, validateArgs: Bool) {
        (self.temperature, self.event, self.validateArgs) = (temperature, event, validateArgs)
    }

    /// The probability of 1, `batchShape`.
    public var probs: Tensor { event.probs }
    /// `log(p / (1 - p))`, `batchShape`.
    public var logits: Tensor { event.logits }
    /// The shape of the probabilities.
    public var batchShape: [Int] { event.parameter.shape }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: real numbers from 0 to 1.
    public var support: Constraint { .unitInterval }
    /// True: sigmoids of logistic draws.
    public var hasRSample: Bool { true }

    /// Sigmoids of logistic draws divided by the temperature.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let p = probs.clampedProbabilities()
        let u = p.openUniform(extendedShape(sampleShape), generator).clampedProbabilities()
        let logistic = u.log() - (-u).log1p() + p.log() - (-p).log1p()
        return SigmoidTransform().forward(logistic / temperature)
    }

    /// `log t + d - 2 log(1 + exp d)` with `d = logits - t logit(x)`, less the logarithm of the derivative of the sigmoid.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { y in
            let sigmoid = SigmoidTransform()
            let x = sigmoid.inverse(y)
            let difference = logits - x * temperature
            return temperature.log() + difference + 2 * (-difference).logsigmoid() - sigmoid.logAbsDetJacobian(x, y)
        }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> RelaxedBernoulli {
        RelaxedBernoulli(temperature: temperature, event: event.expand(batchShape), validateArgs: validateArgs)
    }
}

/// A continuous relaxation of the one-hot categorical distribution: the softmax of logits with Gumbel noise, divided by the temperature
/// (Maddison, Mnih and Teh 2017; Jang, Gu and Poole 2017).
///
/// Support: probabilities `[K]`, which draws approach the corners of as the temperature falls. Parameters: `temperature > 0`, a number,
/// and `probs` or `logits` as in ``Categorical``.
public struct RelaxedOneHotCategorical: Distribution {
    /// The temperature.
    public let temperature: Tensor
    /// The distribution that is relaxed.
    public let categorical: Categorical
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates relaxed one-hot distributions with the given temperature and probabilities or logits.
    public init(
        temperature: any DistributionParameter, probs: Tensor? = nil, logits: Tensor? = nil, validateArgs: Bool = true
    ) {
        categorical = Categorical(Self.self, probs, logits, validateArgs)
        let value = parameterTensors([temperature, categorical.categories.parameter])[0]
        self.temperature = validated(Self.self, validateArgs, [("temperature", value, .positive)])[0]
        self.validateArgs = validateArgs
    }

    private init(temperature: Tensor, _ categorical: Categorical, validateArgs: Bool) {
        (self.temperature, self.categorical, self.validateArgs) = (temperature, categorical, validateArgs)
    }

    /// The probabilities, `batchShape + [K]`.
    public var probs: Tensor { categorical.probs }
    /// The logarithms of the probabilities, `batchShape + [K]`.
    public var logits: Tensor { categorical.logits }
    /// The shape of the probabilities but for the last dimension.
    public var batchShape: [Int] { categorical.batchShape }
    /// `[K]`.
    public var eventShape: [Int] { [categorical.numEvents] }
    /// The support: vectors of numbers of at least 0 whose sum is 1.
    public var support: Constraint { .simplex }
    /// True: softmax of logits with noise.
    public var hasRSample: Bool { true }

    /// Softmax of logits with Gumbel noise, divided by the temperature.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let logits = logits
        let u = logits.openUniform(extendedShape(sampleShape), generator).clampedProbabilities()
        return ((logits - (-u.log()).log()) / temperature).softmax(dim: -1)
    }

    /// `log (K - 1)! + (K - 1) log t + sum of (s - logsumexp s) - sum log x` with `s = logits - t log x`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { y in
            let x = y.log()
            let score = logits - x * temperature
            let normalized = (score - score.logsumexp(dim: -1, keepdim: true)).sum(dim: -1)
            let count = Double(categorical.numEvents)
            let scale = temperature.filled(count).lgamma() + (count - 1) * temperature.log()
            return normalized + scale - x.sum(dim: -1)
        }
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> RelaxedOneHotCategorical {
        RelaxedOneHotCategorical(
            temperature: temperature, categorical.expand(batchShape), validateArgs: validateArgs)
    }
}

/// The distribution of probabilities whose stick-breaking coordinates are independent normal variables.
///
/// Support: probabilities `[K]`. Parameters `loc` and `scale > 0`, `[*, K - 1]`, broadcast; `[*]` is the batch shape.
public struct LogisticNormal: Distribution {
    /// The stick-breaking transform of the normal distribution.
    private let transformed: TransformedDistribution
    /// The distribution of the coordinates.
    public let normal: Normal
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Distributions whose coordinates have these means and standard deviations.
    public init(loc: any DistributionParameter, scale: any DistributionParameter, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [loc, scale])
        let valid = validated(Self.self, validateArgs, [("loc", all[0], .real), ("scale", all[1], .positive)])
        let base = Normal(loc: valid[0], scale: valid[1], validateArgs: false)
        self.init(normal: base.batchShape.isEmpty ? base.expand([1]) : base, validateArgs: validateArgs)
    }

    private init(normal: Normal, validateArgs: Bool) {
        self.normal = normal
        transformed = TransformedDistribution(normal, [StickBreakingTransform()], validateArgs: validateArgs)
        self.validateArgs = validateArgs
    }

    /// The mean of the coordinates, `batchShape + [K - 1]`.
    public var loc: Tensor { normal.loc }
    /// The standard deviation of the coordinates, `batchShape + [K - 1]`.
    public var scale: Tensor { normal.scale }
    /// The shape of the parameters but for the last dimension.
    public var batchShape: [Int] { transformed.batchShape }
    /// `[K]`.
    public var eventShape: [Int] { transformed.eventShape }
    /// The support: vectors of numbers of at least 0 whose sum is 1.
    public var support: Constraint { .simplex }
    /// True: transformed normal draws.
    public var hasRSample: Bool { true }
    /// Transformed normal draws.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        transformed.rsample(sampleShape, generator: generator)
    }
    /// The normal density of the coordinates, less the logarithm of the determinant of the Jacobian.
    public func logProb(_ value: Tensor) -> Tensor { evaluate("logProb", value) { transformed.logProb($0) } }
    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> LogisticNormal {
        LogisticNormal(normal: normal.expand(batchShape + loc.shape.suffix(1)), validateArgs: validateArgs)
    }
    /// The stick-breaking transform of a normal distribution.
    public var generalForm: (any Distribution)? { transformed }
}
