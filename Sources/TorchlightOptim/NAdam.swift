import CKernels
import TorchlightCore

/// NAdam (Dozat 2016): ``Adam`` that looks ahead along its momentum, as Nesterov's form of SGD does.
///
///     μₜ = β₁ (1 - 0.96^(t · momentumDecay) / 2),   M = μ₁ ⋯ μₜ,   d = √(v / (1 - β₂ᵗ)) + eps
///     p ← p - lr (1 - μₜ) / (1 - M) · g / d - lr μₜ₊₁ / (1 - M μₜ₊₁) · m / d
public final class NAdam: GroupedOptimizer<NAdam.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 2e-3
        /// The decay of the running mean of the gradients.
        public var beta1 = 0.9
        /// The decay of the running mean of their squares.
        public var beta2 = 0.999
        /// Added to the denominator, so that it is never 0.
        public var eps = 1e-8
        /// The strength of the decay.
        public var weightDecay = 0.0
        /// How fast the momentum comes to its full strength.
        public var momentumDecay = 4e-3
        /// Whether the decay acts on the parameter itself, as in ``AdamW``, not through the gradient.
        public var decoupledWeightDecay = false
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The first beta stands for the momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.beta1 }

        /// The settings by their names.
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

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay), ("momentumDecay", momentumDecay)])
                ?? checkBetas([("beta1", beta1), ("beta2", beta2)])
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting, or a beta outside [0, 1), is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false,
        maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay,
            momentumDecay: momentumDecay, decoupledWeightDecay: decoupledWeightDecay, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
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
