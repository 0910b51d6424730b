import CKernels
import TorchlightCore

/// ASGD: stochastic gradient descent that also averages the parameters over the steps after `t0` (Polyak and Juditsky,
/// 1992).
///
///     p ← (1 - lambd · η) p - η g,   ax ← ax + μ (p - ax)
///     η ← lr / (1 + lambd · lr · t)^alpha,   μ ← 1 / max(1, t - t0)
///
/// The average `ax` is a state tensor of the parameter, with the parameter's shape.
public final class ASGD: GroupedOptimizer<ASGD.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The initial learning rate. Default: 0.01.
        public var lr = 1e-2
        /// The decay term of the parameters and of the learning rate. Default: 1e-4.
        public var lambd = 1e-4
        /// Exponent of the learning rate's decay. Default: 0.75.
        public var alpha = 0.75
        /// The step after which averaging starts. Default: 1e6.
        public var t0 = 1e6
        /// Weight decay (L2 penalty): `weightDecay · p` is added to the gradient. Default: 0.
        public var weightDecay = 0.0
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("lambd", \.lambd),
                .number("alpha", \.alpha),
                .number("t0", \.t0),
                .number("weight_decay", \.weightDecay),
                .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("lambd", lambd), ("t0", t0), ("weightDecay", weightDecay)])
                ?? checkFinite([("alpha", alpha)])
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the initial learning rate. Default: 1e-2.
    ///   - lambd: the decay term of the parameters and of the learning rate. Default: 1e-4.
    ///   - alpha: the exponent of the learning rate's decay. Default: 0.75.
    ///   - t0: the step after which averaging starts. Default: 1e6.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is not finite, or if one other than `alpha` is negative.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, lambd: Double = 1e-4, alpha: Double = 0.75, t0: Double = 1e6,
        weightDecay: Double = 0, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, lambd: lambd, alpha: alpha, t0: t0, weightDecay: weightDecay,
            maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-2, lambd: Double = 1e-4, alpha: Double = 0.75,
        t0: Double = 1e6, weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            name: "ASGD", groups: groups,
            defaults: Options(
                lr: lr, lambd: lambd, alpha: alpha, t0: t0, weightDecay: weightDecay, maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "ax"), .number("eta", startingAt: options.lr), .number("mu", startingAt: 1)]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_asgd(
            entries, count, options.lr, options.lambd, options.alpha, options.t0, options.weightDecay, options.maximize)
    }
}
