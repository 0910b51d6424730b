import TorchlightCore

/// Muon: gradient descent with momentum and orthogonalised updates, for the weight matrices of hidden layers (Jordan et
/// al., 2024).
///
///     b ← b + (1 - momentum)(g - b)
///     u = nesterov ? g + momentum (b - g) : b
///     p ← (1 - lr · weightDecay) p - lr' · orthogonalised(u)
///
/// `lr'` is `lr` times the factor of ``Adjustment``. `orthogonalised(u)` approximates the nearest orthogonal matrix by
/// `nsSteps` iterations of a quintic Newton-Schulz method, `X ← a X + (b A + c A²) X` with `A = X Xᵀ`, from
/// `X = u / ‖u‖`. It is computed in float32 (float64 for float64 parameters); PyTorch computes it in bfloat16.
///
/// Shapes: every parameter `[M, N]`.
public final class Muon: GroupedOptimizer<Muon.Options> {
    /// Factor of the learning rate for a matrix of shape `[m, n]`.
    public enum Adjustment: String, CaseIterable, Sendable {
        /// `√max(1, m / n)`.
        case original
        /// `0.2 √max(m, n)`: updates have the root mean square of ``AdamW``, so that its settings can be used.
        case matchRMSAdamW = "match_rms_adamw"
        /// `√(m / n)`.
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
        /// The learning rate. Default: 1e-3.
        public var lr = 1e-3
        /// Decoupled weight decay, as in ``AdamW``. Default: 0.1.
        public var weightDecay = 0.1
        /// The momentum factor. Default: 0.95.
        public var momentum = 0.95
        /// Whether to use Nesterov momentum. Default: true.
        public var nesterov = true
        /// Coefficient `a` of the Newton-Schulz iteration. Default: 3.4445.
        public var a = 3.4445
        /// Coefficient `b` of the Newton-Schulz iteration. Default: -4.775.
        public var b = -4.775
        /// Coefficient `c` of the Newton-Schulz iteration. Default: 2.0315.
        public var c = 2.0315
        /// Lower bound of the norm by which the update is divided. Default: 1e-7.
        public var eps = 1e-7
        /// The number of Newton-Schulz iterations, 0 to 99. Default: 5.
        public var nsSteps = 5
        /// Factor of the learning rate by the shape of the parameter. Default: `.original`.
        public var adjustLR = Adjustment.original

        private var adjustmentIndex: Int {
            get { Adjustment.allCases.firstIndex(of: adjustLR) ?? 0 }
            set { adjustLR = Adjustment.allCases[newValue] }
        }

        /// The setting that schedulers of the momentum change: the momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.momentum }

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .number("weight_decay", \.weightDecay), .number("momentum", \.momentum),
                .flag("nesterov", \.nesterov), .number("ns_coefficient_a", \.a), .number("ns_coefficient_b", \.b),
                .number("ns_coefficient_c", \.c), .number("eps", \.eps), .whole("ns_steps", \.nsSteps),
                .choice("adjust_lr_fn", \.adjustmentIndex, Adjustment.allCases.map(\.rawValue)),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("weightDecay", weightDecay), ("momentum", momentum), ("eps", eps)])
                ?? checkFinite([("a", a), ("b", b), ("c", c)])
                ?? ((0..<100).contains(nsSteps) ? nil : "nsSteps is \(nsSteps); expected 0 to 99")
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of shape `[M, N]` and a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-3.
    ///   - weightDecay: the decoupled weight decay. Default: 0.1.
    ///   - momentum: the momentum factor. Default: 0.95.
    ///   - nesterov: whether to use Nesterov momentum. Default: true.
    ///   - nsCoefficients: the coefficients `a`, `b` and `c` of the Newton-Schulz iteration. Default: (3.4445, -4.775,
    ///     2.0315).
    ///   - eps: the lower bound of the norm by which the update is divided. Default: 1e-7.
    ///   - nsSteps: the number of Newton-Schulz iterations, 0 to 99. Default: 5.
    ///   - adjustLR: the factor of the learning rate by the shape of the parameter. Default: `.original`.
    ///
    /// Every parameter must have 2 dimensions; train biases, embeddings and output layers with ``AdamW``. It is an
    /// error if a setting is negative or not finite, `nsSteps` is above 99, or a parameter does not have 2 dimensions.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, weightDecay: Double = 0.1, momentum: Double = 0.95,
        nesterov: Bool = true, nsCoefficients: (Double, Double, Double) = (3.4445, -4.775, 2.0315), eps: Double = 1e-7,
        nsSteps: Int = 5, adjustLR: Adjustment = .original
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, weightDecay: weightDecay, momentum: momentum, nesterov: nesterov,
            nsCoefficients: nsCoefficients, eps: eps, nsSteps: nsSteps, adjustLR: adjustLR)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
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

    override func unsupportedReason(for parameter: Tensor) -> String? {
        parameter.rank == 2 ? nil : "a parameter has the shape \(parameter.shape); expected a matrix (2 dimensions)"
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "momentum_buffer")]
    }

    override func takeStep() { forEachTrained(Self.change) }

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
        // X Xᵀ is the smaller product if X has more columns than rows.
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
