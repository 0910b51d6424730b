import Synchronization

/// A mistake in a training loop that the library recognises.
public enum TrainingMistake: String, Sendable, CaseIterable {
    /// Gradients of past steps are added to those of the new one.
    case forgottenZeroGrad
    /// Predictions are made in training mode.
    case forgottenEval
    /// Probabilities are given to a loss that takes logits.
    case activationBeforeLoss
    /// The loss is infinite or not a number.
    case lossNotFinite
    /// A gradient is infinite or not a number.
    case gradientNotFinite
    /// A parameter gets no gradient.
    case parameterWithoutGradient

    var text: String {
        switch self {
        case .forgottenZeroGrad:
            "the gradients of past steps are still there and each backward pass adds to them, so that their norm only "
                + "grows; call optimizer.zeroGrad() at the start of each step"
        case .forgottenEval:
            "predictions under noGrad { } were made in training mode, where dropout drops and batch normalisation "
                + "uses the batch; call model.eval() before evaluating and model.train() before training goes on"
        case .activationBeforeLoss:
            "a loss that takes logits was given probabilities"
        case .lossNotFinite:
            "the loss is not a finite number"
        case .gradientNotFinite:
            "a gradient is not finite"
        case .parameterWithoutGradient:
            "parameters got no gradient"
        }
    }
}

/// What was noticed of mistakes in training loops: by operations, losses and optimisers, while they run.
package enum TrainingHints {
    private static let found = Mutex<[TrainingMistake: String]>([:])

    /// What was reported in this process, each mistake once.
    package static var reported: [TrainingMistake: String] { found.withLock { $0 } }

    /// Forgets what was reported, so that it is reported again.
    package static func reset() { found.withLock { $0 = [:] } }

    /// Reports a mistake on standard error, the first time it is noticed.
    package static func report(_ mistake: TrainingMistake, _ text: String? = nil) {
        let place = ThreadContext.existing?.modulePathText.map { " (in \($0))" } ?? ""
        let text = (text ?? mistake.text) + place
        let isNew = found.withLock { found in
            if found[mistake] != nil { return false }
            found[mistake] = text
            return true
        }
        if isNew { writeToStandardError("Torchlight: hint: \(text)\n") }
    }
}
