import TorchlightCore

/// AdamW: ``Adam`` with decoupled weight decay (Loshchilov and Hutter, 2019).
///
///     p ← p · (1 - lr · weightDecay), then the step of ``Adam`` without weight decay
///
/// The weight decay is applied to the parameter and does not enter the gradient or its running means.
///
///     let optimizer = AdamW(model.parameters(), lr: 3e-4, weightDecay: 0.1)
public final class AdamW: AdamFamily {
    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1e-3.
    ///   - betas: the decay rates of the running means of the gradient and of its square. Default: (0.9, 0.999).
    ///   - eps: the term added to the denominator for numerical stability. Default: 1e-8.
    ///   - weightDecay: the decoupled weight decay. Default: 1e-2.
    ///   - amsgrad: whether to use AMSGrad. Default: false.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// The weight decay (default: 0.01) applies to all parameters; put biases and parameters of normalisation layers in
    /// a ``ParameterGroup`` with `weightDecay = 0` to exclude them. It is an error if a setting is negative or not
    /// finite, or a beta is outside [0, 1).
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad,
            maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
    public init(
        _ groups: [ParameterGroup<AdamOptions>], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
        eps: Double = 1e-8, weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false
    ) {
        super.init(
            name: "AdamW", groups: groups,
            defaults: AdamOptions(
                lr: lr, beta1: betas.0, beta2: betas.1, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad,
                maximize: maximize,
                decoupledWeightDecay: true))
    }
}
