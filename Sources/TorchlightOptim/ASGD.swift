import CKernels
import TorchlightCore

/// Averaged stochastic gradient descent (Polyak and Juditsky 1992): beside the parameters it keeps their mean over the
/// steps after `t0`, in the state `ax`.
///
///     p ← (1 - lambd · η) p - η g,   ax ← ax + μ (p - ax)
///     η ← lr / (1 + lambd · lr · t)^alpha,   μ ← 1 / max(1, t - t0)
public final class ASGD: GroupedOptimizer<ASGD.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1e-2
        /// The strength of the decay of the parameters, and of the learning rate.
        public var lambd = 1e-4
        /// The power by which the learning rate falls.
        public var alpha = 0.75
        /// The step after which the mean begins.
        public var t0 = 1e6
        /// The factor of the parameter that is added to its gradient.
        public var weightDecay = 0.0
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The settings by their names.
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

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("weightDecay", weightDecay)])
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, lambd: Double = 1e-4, alpha: Double = 0.75, t0: Double = 1e6,
        weightDecay: Double = 0, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, lambd: lambd, alpha: alpha, t0: t0, weightDecay: weightDecay,
            maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
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
