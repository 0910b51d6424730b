import CKernels
import TorchlightCore

/// NAdam: ``Adam`` with Nesterov momentum (Dozat, 2016).
///
///     μₜ = β₁ (1 - 0.96^(t · momentumDecay) / 2),   M = μ₁ ⋯ μₜ,   d = √(v / (1 - β₂ᵗ)) + eps
///     p ← p - lr (1 - μₜ) / (1 - M) · g / d - lr μₜ₊₁ / (1 - M μₜ₊₁) · m / d
///
/// `m` and `v` are the running means of ``Adam``; `t` is the number of the step, from 1.
public final class NAdam: GroupedOptimizer<NAdam.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate. Default: 2e-3.
        public var lr = 2e-3
        /// Decay rate of the running mean of the gradient. Default: 0.9.
        public var beta1 = 0.9
        /// Decay rate of the running mean of the squared gradient. Default: 0.999.
        public var beta2 = 0.999
        /// Term added to the denominator for numerical stability. Default: 1e-8.
        public var eps = 1e-8
        /// Weight decay (L2 penalty). Default: 0.
        public var weightDecay = 0.0
        /// Decay of the momentum schedule μₜ. Default: 4e-3.
        public var momentumDecay = 4e-3
        /// Whether the weight decay is decoupled, as in ``AdamW``. Default: false.
        public var decoupledWeightDecay = false
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// The setting that schedulers of the momentum change: `beta1`.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.beta1 }

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("beta1", \.beta1),
                .number("beta2", \.beta2),
                .number("eps", \.eps),
                .number("weight_decay", \.weightDecay),
                .number("momentum_decay", \.momentumDecay),
                .flag("decoupled_weight_decay", \.decoupledWeightDecay),
                .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay), ("momentumDecay", momentumDecay)])
                ?? checkBetas([("beta1", beta1), ("beta2", beta2)])
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 2e-3.
    ///   - betas: the decay rates of the running means of the gradient and of its square. Default: (0.9, 0.999).
    ///   - eps: the term added to the denominator for numerical stability. Default: 1e-8.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - momentumDecay: the decay of the momentum schedule. Default: 4e-3.
    ///   - decoupledWeightDecay: whether the weight decay is applied to the parameter, as in ``AdamW``. Default: false.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is negative or not finite, or a beta is outside [0, 1).
    public convenience init(
        _ parameters: [Tensor], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false,
        maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay,
            momentumDecay: momentumDecay, decoupledWeightDecay: decoupledWeightDecay, maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999),
        eps: Double = 1e-8, weightDecay: Double = 0, momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false,
        maximize: Bool = false
    ) {
        super.init(
            name: "NAdam", groups: groups,
            defaults: Options(
                lr: lr, beta1: betas.0, beta2: betas.1, eps: eps, weightDecay: weightDecay,
                momentumDecay: momentumDecay, decoupledWeightDecay: decoupledWeightDecay, maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "exp_avg"), StateTensor(name: "exp_avg_sq"), .number("mu_product", startingAt: 1)]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_nadam(
            entries, count, options.lr, options.beta1, options.beta2, options.eps, options.weightDecay,
            options.momentumDecay, options.decoupledWeightDecay, options.maximize)
    }
}
