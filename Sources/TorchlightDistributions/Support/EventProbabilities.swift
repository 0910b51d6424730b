import TorchlightCore

/// The probabilities of a discrete distribution, given as such or as logits.
///
/// Binary: `probs = sigmoid(logits)` for each element. Otherwise the last dimension holds the categories: `probs` are divided by
/// their sum, and logits are shifted so that `probs = exp(logits)` sums to 1.
struct EventProbabilities {
    let isGivenAsProbs: Bool
    let isBinary: Bool
    /// The probabilities or the logits.
    let parameter: Tensor

    private init(isGivenAsProbs: Bool, isBinary: Bool, parameter: Tensor) {
        self.isGivenAsProbs = isGivenAsProbs
        self.isBinary = isBinary
        self.parameter = parameter
    }

    /// The probabilities of events that occur or do not, which satisfy a constraint.
    init(
        binary type: Any.Type, probs: (any DistributionParameter)?, logits: (any DistributionParameter)?,
        constraint: Constraint, validateArgs: Bool
    ) {
        let (isGivenAsProbs, given) = Self.given(type, probs, logits)
        self.init(
            type, isGivenAsProbs: isGivenAsProbs, isBinary: true, given, isGivenAsProbs ? constraint : .real,
            validateArgs)
    }

    /// The probabilities of categories.
    init(categories type: Any.Type, probs: Tensor?, logits: Tensor?, validateArgs: Bool) {
        let (isGivenAsProbs, given) = Self.given(type, probs, logits)
        var parameter = given
        if !parameter.isPlaceholder {
            if parameter.rank == 0 {
                parameter = fail(
                    TensorError(
                        .shape, in: "\(type)", "the parameter has no dimension of categories",
                        expected: "\(isGivenAsProbs ? "probs" : "logits") of shape [*, categories]",
                        operands: [parameter]))
            } else if isGivenAsProbs {
                parameter = parameter / parameter.sum(dim: -1, keepdim: true)
            } else {
                parameter = parameter - parameter.logsumexp(dim: -1, keepdim: true)
            }
        }
        self.init(
            type, isGivenAsProbs: isGivenAsProbs, isBinary: false, parameter, isGivenAsProbs ? .simplex : .realVector,
            validateArgs)
    }

    /// The parameter after the check of its constraint.
    private init(
        _ type: Any.Type, isGivenAsProbs: Bool, isBinary: Bool, _ parameter: Tensor, _ constraint: Constraint,
        _ validateArgs: Bool
    ) {
        let name = isGivenAsProbs ? "probs" : "logits"
        self.init(
            isGivenAsProbs: isGivenAsProbs, isBinary: isBinary,
            parameter: validated(type, validateArgs, [(name, parameter, constraint)])[0])
    }

    /// The one of the two that is given.
    private static func given(
        _ type: Any.Type, _ probs: (any DistributionParameter)?, _ logits: (any DistributionParameter)?
    ) -> (Bool, Tensor) {
        guard (probs == nil) != (logits == nil), let parameter = probs ?? logits else {
            return (
                true,
                fail(
                    TensorError(
                        .value, in: "\(type)", "the probabilities are given \(probs == nil ? "not at all" : "twice")",
                        expected: "either probs or logits"))
            )
        }
        return (probs != nil, parameterTensors([parameter])[0])
    }

    var probs: Tensor {
        if isGivenAsProbs { return parameter }
        return isBinary ? parameter.sigmoid() : parameter.softmax(dim: -1)
    }

    var logits: Tensor {
        if !isGivenAsProbs { return parameter }
        let p = parameter.clampedProbabilities()
        return isBinary ? p.log() - (-p).log1p() : p.log()
    }

    func expand(_ shape: [Int]) -> EventProbabilities {
        EventProbabilities(isGivenAsProbs: isGivenAsProbs, isBinary: isBinary, parameter: parameter.expanded(shape))
    }

    /// The probabilities with another parameter of the same kind.
    func with(_ parameter: Tensor) -> EventProbabilities {
        EventProbabilities(isGivenAsProbs: isGivenAsProbs, isBinary: isBinary, parameter: parameter)
    }

    /// The logarithm of the probability of outcomes 0 and 1 and, in between, of the corresponding mixture of both:
    /// `x log p + (1 - x) log(1 - p)`.
    func logLikelihood(_ value: Tensor) -> Tensor {
        let logits = logits
        return logits.logsigmoid() - (1 - value) * logits
    }

    /// The entropy of a binary event, in nats.
    var binaryEntropy: Tensor { -logLikelihood(probs) }
}
