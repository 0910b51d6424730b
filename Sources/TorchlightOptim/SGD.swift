import CKernels
import TorchlightCore

/// Stochastic gradient descent, with momentum (Polyak 1964) and Nesterov's form of it (Sutskever et al. 2013).
///
///     g ← g + weightDecay · p
///     b ← momentum · b + (1 - dampening) · g        (b ← g in the first step)
///     p ← p - lr · (nesterov ? g + momentum · b : b)
public final class SGD: GroupedOptimizer<SGD.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1e-3
        /// How much of the last step's direction is kept.
        public var momentum = 0.0
        /// How much less the new gradient counts in the direction.
        public var dampening = 0.0
        /// The factor of the parameter that is added to its gradient.
        public var weightDecay = 0.0
        /// Whether to look ahead along the direction.
        public var nesterov = false
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.momentum }

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .number("momentum", \.momentum), .number("dampening", \.dampening),
                .number("weight_decay", \.weightDecay), .flag("nesterov", \.nesterov), .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("momentum", momentum), ("weightDecay", weightDecay)])
                ?? (nesterov && (momentum <= 0 || dampening != 0)
                    ? "nesterov needs a momentum above 0 and a dampening of 0, got \(momentum) and \(dampening)" : nil)
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
        nesterov: Bool = false, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
            nesterov: nesterov, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-3, momentum: Double = 0, dampening: Double = 0,
        weightDecay: Double = 0, nesterov: Bool = false, maximize: Bool = false
    ) {
        super.init(
            name: "SGD", groups: groups,
            defaults: Options(
                lr: lr, momentum: momentum, dampening: dampening, weightDecay: weightDecay, nesterov: nesterov,
                maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [options.momentum != 0 ? StateTensor(name: "momentum_buffer") : nil]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_sgd(
            entries, count, options.lr, options.momentum, options.dampening, options.weightDecay, options.nesterov,
            options.maximize)
    }
}

/// The complaint about the first setting that is negative, infinite or not a number.
func checkNotNegative(_ settings: [(name: String, value: Double)]) -> String? {
    for (name, value) in settings where !(value >= 0 && value.isFinite) {
        return "\(name) is \(value); expected a finite number that is not negative"
    }
    return nil
}
