import TorchlightCore

/// AdamW (Loshchilov and Hutter 2019): Adam whose weight decay acts on the parameter, not through the gradient.
///
///     p ← p · (1 - lr · weightDecay), then as ``Adam`` without decay
public final class AdamW: AdamFamily {
    /// Trains the parameters. The decay applies to all of them; use groups to spare biases and normalisation.
    ///
    /// A negative or non-finite setting, or a beta outside [0, 1), is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, betas: betas, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad,
            maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
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
