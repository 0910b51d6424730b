import CKernels
import TorchlightCore

/// The settings of a parameter group of ``Adam`` and ``AdamW``.
public struct AdamOptions: OptimizerOptions {
    /// The learning rate. Default: 1e-3.
    public var lr: Double
    /// Decay rate of the running mean of the gradient. Default: 0.9.
    public var beta1: Double
    /// Decay rate of the running mean of the squared gradient. Default: 0.999.
    public var beta2: Double
    /// Term added to the denominator for numerical stability. Default: 1e-8.
    public var eps: Double
    /// Weight decay: an L2 penalty added to the gradient for ``Adam`` (default: 0), decoupled for ``AdamW`` (default:
    /// 0.01).
    public var weightDecay: Double
    /// Whether to use AMSGrad, which divides by the maximum of all past `v` (Reddi et al., 2018). Default: false.
    public var amsgrad: Bool
    /// Whether to maximise the objective instead of minimising it. Default: false.
    public var maximize: Bool
    /// Whether the weight decay is applied to the parameter, as in ``AdamW``, and not to the gradient.
    public var decoupledWeightDecay: Bool

    /// The setting that schedulers of the momentum change: `beta1`.
    public static var momentumPath: WritableKeyPath<AdamOptions, Double>? { \.beta1 }

    /// Every setting with PyTorch's name for it, as `state()` saves it.
    public static var fields: [OptionField<AdamOptions>] {
        [
            .number("lr", \.lr), .number("beta1", \.beta1), .number("beta2", \.beta2), .number("eps", \.eps),
            .number("weight_decay", \.weightDecay), .flag("amsgrad", \.amsgrad), .flag("maximize", \.maximize),
            .flag("decoupled_weight_decay", \.decoupledWeightDecay),
        ]
    }

    /// The error text for the first setting that is out of range; nil if every setting is valid.
    public var problem: String? {
        if let problem = checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay)]) { return problem }
        return checkBetas([("beta1", beta1), ("beta2", beta2)])
    }
}

/// Base class of ``Adam`` and ``AdamW``.
public class AdamFamily: GroupedOptimizer<AdamOptions> {
    override func stateTensors(_ options: AdamOptions, for parameter: Tensor) -> [StateTensor?] {
        [
            StateTensor(name: "exp_avg"), StateTensor(name: "exp_avg_sq"),
            options.amsgrad ? StateTensor(name: "max_exp_avg_sq") : nil,
        ]
    }

    override func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: AdamOptions) {
        tl_optim_adam(
            entries, count, options.lr, options.beta1, options.beta2, options.eps, options.weightDecay,
            options.decoupledWeightDecay, options.maximize)
    }
}

/// Adam: gradient descent with running means of the gradient and of the squared gradient (Kingma and Ba, 2015).
///
///     g ← g + weightDecay · p
///     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
///     p ← p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps)
///
/// `t` is the number of the step, from 1. With `amsgrad` the maximum of all past `v` replaces `v` in the last line.
/// With `decoupledWeightDecay` the weight decay is that of ``AdamW``.
///
///     let optimizer = Adam(model.parameters(), lr: 1e-3)
public final class Adam: AdamFamily {
    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-3.
    ///   - betas: the decay rates of the running means of the gradient and of its square. Default: (0.9, 0.999).
    ///   - eps: the term added to the denominator for numerical stability. Default: 1e-8.
    ///   - weightDecay: the weight decay (L2 penalty). Default: 0.
    ///   - amsgrad: whether to use AMSGrad. Default: false.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///   - decoupledWeightDecay: whether the weight decay is applied to the parameter, as in ``AdamW``. Default: false.
    ///
    /// It is an error if a setting is negative or not finite, or a beta is outside [0, 1).
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false, decoupledWeightDecay: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad,
            maximize: maximize, decoupledWeightDecay: decoupledWeightDecay)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
    public init(
        _ groups: [ParameterGroup<AdamOptions>], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
        eps: Double = 1e-8, weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false,
        decoupledWeightDecay: Bool = false
    ) {
        super.init(
            name: "Adam", groups: groups,
            defaults: AdamOptions(
                lr: lr, beta1: betas.0, beta2: betas.1, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad,
                maximize: maximize,
                decoupledWeightDecay: decoupledWeightDecay))
    }
}

/// The error text for the first decay rate outside [0, 1); nil if there is none.
func checkBetas(_ settings: [(name: String, value: Double)]) -> String? {
    for (name, value) in settings where !(0..<1).contains(value) {
        return "\(name) is \(value); expected 0 <= \(name) < 1"
    }
    return nil
}
