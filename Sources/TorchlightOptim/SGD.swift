import CKernels
import TorchlightCore

/// Stochastic gradient descent with optional momentum (Polyak, 1964) and Nesterov momentum (Sutskever et al., 2013).
///
///     g ← g + weightDecay · p
///     b ← momentum · b + (1 - dampening) · g        (b ← g in the first step)
///     p ← p - lr · (nesterov ? g + momentum · b : b)
///
/// `p` is the parameter, `g` its gradient and `b` the momentum buffer. As in PyTorch, the learning rate is applied to
/// the momentum buffer: `p ← p - lr · b`, not `b ← momentum · b + lr · g`.
///
///     let optimizer = SGD(model.parameters(), lr: 0.1, momentum: 0.9)
///     optimizer.zeroGrad()
///     crossEntropy(model(x), labels).backward()
///     optimizer.step()
public final class SGD: GroupedOptimizer<SGD.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The learning rate. Default: 1e-3.
        public var lr = 1e-3
        /// The momentum factor. Default: 0.
        public var momentum = 0.0
        /// The dampening of the momentum: the gradient is multiplied by `1 - dampening`. Default: 0.
        public var dampening = 0.0
        /// Weight decay (L2 penalty): `weightDecay · p` is added to the gradient. Default: 0.
        public var weightDecay = 0.0
        /// Whether to use Nesterov momentum. Default: false.
        public var nesterov = false
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// The setting that schedulers of the momentum change: the momentum.
        public static var momentumPath: WritableKeyPath<Options, Double>? { \.momentum }

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .number("momentum", \.momentum), .number("dampening", \.dampening),
                .number("weight_decay", \.weightDecay), .flag("nesterov", \.nesterov), .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            checkNotNegative([("lr", lr), ("momentum", momentum), ("weightDecay", weightDecay)])
                ?? checkFinite([("dampening", dampening)])
                ?? (nesterov && (momentum <= 0 || dampening != 0)
                    ? "nesterov needs a momentum above 0 and a dampening of 0, got \(momentum) and \(dampening)" : nil)
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-3.
    ///   - momentum: the momentum factor. Default: 0.
    ///   - dampening: the dampening of the momentum. Default: 0.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - nesterov: whether to use Nesterov momentum; needs a momentum above 0 and a dampening of 0. Default: false.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is not finite, if one other than `dampening` is negative, or if `nesterov` is true without a momentum above 0 and a
    /// dampening of 0.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
        nesterov: Bool = false, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
            nesterov: nesterov, maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
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

/// The error text for the first setting that is negative, infinite or NaN; nil if there is none.
func checkNotNegative(_ settings: [(name: String, value: Double)]) -> String? {
    for (name, value) in settings where !(value >= 0 && value.isFinite) {
        return "\(name) is \(value); expected a finite number that is not negative"
    }
    return nil
}

/// The error text for the first setting that is infinite or NaN; nil if there is none.
func checkFinite(_ settings: [(name: String, value: Double)]) -> String? {
    for (name, value) in settings where !value.isFinite { return "\(name) is \(value); expected a finite number" }
    return nil
}
