import CKernels
import TorchlightCore

/// Rprop (resilient propagation): updates by the sign of the full-batch gradient only (Riedmiller and Braun, 1993).
///
/// Each element has a step size, initially `lr`. It is multiplied by `etaPlus` if the gradient keeps its sign, and by
/// `etaMinus` if the sign changes; in that case the element is not updated in this step.
///
///     p ← p - sign(g) · stepSize
public final class Rprop: GroupedOptimizer<Rprop.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The initial step size. Default: 0.01.
        public var lr = 1e-2
        /// Factor of the step size if the gradient changes its sign. Default: 0.5.
        public var etaMinus = 0.5
        /// Factor of the step size if the gradient keeps its sign. Default: 1.2.
        public var etaPlus = 1.2
        /// Lower bound of the step size. Default: 1e-6.
        public var smallestStep = 1e-6
        /// Upper bound of the step size. Default: 50.
        public var largestStep = 50.0
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr),
                .number("eta_minus", \.etaMinus),
                .number("eta_plus", \.etaPlus),
                .number("step_size_min", \.smallestStep),
                .number("step_size_max", \.largestStep),
                .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("smallestStep", smallestStep), ("largestStep", largestStep)])
                ?? checkFinite([("etaPlus", etaPlus)])
                ?? (etaMinus > 0 && etaMinus < 1 && etaPlus > 1
                    ? nil : "the etas are \(etaMinus) and \(etaPlus); expected 0 < etaMinus < 1 < etaPlus")
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the initial step size. Default: 1e-2.
    ///   - etas: `etaMinus` and `etaPlus`, with 0 < etaMinus < 1 < etaPlus. Default: (0.5, 1.2).
    ///   - stepSizes: the lower and the upper bound of the step size. Default: (1e-6, 50.0).
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if the etas violate `0 < etaMinus < 1 < etaPlus`, or a learning rate or step size is negative or
    /// not finite.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, etas: (Double, Double) = (0.5, 1.2),
        stepSizes: (Double, Double) = (1e-6, 50.0), maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, etas: etas, stepSizes: stepSizes, maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-2, etas: (Double, Double) = (0.5, 1.2),
        stepSizes: (Double, Double) = (1e-6, 50.0), maximize: Bool = false
    ) {
        super.init(
            name: "Rprop", groups: groups,
            defaults: Options(
                lr: lr, etaMinus: etas.0, etaPlus: etas.1, smallestStep: stepSizes.0, largestStep: stepSizes.1,
                maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        [StateTensor(name: "prev"), StateTensor(name: "step_size", start: options.lr)]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        tl_optim_rprop(
            entries, count, options.etaMinus, options.etaPlus, options.smallestStep, options.largestStep,
            options.maximize)
    }
}
