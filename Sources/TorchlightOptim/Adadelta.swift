import CKernels
import TorchlightCore

/// Adadelta: scales the gradient by the ratio of the running root mean squares of updates and gradients (Zeiler, 2012).
///
///     v ← ρ v + (1 - ρ) g²,   d = √(a + eps) / √(v + eps) · g,   a ← ρ a + (1 - ρ) d²
///     p ← p - lr · d
public final class Adadelta: GroupedOptimizer<Adadelta.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate, a factor of the update. Default: 1.
        public var lr = 1.0
        /// Decay rate of the running means of the squared gradient and the squared update. Default: 0.9.
        public var rho = 0.9
        /// Term added to the variances for numerical stability. Default: 1e-6.
        public var eps = 1e-6
        /// Weight decay (L2 penalty): `weightDecay · p` is added to the gradient. Default: 0.
        public var weightDecay = 0.0
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("rho", \.rho),
                .number("eps", \.eps),
                .number("weight_decay", \.weightDecay),
                .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay)])
                ?? ((0...1).contains(rho) ? nil : "rho is \(rho); expected 0 <= rho <= 1")
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate, a factor of the update. Default: 1.
    ///   - rho: the decay rate of the running means. Default: 0.9.
    ///   - eps: the term added to the variances for numerical stability. Default: 1e-6.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is negative or not finite, or rho is outside [0, 1].
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1, rho: Double = 0.9, eps: Double = 1e-6, weightDecay: Double = 0,
        maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, rho: rho, eps: eps, weightDecay: weightDecay, maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1, rho: Double = 0.9, eps: Double = 1e-6,
        weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            name: "Adadelta", groups: groups,
            defaults: Options(
                lr: lr, rho: rho, eps: eps, weightDecay: weightDecay, maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "square_avg"), StateTensor(name: "acc_delta")]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_adadelta(
            entries, count, options.lr, options.rho, options.eps, options.weightDecay, options.maximize)
    }
}
