import CKernels
import TorchlightCore

/// The settings of Adam and AdamW for a parameter group.
public struct AdamOptions: OptimizerOptions {
    /// The learning rate.
    public var lr: Double
    /// The decay of the running mean of the gradients.
    public var beta1: Double
    /// The decay of the running mean of their squares.
    public var beta2: Double
    /// Added to the denominator, so that it is never 0.
    public var eps: Double
    /// The strength of the decay: added to the gradient by Adam, taken from the parameter itself by AdamW.
    public var weightDecay: Double
    /// Whether to divide by the largest mean of squares so far (Reddi et al. 2018).
    public var amsgrad: Bool
    /// Whether to climb instead of descend.
    public var maximize: Bool
    /// Whether the decay acts on the parameter itself, not through the gradient: AdamW.
    public var decoupledWeightDecay: Bool

    /// The first beta stands for the momentum.
    public static var momentumPath: WritableKeyPath<AdamOptions, Double>? { \.beta1 }

    /// The settings by their names.
    public static var fields: [OptionField<AdamOptions>] {
        [
            .number("lr", \.lr), .number("beta1", \.beta1), .number("beta2", \.beta2), .number("eps", \.eps),
            .number("weight_decay", \.weightDecay), .flag("amsgrad", \.amsgrad), .flag("maximize", \.maximize),
            .flag("decoupled_weight_decay", \.decoupledWeightDecay),
        ]
    }

    /// The first setting that is out of range.
    public var problem: String? {
        if let problem = checkNotNegative([("lr", lr), ("eps", eps), ("weightDecay", weightDecay)]) { return problem }
        return checkBetas([("beta1", beta1), ("beta2", beta2)])
    }
}

/// What Adam and AdamW share.
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

/// Adam (Kingma and Ba 2015): each parameter's step is scaled by running means of its gradient and of its square.
///
///     g ← g + weightDecay · p
///     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
///     p ← p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps)
public final class Adam: AdamFamily {
    /// Trains the parameters.
    ///
    /// A negative or non-finite setting, or a beta outside [0, 1), is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false, decoupledWeightDecay: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad,
            maximize: maximize, decoupledWeightDecay: decoupledWeightDecay)
    }

    /// Trains groups of parameters, which may have settings of their own.
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

/// The complaint about the first decay rate that is outside [0, 1).
func checkBetas(_ settings: [(name: String, value: Double)]) -> String? {
    for (name, value) in settings where !(0..<1).contains(value) {
        return "\(name) is \(value); expected 0 <= \(name) < 1"
    }
    return nil
}
