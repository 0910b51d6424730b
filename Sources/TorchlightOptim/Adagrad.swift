import CKernels
import TorchlightCore

/// Adagrad: divides the step of each element by the root of the sum of its squared gradients (Duchi et al., 2011).
///
///     s ← s + g²
///     p ← p - lr / (1 + (t - 1) · lrDecay) · g / (√s + eps)
///
/// `t` is the number of the step, from 1; `s` starts at `initialAccumulatorValue`.
public final class Adagrad: GroupedOptimizer<Adagrad.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate. Default: 0.01.
        public var lr = 1e-2
        /// The decay of the learning rate. Default: 0.
        public var lrDecay = 0.0
        /// Weight decay (L2 penalty): `weightDecay · p` is added to the gradient. Default: 0.
        public var weightDecay = 0.0
        /// Initial value of the sum of squared gradients. Default: 0.
        public var initialAccumulatorValue = 0.0
        /// Term added to the denominator for numerical stability. Default: 1e-10.
        public var eps = 1e-10
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// Every setting with PyTorch's name for it, as `state()` saves it.
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

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([
                ("lr", lr), ("lrDecay", lrDecay), ("weightDecay", weightDecay),
                ("initialAccumulatorValue", initialAccumulatorValue), ("eps", eps),
            ])
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-2.
    ///   - lrDecay: the decay of the learning rate. Default: 0.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - initialAccumulatorValue: the initial value of the sum of squared gradients. Default: 0.
    ///   - eps: the term added to the denominator for numerical stability. Default: 1e-10.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is negative or not finite.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, lrDecay: Double = 0, weightDecay: Double = 0,
        initialAccumulatorValue: Double = 0, eps: Double = 1e-10, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, lrDecay: lrDecay, weightDecay: weightDecay,
            initialAccumulatorValue: initialAccumulatorValue, eps: eps, maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
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
