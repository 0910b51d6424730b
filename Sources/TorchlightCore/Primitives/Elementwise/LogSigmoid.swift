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
    /// `log(1 / (1 + e^-x))`, without overflow.
    public func logsigmoid() -> Tensor { apply(LogSigmoidForward(), self) }
    /// `log(1 / (1 + e^-x))`, without overflow, in place.
    @discardableResult
    public func logsigmoid_() -> Tensor { applyInPlace(LogSigmoidForward(), on: self, Few(self), name: "logsigmoid_") }
}

/// `log(1 / (1 + e^-x))`, without overflow, element by element.
public func logsigmoid(_ x: Tensor) -> Tensor { x.logsigmoid() }
