import Synchronization

/// A mistake in a training loop that the library detects and reports as a hint.
public enum TrainingMistake: String, Sendable, CaseIterable {
    /// Gradients of earlier steps were not set to zero, and each backward pass adds to them.
    case forgottenZeroGrad
    /// Predictions were made in training mode.
    case forgottenEval
    /// Probabilities were passed to a loss that expects logits.
    case activationBeforeLoss
    /// The loss is infinite or NaN.
    case lossNotFinite
    /// A gradient is infinite or NaN.
    case gradientNotFinite
    /// A parameter got no gradient.
    case parameterWithoutGradient

    var text: String {
        switch self {
        case .forgottenZeroGrad:
            "the gradients of earlier steps were not set to zero, so each backward pass adds to them and their norm "
                + "grows; call optimizer.zeroGrad() at the start of each step"
        case .forgottenEval:
            "predictions under noGrad { } were made in training mode, where dropout is active and batch normalisation "
                + "uses the statistics of the batch; call model.eval() before evaluating and model.train() before "
                + "training goes on"
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

/// Collects the mistakes in training loops that operations, losses and optimisers detect.
package enum TrainingHints {
    private static let found = Mutex<[TrainingMistake: String]>([:])

    /// The hints reported in this process, each mistake once.
    package static var reported: [TrainingMistake: String] { found.withLock { $0 } }

    /// Clears the list, so that mistakes are reported again.
    package static func reset() { found.withLock { $0 = [:] } }

    /// Writes a hint to standard error, the first time the mistake is detected.
    package static func report(_ mistake: TrainingMistake, _ text: String? = nil) {
        let location = ThreadContext.existing?.modulePathText.map { " (in \($0))" } ?? ""
        let text = (text ?? mistake.text) + location
        let isNew = found.withLock { found in
            if found[mistake] != nil { return false }
            found[mistake] = text
            return true
        }
        if isNew { writeToStandardError("Torchlight: hint: \(text)\n") }
    }
}
