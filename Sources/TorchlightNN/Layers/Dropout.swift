import TorchlightCore

/// Dropout: in training mode, sets each element to zero with probability p and multiplies the others by `1/(1 − p)`; in
/// evaluation mode, returns its input (Srivastava et al., 2014).
///
/// Each call draws new random numbers. Shapes: `[*] -> [*]`.
///
///     let drop = Dropout(0.2)
///     let y = drop(x)         // a fifth of the elements are 0
///     drop.eval()
///     let z = drop(x)         // x
public final class Dropout: Module, Layer {
    /// The probability of an element to be zeroed. Default: 0.5.
    public let p: Double
    /// The generator of the random numbers; nil for the default generator.
    public var generator: Generator?
    private var evalDetector = ForgottenEvalDetector()

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - p: The probability of an element to be zeroed, from 0 to 1. Default: 0.5.
    ///   - generator: The generator of the random numbers. Default: the default generator.
    public init(_ p: Double = 0.5, generator: Generator? = nil) {
        if !(0...1).contains(p) {
            reportFailure(
                TensorError(
                    .value, in: "Dropout", "the probability p must be between 0 and 1", got: "\(p)",
                    expected: "a number from 0 to 1"))
        }
        self.p = p
        self.generator = generator
        super.init()
    }

    /// Returns x with elements zeroed in training mode, x in evaluation mode.
    public func forward(_ x: Tensor) -> Tensor {
        if !isTraining { return x }
        evalDetector.trainingCall()
        return dropout(x, p: p, training: true, generator: generator ?? .default)
    }

    public override var extraDescription: String { "p=\(Printed.number(p)), inplace=False" }
}

/// Reports a hint if a layer that depends on the mode is called 8 times in a row in training mode under `noGrad`, as in
/// predictions where `eval()` was forgotten.
struct ForgottenEvalDetector {
    private var calls = 0
    private static let callsToWarn = 8

    /// Counts a call in training mode.
    @inline(__always)
    mutating func trainingCall() {
        if isGradEnabled {
            calls = 0
            return
        }
        calls += 1
        if calls == Self.callsToWarn { TrainingHints.report(.forgottenEval) }
    }
}
