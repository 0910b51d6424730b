import CKernels
import TorchlightCore

/// Adamax (Kingma and Ba 2015): ``Adam`` that scales by the largest recent gradient in place of the mean square.
///
///     m ← β₁ m + (1 - β₁) g,   u ← max(β₂ u, |g| + eps)
///     p ← p - lr / (1 - β₁ᵗ) · m / u
public final class Adamax: GroupedOptimizer<Adamax.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 2e-3
        /// The decay of the running mean of the gradients.
        public var beta1 = 0.9
        /// The decay of the largest gradient.
        public var beta2 = 0.999
        /// Added to the denominator, so that it is never 0.
        public var eps = 1e-8
        /// The factor of the parameter that is added to its gradient.
        public var weightDecay = 0.0
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
                .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay)])
                ?? checkBetas([("beta1", beta1), ("beta2", beta2)])
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting, or a beta outside [0, 1), is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999),
        eps: Double = 1e-8, weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            name: "Adamax", groups: groups,
            defaults: Options(
                lr: lr, beta1: betas.0, beta2: betas.1, eps: eps, weightDecay: weightDecay, maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "exp_avg"), StateTensor(name: "exp_inf")]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_adamax(
            entries, count, options.lr, options.beta1, options.beta2, options.eps, options.weightDecay, options.maximize
        )
    }
}
