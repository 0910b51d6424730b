import CKernels
import TorchlightCore

/// RMSprop: divides the gradient by the root of the running mean of its square (Hinton, 2012).
///
///     v ← α v + (1 - α) g²,   a ← α a + (1 - α) g
///     d = g / (√(centered ? v - a² : v) + eps)
///     b ← momentum · b + d
///     p ← p - lr · b
public final class RMSprop: GroupedOptimizer<RMSprop.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate. Default: 0.01.
        public var lr = 1e-2
        /// Decay rate of the running means. Default: 0.99.
        public var alpha = 0.99
        /// Term added to the denominator for numerical stability. Default: 1e-8.
        public var eps = 1e-8
        /// Weight decay (L2 penalty): `weightDecay · p` is added to the gradient. Default: 0.
        public var weightDecay = 0.0
        /// The momentum factor. Default: 0.
        public var momentum = 0.0
        /// Whether to divide by the estimated standard deviation of the gradient (Graves, 2013). Default: false.
        public var centered = false
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// The setting that schedulers of the momentum change: the momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.momentum }

        /// Every setting with PyTorch's name for it, as `state()` saves it.
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

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([
                ("lr", lr), ("alpha", alpha), ("eps", eps), ("weightDecay", weightDecay), ("momentum", momentum),
            ])
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-2.
    ///   - alpha: the decay rate of the running means. Default: 0.99.
    ///   - eps: the term added to the denominator for numerical stability. Default: 1e-8.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - momentum: the momentum factor. Default: 0.
    ///   - centered: whether to divide by the estimated standard deviation of the gradient. Default: false.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is negative or not finite.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, alpha: Double = 0.99, eps: Double = 1e-8, weightDecay: Double = 0,
        momentum: Double = 0, centered: Bool = false, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, alpha: alpha, eps: eps, weightDecay: weightDecay, momentum: momentum,
            centered: centered, maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
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
