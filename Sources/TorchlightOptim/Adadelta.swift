import CKernels
import TorchlightCore

/// Adadelta (Zeiler 2012): steps in the unit of the parameter, by the ratio of recent steps to recent gradients.
///
///     v ← ρ v + (1 - ρ) g²,   d = √(a + eps) / √(v + eps) · g,   a ← ρ a + (1 - ρ) d²
///     p ← p - lr · d
public final class Adadelta: GroupedOptimizer<Adadelta.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1.0
        /// The decay of the running means of squares.
        public var rho = 0.9
        /// Added to the denominator, so that it is never 0.
        public var eps = 1e-6
        /// The factor of the parameter that is added to its gradient.
        public var weightDecay = 0.0
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("rho", \.rho),
                .number("eps", \.eps),
                .number("weight_decay", \.weightDecay),
                .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay)])
                ?? ((0...1).contains(rho) ? nil : "rho is \(rho); expected 0 <= rho <= 1")
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting, or a rho outside [0, 1], is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1, rho: Double = 0.9, eps: Double = 1e-6, weightDecay: Double = 0,
        maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, rho: rho, eps: eps, weightDecay: weightDecay, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
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
