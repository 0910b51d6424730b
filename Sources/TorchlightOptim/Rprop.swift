import CKernels
import TorchlightCore

/// Resilient propagation (Riedmiller and Braun 1993), for gradients of the whole data set: only their signs count.
///
/// Each element has a step size, at first `lr`. It grows by the second eta while the gradient keeps its sign; when the
/// sign turns it shrinks by the first, and the element rests for a step.
public final class Rprop: GroupedOptimizer<Rprop.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1e-2
        /// The factor of a step size when the gradient turns.
        public var etaMinus = 0.5
        /// The factor of a step size when the gradient keeps its sign.
        public var etaPlus = 1.2
        /// The smallest step size.
        public var smallestStep = 1e-6
        /// The largest step size.
        public var largestStep = 50.0
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The settings by their names.
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

        /// The first setting that is out of range.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("smallestStep", smallestStep), ("largestStep", largestStep)])
                ?? (etaMinus > 0 && etaMinus < 1 && etaPlus > 1
                    ? nil : "the etas are \(etaMinus) and \(etaPlus); expected 0 < first < 1 < second")
        }
    }

    /// Trains the parameters.
    ///
    /// Etas other than 0 < η₁ < 1 < η₂, or a negative learning rate or step size, is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, etas: (Double, Double) = (0.5, 1.2),
        stepSizes: (Double, Double) = (1e-6, 50.0), maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, etas: etas, stepSizes: stepSizes, maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
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
