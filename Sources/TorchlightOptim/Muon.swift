import TorchlightCore

/// Muon (Jordan et al. 2024): momentum whose direction is made orthogonal, for the weight matrices of hidden layers.
///
///     b ← b + (1 - momentum)(g - b)
///     u = nesterov ? g + momentum (b - g) : b
///     p ← (1 - lr · weightDecay) p - lr' · orthogonalised(u)
///
/// The singular values of u are brought near 1 by a few steps of a quintic Newton-Schulz iteration,
/// `X ← a X + (b A + c A²) X` with `A = X Xᵀ`, from `X = u / ‖u‖`. It runs in float32 (in float64 for parameters of that
/// type), where PyTorch rounds to bfloat16.
public final class Muon: GroupedOptimizer<Muon.Options> {
    /// How the learning rate follows the shape of a matrix of m rows and n columns.
    public enum Adjustment: String, CaseIterable, Sendable {
        /// By `√max(1, m / n)`.
        case original
        /// By `0.2 √max(m, n)`: updates of the size of those of ``AdamW``, whose settings then fit.
        case matchRMSAdamW = "match_rms_adamw"
        /// By `√(m / n)`.
        case spectralUnclamped = "spectral_unclamped"

        func factor(_ rows: Int, _ columns: Int) -> Double {
            let (m, n) = (Double(rows), Double(columns))
            return switch self {
            case .original: max(1, m / n).squareRoot()
            case .matchRMSAdamW: 0.2 * max(m, n).squareRoot()
            case .spectralUnclamped: (m / n).squareRoot()
            }
        }
    }

    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1e-3
        /// The strength of the decay of the parameter itself.
        public var weightDecay = 0.1
        /// The decay of the running mean of the gradients.
        public var momentum = 0.95
        /// Whether to look ahead along the momentum.
        public var nesterov = true
        /// The factor of X in the iteration.
        public var a = 3.4445
        /// The factor of A X in the iteration.
        public var b = -4.775
        /// The factor of A² X in the iteration.
        public var c = 2.0315
        /// The least length that a direction is divided by.
        public var eps = 1e-7
        /// The number of iterations.
        public var nsSteps = 5
        /// How the learning rate follows the shape.
        public var adjustLR = Adjustment.original

        private var adjustmentIndex: Int {
            get { Adjustment.allCases.firstIndex(of: adjustLR) ?? 0 }
            set { adjustLR = Adjustment.allCases[newValue] }
        }

        /// The momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.momentum }

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .number("weight_decay", \.weightDecay), .number("momentum", \.momentum),
                .flag("nesterov", \.nesterov), .number("ns_coefficient_a", \.a), .number("ns_coefficient_b", \.b),
                .number("ns_coefficient_c", \.c), .number("eps", \.eps), .whole("ns_steps", \.nsSteps),
                .choice("adjust_lr_fn", \.adjustmentIndex, Adjustment.allCases.map(\.rawValue)),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("weightDecay", weightDecay), ("momentum", momentum), ("eps", eps)])
                ?? ((0..<100).contains(nsSteps) ? nil : "nsSteps is \(nsSteps); expected 0 to 99")
        }
    }

    /// Trains the parameters, which have to be matrices; leave biases, embeddings and heads to ``AdamW``.
    ///
    /// A negative or non-finite setting, more than 99 steps, or a parameter that is not a matrix is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, weightDecay: Double = 0.1, momentum: Double = 0.95,
        nesterov: Bool = true, nsCoefficients: (Double, Double, Double) = (3.4445, -4.775, 2.0315), eps: Double = 1e-7,
        nsSteps: Int = 5, adjustLR: Adjustment = .original
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, weightDecay: weightDecay, momentum: momentum, nesterov: nesterov,
            nsCoefficients: nsCoefficients, eps: eps, nsSteps: nsSteps, adjustLR: adjustLR)
    }

    /// Trains groups of parameters, which may have settings of their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-3, weightDecay: Double = 0.1, momentum: Double = 0.95,
        nesterov: Bool = true, nsCoefficients: (Double, Double, Double) = (3.4445, -4.775, 2.0315), eps: Double = 1e-7,
        nsSteps: Int = 5, adjustLR: Adjustment = .original
    ) {
        super.init(
            name: "Muon", groups: groups,
            defaults: Options(
                lr: lr, weightDecay: weightDecay, momentum: momentum, nesterov: nesterov, a: nsCoefficients.0,
                b: nsCoefficients.1, c: nsCoefficients.2, eps: eps, nsSteps: nsSteps, adjustLR: adjustLR))
    }

    override func complaint(about parameter: Tensor) -> String? {
        parameter.rank == 2 ? nil : "a parameter has the shape \(parameter.shape); expected a matrix"
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "momentum_buffer")]
    }

    public override func step() { forEachTrained(Self.change) }

    private static func change(_ trained: TrainedParameter, _ options: Options) {
        let (parameter, gradient) = (trained.parameter, trained.gradient)
        guard parameter.count > 0, let buffer = trained.states[0] else { return }
        buffer.lerp_(gradient, weight: 1 - options.momentum)
        let update = options.nesterov ? gradient.lerp(buffer, weight: options.momentum) : buffer
        let direction = orthogonalised(update, options)
        let rate = options.lr * options.adjustLR.factor(parameter.shape[0], parameter.shape[1])
        parameter.mul_(1 - options.lr * options.weightDecay)
        parameter.add_(direction.to(parameter.dtype), alpha: -rate)
    }

    private static func orthogonalised(_ update: Tensor, _ options: Options) -> Tensor {
        let isTall = update.shape[0] > update.shape[1]
        // X Xᵀ is the smaller product when X is wide.
        var x = (isTall ? update.t() : update).to(update.dtype == .float64 ? .float64 : .float32)
        x = x / x.norm().clamp(min: options.eps)
        for _ in 0..<options.nsSteps {
            let gram = x.matmul(x.t())
            let mix = gram * options.b + gram.matmul(gram) * options.c
            x = x * options.a + mix.matmul(x)
        }
        return isTall ? x.t() : x
    }
}
