import CKernels
import TorchlightCore

/// RMSprop (Hinton 2012): each element's gradient is divided by the root of its recent mean square.
///
///     v ← α v + (1 - α) g²,   a ← α a + (1 - α) g
///     d = g / (√(centered ? v - a² : v) + eps)
///     b ← momentum · b + d
///     p ← p - lr · b
public final class RMSprop: GroupedOptimizer<RMSprop.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1e-2
        /// The decay of the running means.
        public var alpha = 0.99
        /// Added to the denominator, so that it is never 0.
        public var eps = 1e-8
        /// The factor of the parameter that is added to its gradient.
        public var weightDecay = 0.0
        /// How much of the last step's direction is kept.
        public var momentum = 0.0
        /// Whether to divide by the standard deviation of the gradients (Graves 2013).
        public var centered = false
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.momentum }

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("alpha", \.alpha),
                .number("eps", \.eps),
                .number("weight_decay", \.weightDecay),
                .number("momentum", \.momentum),
                .flag("centered", \.centered),
                .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([
                ("lr", lr), ("alpha", alpha), ("eps", eps), ("weightDecay", weightDecay), ("momentum", momentum),
            ])
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, alpha: Double = 0.99, eps: Double = 1e-8, weightDecay: Double = 0,
        momentum: Double = 0, centered: Bool = false, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, alpha: alpha, eps: eps, weightDecay: weightDecay, momentum: momentum,
            centered: centered, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-2, alpha: Double = 0.99, eps: Double = 1e-8,
        weightDecay: Double = 0, momentum: Double = 0, centered: Bool = false, maximize: Bool = false
    ) {
        super.init(
            name: "RMSprop", groups: groups,
            defaults: Options(
                lr: lr, alpha: alpha, eps: eps, weightDecay: weightDecay, momentum: momentum, centered: centered,
                maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [
            StateTensor(name: "square_avg"), options.momentum != 0 ? StateTensor(name: "momentum_buffer") : nil,
            options.centered ? StateTensor(name: "grad_avg") : nil,
        ]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_rmsprop(
            entries, count, options.lr, options.alpha, options.eps, options.weightDecay, options.momentum,
            options.maximize)
    }
}
