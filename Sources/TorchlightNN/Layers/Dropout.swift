import TorchlightCore

/// Sets each element to zero with probability p while training, and scales the others by 1/(1 − p) (Srivastava et al.
/// 2014). In evaluation mode it passes its input on.
///
/// Shapes: `[*] -> [*]`.
public final class Dropout: Module, Layer {
    /// The probability that an element is dropped.
    public let p: Double
    /// Where its random numbers come from; the default generator where none is given.
    public var generator: Generator?
    private var modeWatch = ModeWatch()

    /// A layer that drops elements with probability `p`, from 0 to 1.
    public init(_ p: Double = 0.5, generator: Generator? = nil) {
        if !(0...1).contains(p) {
            reportFailure(
                TensorError(
                    .value, in: "Dropout", "p is out of range", got: "\(p)", expected: "a number from 0 to 1"))
        }
        self.p = p
        self.generator = generator
        super.init()
    }

    /// Drops elements in training mode.
    public func forward(_ x: Tensor) -> Tensor {
        if !isTraining { return x }
        modeWatch.trainingCall()
        return dropout(x, p: p, training: true, generator: generator ?? .default)
    }

    public override var extraDescription: String { "p=\(Printed.number(p)), inplace=False" }
}

/// Notices predictions in training mode: layers that behave differently in it, called under `noGrad` again and again.
struct ModeWatch {
    private var calls = 0
    private static let callsToWarn = 8

    /// A call in training mode.
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
