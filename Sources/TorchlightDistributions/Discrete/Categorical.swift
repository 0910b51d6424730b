import TorchlightCore

/// The distribution of one of K categories: `P(k) = probs[k]`.
///
/// Support: integers from 0 to K - 1, int64. The parameter is `probs >= 0`, divided by their sum along the last dimension, or
/// `logits`, from which a number for each distribution is subtracted so that their exponentials sum to 1; `[*, K]`, with
/// `[*]` the batch shape.
public struct Categorical: Distribution {
    let categories: EventProbabilities
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates categorical distributions with the given probabilities or logits.
    public init(probs: Tensor? = nil, logits: Tensor? = nil, validateArgs: Bool = true) {
        self.init(Self.self, probs, logits, validateArgs)
    }

    /// The same, with the name of the distribution that it belongs to in errors.
    init(_ type: Any.Type, _ probs: Tensor?, _ logits: Tensor?, _ validateArgs: Bool) {
        categories = EventProbabilities(categories: type, probs: probs, logits: logits, validateArgs: validateArgs)
        self.validateArgs = validateArgs
    }

    private init(categories: EventProbabilities, validateArgs: Bool) {
        (self.categories, self.validateArgs) = (categories, validateArgs)
    }

    /// The probabilities, `batchShape + [K]`.
    public var probs: Tensor { categories.probs }
    /// The logarithms of the probabilities, `batchShape + [K]`.
    public var logits: Tensor { categories.logits }
    /// The shape of the parameter.
    public var paramShape: [Int] { categories.parameter.shape }
    /// The number K of categories.
    public var numEvents: Int { paramShape.last ?? 0 }
    /// The shape of the parameter but for the last dimension.
    public var batchShape: [Int] { Array(paramShape.dropLast()) }
    /// Numbers.
    public var eventShape: [Int] { [] }
    /// The support: integers from 0 to K - 1.
    public var support: Constraint { .integerInterval(0, numEvents - 1) }
    /// True: all categories.
    public var hasEnumerateSupport: Bool { true }
    /// NaN: categories are not numbers.
    public var mean: Tensor { categories.parameter.filled(.nan, batchShape) }
    /// The most probable category, int64.
    public var mode: Tensor { noGrad { probs.argmax(dim: -1) } }
    /// NaN: categories are not numbers.
    public var variance: Tensor { categories.parameter.filled(.nan, batchShape) }

    /// Draws without gradients, int64.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        if categories.parameter.isPlaceholder { return categories.parameter }
        return noGrad {
            let count = sampleShape.reduce(1, *|)
            let shape = extendedShape(sampleShape)
            if shape.contains(0) { return Tensor.zeros(shape, dtype: .int64, device: categories.parameter.device) }
            let rows = probs.detach().reshape([-1, numEvents])
            let draws = rows.multinomial(count, replacement: true, generator: generator)
            return draws.isPlaceholder ? draws : draws.T.reshape(shape)
        }
    }

    /// `log probs[k]`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { k in
            let logits = logits
            if logits.isPlaceholder { return logits }
            let shape = commonShape(k.shape, batchShape)
            let index = k.to(.int64).expanded(shape).unsqueeze(-1)
            return logits.expanded(shape + [numEvents]).gather(-1, index).squeeze(-1)
        }
    }

    /// `-sum p log p`, where categories of probability 0 count nothing.
    public func entropy() -> Tensor {
        let logits = logits
        return -(logits.clamp(min: -logits.dtype.greatestFinite) * probs).sum(dim: -1)
    }

    /// All categories, int64: `[K] + batchShape`.
    public func enumerateSupport(expand: Bool) -> Tensor {
        enumerated(numEvents, like: categories.parameter, dtype: .int64, expand: expand)
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Categorical {
        Categorical(categories: categories.expand(batchShape + [numEvents]), validateArgs: validateArgs)
    }
}

/// The one-hot categorical distribution: a vector of K elements with a 1 at the index of the category and zeros elsewhere.
///
/// Support: such vectors `[K]`, in the dtype of the parameter. The parameter is that of ``Categorical``.
public struct OneHotCategorical: Distribution {
    /// The distribution of the index of the 1.
    public let categorical: Categorical
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates one-hot distributions with the given probabilities or logits.
    public init(probs: Tensor? = nil, logits: Tensor? = nil, validateArgs: Bool = true) {
        self.init(Categorical(Self.self, probs, logits, validateArgs), validateArgs: validateArgs)
    }

    init(_ categorical: Categorical, validateArgs: Bool) {
        (self.categorical, self.validateArgs) = (categorical, validateArgs)
    }

    /// The probabilities, `batchShape + [K]`.
    public var probs: Tensor { categorical.probs }
    /// The logarithms of the probabilities, `batchShape + [K]`.
    public var logits: Tensor { categorical.logits }
    /// The shape of the parameter but for the last dimension.
    public var batchShape: [Int] { categorical.batchShape }
    /// `[K]`.
    public var eventShape: [Int] { [categorical.numEvents] }
    /// The support: vectors with a single 1 and zeros elsewhere.
    public var support: Constraint { .oneHot }
    /// True: a vector for each category.
    public var hasEnumerateSupport: Bool { true }
    /// The probabilities.
    public var mean: Tensor { probs }
    /// The vector of the most probable category.
    public var mode: Tensor { encoded(categorical.mode) }
    /// `p (1 - p)`.
    public var variance: Tensor { probs * (1 - probs) }

    private func encoded(_ indices: Tensor) -> Tensor {
        indices.isPlaceholder ? indices : noGrad { indices.oneHot(categorical.numEvents).to(probs.dtype) }
    }

    /// Draws without gradients, in the dtype of the parameter.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        encoded(categorical.sample(sampleShape, generator: generator))
    }

    /// The logarithm of the probability of the category whose entry is 1.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            var indices = categorical
            indices.validateArgs = false
            return indices.logProb(noGrad { x.argmax(dim: -1) })
        }
    }
    /// `-sum p log p`.
    public func entropy() -> Tensor { categorical.entropy() }

    /// A vector for each category: `[K] + batchShape + [K]`.
    public func enumerateSupport(expand: Bool) -> Tensor {
        let parameter = categorical.categories.parameter
        if parameter.isPlaceholder { return parameter }
        let count = categorical.numEvents
        let rows = Tensor.eye(count, dtype: parameter.dtype, device: parameter.device)
        let column = rows.reshape([count] + batchShape.map { _ in 1 } + [count])
        return expand ? column.expand([count] + batchShape + [count]) : column
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> OneHotCategorical {
        OneHotCategorical(categorical.expand(batchShape), validateArgs: validateArgs)
    }
}

/// ``OneHotCategorical`` whose draws pass gradients on to the probabilities unchanged (Bengio, Léonard and Courville 2013).
public struct OneHotCategoricalStraightThrough: Distribution {
    /// The distribution of the draws.
    public let oneHotCategorical: OneHotCategorical
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates one-hot distributions with the given probabilities or logits.
    public init(probs: Tensor? = nil, logits: Tensor? = nil, validateArgs: Bool = true) {
        oneHotCategorical = OneHotCategorical(
            Categorical(Self.self, probs, logits, validateArgs), validateArgs: validateArgs)
        self.validateArgs = validateArgs
    }

    private init(_ oneHotCategorical: OneHotCategorical, validateArgs: Bool) {
        (self.oneHotCategorical, self.validateArgs) = (oneHotCategorical, validateArgs)
    }

    /// The probabilities, `batchShape + [K]`.
    public var probs: Tensor { oneHotCategorical.probs }
    /// The logarithms of the probabilities, `batchShape + [K]`.
    public var logits: Tensor { oneHotCategorical.logits }
    /// The shape of the parameter but for the last dimension.
    public var batchShape: [Int] { oneHotCategorical.batchShape }
    /// `[K]`.
    public var eventShape: [Int] { oneHotCategorical.eventShape }
    /// The support: vectors with a single 1 and zeros elsewhere.
    public var support: Constraint { .oneHot }
    /// True: draws have the gradient of the probabilities.
    public var hasRSample: Bool { true }
    /// True: a vector for each category.
    public var hasEnumerateSupport: Bool { true }
    /// The probabilities.
    public var mean: Tensor { probs }
    /// The vector of the most probable category.
    public var mode: Tensor { oneHotCategorical.mode }
    /// `p (1 - p)`.
    public var variance: Tensor { oneHotCategorical.variance }

    /// Draws with the gradient of the probabilities.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        oneHotCategorical.sample(sampleShape, generator: generator) + (probs - probs.detach())
    }
    /// Draws without gradients.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        oneHotCategorical.sample(sampleShape, generator: generator)
    }
    /// The logarithm of the probability of the category whose entry is 1.
    public func logProb(_ value: Tensor) -> Tensor { evaluate("logProb", value) { oneHotCategorical.logProb($0) } }
    /// `-sum p log p`.
    public func entropy() -> Tensor { oneHotCategorical.entropy() }
    /// A vector for each category: `[K] + batchShape + [K]`.
    public func enumerateSupport(expand: Bool) -> Tensor { oneHotCategorical.enumerateSupport(expand: expand) }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> OneHotCategoricalStraightThrough {
        OneHotCategoricalStraightThrough(oneHotCategorical.expand(batchShape), validateArgs: validateArgs)
    }

    /// The one-hot distribution of the draws.
    public var generalForm: (any Distribution)? { oneHotCategorical }
}

/// The multinomial distribution of how often each of K categories occurs in n independent draws.
///
/// Support: vectors `[K]` of counts whose sum is n, in the dtype of the parameter. Parameters: `totalCount`, the number n for the
/// whole batch, and `probs` or `logits` as in ``Categorical``.
public struct Multinomial: Distribution {
    /// The number of draws n.
    public let totalCount: Int
    /// The distribution of a single draw.
    public let categorical: Categorical
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates multinomial distributions with the given number of draws and probabilities or logits.
    public init(totalCount: Int = 1, probs: Tensor? = nil, logits: Tensor? = nil, validateArgs: Bool = true) {
        let categorical = Categorical(Self.self, probs, logits, validateArgs)
        if totalCount < 0 {
            _ = fail(
                TensorError(
                    .value, in: "\(Self.self)", "the number of draws is negative", got: "\(totalCount)",
                    expected: "a totalCount of at least 0"))
        }
        self.init(totalCount: max(0, totalCount), categorical, validateArgs: validateArgs)
    }

    private init(totalCount: Int, _ categorical: Categorical, validateArgs: Bool) {
        (self.totalCount, self.categorical, self.validateArgs) = (totalCount, categorical, validateArgs)
    }

    /// The probabilities, `batchShape + [K]`.
    public var probs: Tensor { categorical.probs }
    /// The logarithms of the probabilities, `batchShape + [K]`.
    public var logits: Tensor { categorical.logits }
    /// The shape of the probabilities but for the last dimension.
    public var batchShape: [Int] { categorical.batchShape }
    /// `[K]`.
    public var eventShape: [Int] { [categorical.numEvents] }
    /// The support: vectors of counts whose sum is at most n.
    public var support: Constraint { .multinomial(totalCount) }
    /// `n p`.
    public var mean: Tensor { probs * totalCount }
    /// `n p (1 - p)`.
    public var variance: Tensor { totalCount * probs * (1 - probs) }

    /// Draws without gradients, in the dtype of the probabilities.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let draws = categorical.sample([totalCount] + sampleShape, generator: generator)
        if draws.isPlaceholder { return draws }
        return noGrad {
            let indices = draws.movedim(0, -1)
            let counts = Tensor.zeros(extendedShape(sampleShape), dtype: probs.dtype, device: probs.device)
            return counts.scatterAdd(-1, indices, Tensor.ones(indices.shape, dtype: probs.dtype, device: probs.device))
        }
    }

    /// `log n! - sum log x! + sum x log p`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            let logits = logits
            let isCertain = noGrad { (x .== 0).logicalAnd(logits .== -Double.infinity) }
            let powers = (Tensor.where(isCertain, 0.0, logits) * x).sum(dim: -1)
            return (x.sum(dim: -1) + 1).lgamma() - (x + 1).lgamma().sum(dim: -1) + powers
        }
    }

    /// `n H - log n! + sum over categories of E(log x!)`, with `H` the entropy of a single draw.
    public func entropy() -> Tensor {
        let single = categorical.entropy() * totalCount
        if single.isPlaceholder { return single }
        let binomial = Binomial(totalCount: totalCount, probs: probs, validateArgs: false)
        let counts = binomial.enumerated(totalCount +| 1, like: probs, expand: false)
        let factorials = ((counts + 1).lgamma() * binomial.logProb(counts).exp()).sum(dim: [0, -1])
        return single - (probs.filled(Double(totalCount) + 1, [])).lgamma() + factorials
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Multinomial {
        Multinomial(totalCount: totalCount, categorical.expand(batchShape), validateArgs: validateArgs)
    }
}
