import TorchlightCore

/// Detects common mistakes in a training loop, and reports what is wrong and how to fix it.
///
/// Layers, losses and optimisers detect some mistakes themselves; each is reported once, on standard error. For the others,
/// call ``observe(_:)`` in each step:
///
///     let doctor = TrainingDoctor(model)
///     for (images, labels) in loader {
///         ...
///         loss.backward()
///         doctor.observe(loss)
///         optimizer.step()
///     }
public final class TrainingDoctor {
    /// The mistakes that are detected.
    public typealias Mistake = TrainingMistake

    /// A mistake that was detected.
    public struct Finding: Sendable, CustomStringConvertible {
        /// The mistake.
        public let mistake: Mistake
        /// What is wrong and how to fix it.
        public let description: String
    }

    /// The hints that were reported in this process, by mistake.
    public static var hints: [Mistake: String] { TrainingHints.reported }

    /// Clears the reported hints, so that they can be reported again.
    public static func reset() { TrainingHints.reset() }

    private let model: Module
    private let report: (Finding) -> Void
    private var found = Set<Mistake>()
    private var norms: [Double] = []
    private static let stepsToWarn = 10

    /// Creates a doctor for a model.
    ///
    /// - Parameters:
    ///   - model: The model that is trained.
    ///   - report: Receives the findings, each mistake once. Default: writes them to standard error.
    public init(_ model: Module, report: ((Finding) -> Void)? = nil) {
        self.model = model
        self.report = report ?? { writeToStandardError("Torchlight: \($0)\n") }
    }

    /// Checks the loss and the gradients of a training step. Call it between `backward()` and the step of the optimiser.
    ///
    /// It reads every gradient once, so it costs about as much as gradient clipping by norm.
    public func observe(_ loss: Tensor) {
        if loss.isPlaceholder { return }
        let value = loss.item()
        let gradients = model.gradientReport()
        if !value.isFinite {
            add(
                .lossNotFinite,
                "the loss is \(value); \(Self.gradientSummary(gradients)) Try detectAnomalies { } around a step to "
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
                    + "\(without.count == 1 ? "it" : "them"); use it in forward, or freeze() parameters that should not be trained"
            )
        }
        norms.append(gradients.totalNorm)
        if norms.count > Self.stepsToWarn { norms.removeFirst() }
        let grows = zip(norms, norms.dropFirst()).allSatisfy { $0 < $1 }
        if norms.count == Self.stepsToWarn && grows && norms[norms.count - 1] > 3 * norms[0] {
            add(
                .forgottenZeroGrad,
                "the norm of the gradients grew in each of the last \(quantity(Self.stepsToWarn, "step")), from \(Float(norms[0])) to "
                    + "\(Float(norms[norms.count - 1])); call optimizer.zeroGrad() in each step, otherwise gradients add up"
            )
        }
    }

    private func add(_ mistake: Mistake, _ text: String) {
        guard found.insert(mistake).inserted else { return }
        report(Finding(mistake: mistake, description: text))
    }

    private static func gradientSummary(_ gradients: GradientReport) -> String {
        gradients.notFinite.isEmpty ? "" : "the gradient of \(list(gradients.notFinite)) is not finite either."
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }
}
