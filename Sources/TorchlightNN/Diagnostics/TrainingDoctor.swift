import TorchlightCore

/// Watches a training run for the classic mistakes and says, in words, what is wrong and what to do.
///
/// Some mistakes are noticed without being asked, by the layers, losses and optimisers themselves; each is reported once,
/// on standard error. The rest needs a look at each step:
///
///     let doctor = TrainingDoctor(model)
///     for (images, labels) in loader {
///         ...
///         loss.backward()
///         doctor.observe(loss)
///         optimizer.step()
///     }
public final class TrainingDoctor {
    /// A mistake that is recognised.
    public typealias Mistake = TrainingMistake

    /// A mistake that was found.
    public struct Finding: Sendable, CustomStringConvertible {
        /// What it is.
        public let mistake: Mistake
        /// What is wrong and what to do about it.
        public let description: String
    }

    /// What was reported in this process, each mistake once.
    public static var hints: [Mistake: String] { TrainingHints.reported }

    /// Forgets what was reported, so that it is reported again.
    public static func reset() { TrainingHints.reset() }

    private let model: Module
    private let report: (Finding) -> Void
    private var found = Set<Mistake>()
    private var norms: [Double] = []
    private static let stepsToWarn = 10

    /// Watches a model. Findings go to `report`, each mistake once; left out, to standard error.
    public init(_ model: Module, report: ((Finding) -> Void)? = nil) {
        self.model = model
        self.report = report ?? { writeToStandardError("Torchlight: \($0)\n") }
    }

    /// Looks at the loss and the gradients of a step: call it between `backward()` and the optimiser's step.
    ///
    /// Reads every gradient once, so it costs about as much as clipping by norm.
    public func observe(_ loss: Tensor) {
        if loss.isPlaceholder { return }
        let value = loss.item()
        let gradients = model.gradientReport()
        if !value.isFinite {
            add(
                .lossNotFinite,
                "the loss is \(value); \(Self.culprit(gradients)) Try detectAnomalies { } around a step to "
                    + "find the operation, a smaller learning rate, or gradient clipping.")
        }
        let bad = gradients.notFinite
        if !bad.isEmpty && value.isFinite {
            add(.gradientNotFinite, "the gradient of \(Self.list(bad)) is not finite though the loss is \(value)")
        }
        let without = gradients.missing
        if !without.isEmpty {
            add(
                .parameterWithoutGradient,
                "\(Self.list(without)) got no gradient in this step: the loss does not depend on "
                    + "\(without.count == 1 ? "it" : "them"); freeze() what is not to be trained, or use it in forward")
        }
        norms.append(gradients.totalNorm)
        if norms.count > Self.stepsToWarn { norms.removeFirst() }
        let grows = zip(norms, norms.dropFirst()).allSatisfy { $0 < $1 }
        if norms.count == Self.stepsToWarn && grows && norms[norms.count - 1] > 3 * norms[0] {
            add(
                .forgottenZeroGrad,
                "the norm of the gradients grew in each of the last \(Self.stepsToWarn) steps, from \(Float(norms[0])) to "
                    + "\(Float(norms[norms.count - 1])); if optimizer.zeroGrad() is not called in each step they add up"
            )
        }
    }

    private func add(_ mistake: Mistake, _ text: String) {
        guard found.insert(mistake).inserted else { return }
        report(Finding(mistake: mistake, description: text))
    }

    private static func culprit(_ gradients: GradientReport) -> String {
        gradients.notFinite.isEmpty ? "" : "the gradient of \(list(gradients.notFinite)) is not finite either."
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }
}
