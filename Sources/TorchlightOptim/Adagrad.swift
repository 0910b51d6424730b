import CKernels
import TorchlightCore

/// Adagrad (Duchi et al. 2011): each element's steps shrink with the sum of its squared gradients so far.
///
///     s ← s + g²
///     p ← p - lr / (1 + (t - 1) · lrDecay) · g / (√s + eps)
public final class Adagrad: GroupedOptimizer<Adagrad.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1e-2
        /// How much the learning rate shrinks from step to step.
        public var lrDecay = 0.0
        /// The factor of the parameter that is added to its gradient.
        public var weightDecay = 0.0
        /// What the sums of squares start from.
        public var initialAccumulatorValue = 0.0
        /// Added to the denominator, so that it is never 0.
        public var eps = 1e-10
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("lr_decay", \.lrDecay),
                .number("weight_decay", \.weightDecay),
                .number("initial_accumulator_value", \.initialAccumulatorValue),
                .number("eps", \.eps),
                .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([
                ("lr", lr), ("lrDecay", lrDecay), ("weightDecay", weightDecay),
                ("initialAccumulatorValue", initialAccumulatorValue), ("eps", eps),
            ])
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, lrDecay: Double = 0, weightDecay: Double = 0,
        initialAccumulatorValue: Double = 0, eps: Double = 1e-10, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, lrDecay: lrDecay, weightDecay: weightDecay,
            initialAccumulatorValue: initialAccumulatorValue, eps: eps, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-2, lrDecay: Double = 0, weightDecay: Double = 0,
        initialAccumulatorValue: Double = 0, eps: Double = 1e-10, maximize: Bool = false
    ) {
        super.init(
            name: "Adagrad", groups: groups,
            defaults: Options(
                lr: lr, lrDecay: lrDecay, weightDecay: weightDecay, initialAccumulatorValue: initialAccumulatorValue,
                eps: eps, maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "sum", start: options.initialAccumulatorValue)]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_adagrad(
            entries, count, options.lr, options.lrDecay, options.eps, options.weightDecay, options.maximize)
    }
}
