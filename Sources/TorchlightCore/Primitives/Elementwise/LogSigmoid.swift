import CKernels

/// `log(1 / (1 + e^-x))`, without overflow.
package struct LogSigmoidForward: UnaryPrimitive {
    package static let name = "logsigmoid"
    package static let kernel = TL_UNARY_LOGSIGMOID
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * (-context.input(0)).sigmoid()
    }
}

extension Tensor {
    /// The logarithm of the sigmoid: `log(1 / (1 + exp(-x)))`, computed without overflow.
    public func logsigmoid() -> Tensor { apply(LogSigmoidForward(), self) }
    /// The logarithm of the sigmoid, in place.
    @discardableResult
    public func logsigmoid_() -> Tensor { applyInPlace(LogSigmoidForward(), on: self, Few(self), name: "logsigmoid_") }
}

/// The logarithm of the sigmoid: `log(1 / (1 + exp(-x)))`, element by element, computed without overflow.
public func logsigmoid(_ x: Tensor) -> Tensor { x.logsigmoid() }
