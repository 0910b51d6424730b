import TorchlightCore

/// The Dirichlet distribution of probabilities, of density `gamma(sum a) / prod gamma(a) * prod x^(a - 1)` with `a` the
/// concentration.
///
/// Support: vectors `[K]` of numbers of at least 0 whose sum is 1. The parameter is `concentration > 0`, `batchShape + [K]`.
/// Gradients flow through draws by implicit reparameterisation (Figurnov, Mohamed and Mnih 2018).
public struct Dirichlet: Distribution {
    /// The concentration, `batchShape + [K]`.
    public let concentration: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Dirichlet distributions with the given concentrations.
    public init(concentration: Tensor, validateArgs: Bool = true) {
        let given = parameterTensors([concentration])[0]
        self.validateArgs = validateArgs
        guard given.isPlaceholder || given.rank >= 1 else {
            self.concentration = fail(
                TensorError(
                    .shape, in: "\(Self.self)", "the concentration has no dimension of categories",
                    expected: "a concentration of shape [*, categories]", operands: [given]))
            return
        }
        self.concentration =
            validated(
                Self.self, validateArgs, [("concentration", given, .independent(.positive, 1))])[0]
    }

    /// The shape of the concentration but for the last dimension.
    public var batchShape: [Int] { Array(concentration.shape.dropLast()) }
    /// `[K]`.
    public var eventShape: [Int] { Array(concentration.shape.suffix(1)) }
    /// The support: vectors of numbers of at least 0 whose sum is 1.
    public var support: Constraint { .simplex }
    /// True: implicit reparameterisation of gamma draws.
    public var hasRSample: Bool { true }
    /// `a / sum a`.
    public var mean: Tensor { concentration / concentration.sum(dim: -1, keepdim: true) }
    /// `(a - 1) / sum(a - 1)` with 0 in place of negative numbers; where all are below 1, all probability on the first category.
    public var mode: Tensor {
        if concentration.isPlaceholder { return concentration }
        let excess = (concentration - 1).clamp(min: 0)
        let mode = excess / excess.sum(dim: -1, keepdim: true)
        let isFlat = noGrad { (concentration < 1).all(dim: -1, keepdim: true) }
        let first = Tensor.arange(0, eventShape[0], dtype: .int64, device: concentration.device) .== 0
        return Tensor.where(isFlat, first.to(concentration.dtype), mode)
    }
    /// `a (sum a - a) / ((sum a)^2 (sum a + 1))`.
    public var variance: Tensor {
        let total = concentration.sum(dim: -1, keepdim: true)
        return concentration * (total - concentration) / (total.square() * (total + 1))
    }

    /// Draws with gradients by implicit reparameterisation: gamma draws divided by their sum, computed from logarithms, since
    /// small concentrations have draws below the smallest number.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        let shapes = concentration.expanded(extendedShape(sampleShape))
        return Tensor.variates(.logGamma, [shapes], generator: generator).softmax(dim: -1)
    }

    /// `sum (a - 1) log x + lgamma(sum a) - sum lgamma(a)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            (concentration - 1).xlogy(x).sum(dim: -1) + concentration.sum(dim: -1).lgamma()
                - concentration.lgamma().sum(dim: -1)
        }
    }

    /// `log B(a) + (sum a - K) digamma(sum a) - sum (a - 1) digamma(a)`.
    public func entropy() -> Tensor {
        if concentration.isPlaceholder { return concentration }
        let total = concentration.sum(dim: -1)
        return concentration.lgamma().sum(dim: -1) - total.lgamma() - (Double(eventShape[0]) - total) * total.digamma()
            - ((concentration - 1) * concentration.digamma()).sum(dim: -1)
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Dirichlet {
        keepingSettings(
            Dirichlet(concentration: concentration.expanded(batchShape + eventShape), validateArgs: false))
    }
}
