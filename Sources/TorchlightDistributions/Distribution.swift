import TorchlightCore

/// A probability distribution over tensors, as `torch.distributions.Distribution`.
///
/// A distribution has parameters, tensors that broadcast to its batch shape. A draw of shape `sampleShape + batchShape
/// + eventShape` holds independent draws along the sample shape, one distribution for each index of the batch shape,
/// and one value of the distribution along the event shape: `[]` for numbers, `[n]` for vectors.
///
///     let prior = Normal(loc: 0, scale: Tensor([1, 2.0]))      // batchShape [2], eventShape []
///     let draws = prior.sample([100])                          // [100, 2]
///     let score = prior.logProb(draws)                         // [100, 2]
///
/// Parameters may be numbers, which become tensors of the default dtype, or of the dtype and device of the other tensor
/// parameters. Gradients flow into the parameters from every method but ``sample(_:generator:)``.
public protocol Distribution: SendableMetatype {
    /// The shape of the parameters.
    var batchShape: [Int] { get }
    /// The shape of one draw of one distribution.
    var eventShape: [Int] { get }
    /// The values that can be drawn.
    var support: Constraint { get }
    /// Whether parameters, and values given to ``logProb(_:)``, ``cdf(_:)`` and ``icdf(_:)``, are checked, which reads
    /// them.
    var validateArgs: Bool { get set }

    /// Whether ``rsample(_:generator:)`` is defined, so that gradients flow from draws into the parameters.
    var hasRSample: Bool { get }
    /// Whether ``enumerateSupport(expand:)`` is defined.
    var hasEnumerateSupport: Bool { get }

    /// The expectation, `batchShape + eventShape`.
    var mean: Tensor { get }
    /// The variance of each element, `batchShape + eventShape`.
    var variance: Tensor { get }
    /// The standard deviation of each element, `batchShape + eventShape`.
    var stddev: Tensor { get }
    /// The most probable value, `batchShape + eventShape`.
    var mode: Tensor { get }

    /// Draws that the parameters receive gradients from: `sampleShape + batchShape + eventShape`.
    func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor
    /// Draws without gradients: `sampleShape + batchShape + eventShape`.
    func sample(_ sampleShape: [Int], generator: Generator) -> Tensor
    /// The logarithm of the density or of the probability of values: `[*] + batchShape + eventShape -> [*] +
    /// batchShape`.
    func logProb(_ value: Tensor) -> Tensor
    /// The probability of a draw at or below values.
    func cdf(_ value: Tensor) -> Tensor
    /// The values whose ``cdf(_:)`` is given, the quantiles.
    func icdf(_ value: Tensor) -> Tensor
    /// The entropy in nats, `batchShape`.
    func entropy() -> Tensor
    /// All values of a discrete distribution along a new first dimension: `[values] + batchShape + eventShape`, or ones
    /// in place of the batch shape without `expand`.
    func enumerateSupport(expand: Bool) -> Tensor
    /// The distribution with its parameters expanded to a batch shape.
    func expand(_ batchShape: [Int]) -> Self

    /// The same distribution as a member of a more general family, where it is one: ``klDivergence(_:_:)`` looks there
    /// for a formula that the distribution itself has none of.
    var generalForm: (any Distribution)? { get }
}

extension Distribution {
    /// False: draws have no gradient.
    public var hasRSample: Bool { false }
    /// False: there are too many values.
    public var hasEnumerateSupport: Bool { false }
    /// Not defined for this distribution, an error.
    public var mean: Tensor { notDefined("mean") }
    /// Not defined for this distribution, an error.
    public var variance: Tensor { notDefined("variance") }
    /// The square root of the variance.
    public var stddev: Tensor { variance.sqrt() }
    /// Not defined for this distribution, an error.
    public var mode: Tensor { notDefined("mode") }
    /// Not defined for this distribution, an error.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        notDefined("rsample", fix: "use sample, whose draws have no gradient")
    }
    /// Draws without gradients: `sampleShape + batchShape + eventShape`.
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        noGrad { rsample(sampleShape, generator: generator) }
    }
    /// Not defined for this distribution, an error.
    public func cdf(_ value: Tensor) -> Tensor { notDefined("cdf") }
    /// Not defined for this distribution, an error.
    public func icdf(_ value: Tensor) -> Tensor { notDefined("icdf") }
    /// Not defined for this distribution, an error.
    public func entropy() -> Tensor { notDefined("entropy") }
    /// Not defined for this distribution, an error.
    public func enumerateSupport(expand: Bool) -> Tensor { notDefined("enumerateSupport") }
    /// None.
    public var generalForm: (any Distribution)? { nil }

    /// Draws of the default generator, without gradients: `sampleShape + batchShape + eventShape`.
    public func sample(_ sampleShape: [Int]) -> Tensor { sample(sampleShape, generator: .default) }
    /// Draws without gradients: `sampleShape + batchShape + eventShape`. Without sizes, one draw: `batchShape +
    /// eventShape`.
    public func sample(_ sampleShape: Int..., generator: Generator = .default) -> Tensor {
        sample(sampleShape, generator: generator)
    }
    /// Draws of the default generator that the parameters receive gradients from: `sampleShape + batchShape +
    /// eventShape`.
    public func rsample(_ sampleShape: [Int]) -> Tensor { rsample(sampleShape, generator: .default) }
    /// Draws that the parameters receive gradients from: `sampleShape + batchShape + eventShape`.
    public func rsample(_ sampleShape: Int..., generator: Generator = .default) -> Tensor {
        rsample(sampleShape, generator: generator)
    }
    /// All values of a discrete distribution, along a new first dimension.
    public func enumerateSupport() -> Tensor { enumerateSupport(expand: true) }
    /// The exponential of the entropy, `batchShape`.
    public func perplexity() -> Tensor { entropy().exp() }
}

extension Distribution {
    /// The name of the type, in errors.
    static var name: String { String(describing: Self.self) }

    /// The shape of draws.
    func extendedShape(_ sampleShape: [Int]) -> [Int] { sampleShape + batchShape + eventShape }

    /// The error of a method that the distribution does not have.
    func notDefined(_ method: String, fix: String? = nil) -> Tensor {
        fail(
            TensorError(.unsupported, in: "\(Self.name).\(method)", "it is not defined for this distribution", fix: fix)
        )
    }

    /// A copy with the settings of this distribution that are no parameters.
    func keepingSettings<D: Distribution>(_ other: D) -> D {
        var other = other
        other.validateArgs = validateArgs
        return other
    }

    /// The result of a function of values of the support, after the checks.
    func evaluate(_ method: String, _ value: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
        if value.isPlaceholder { return value }
        if validateArgs, let error = valueError(method, value) { return fail(error, like: value) }
        return function(value)
    }

    /// The result of a function of probabilities, after the checks.
    func evaluateQuantile(_ probability: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
        if probability.isPlaceholder { return probability }
        if validateArgs,
            let error = Constraint.unitInterval.violation(by: probability, "the probability", in: "\(Self.name).icdf")
        {
            return fail(error, like: probability)
        }
        return function(probability)
    }

    /// What is wrong with the shape or the values of an argument.
    private func valueError(_ method: String, _ value: Tensor) -> TensorError? {
        let operation = "\(Self.name).\(method)"
        let (shape, own) = (value.shape, batchShape + eventShape)
        let events = shape.suffix(eventShape.count)
        guard Array(events) == eventShape, broadcastShapes(shape, own) != nil else {
            return TensorError(
                .shape, in: operation, "the shape of the value does not fit the distribution", got: "\(shape)",
                expected:
                    "a shape that broadcasts with the batch shape \(batchShape) and ends in the event shape \(eventShape)"
            )
        }
        return support.violation(by: value, "the value", in: operation)
    }
}
