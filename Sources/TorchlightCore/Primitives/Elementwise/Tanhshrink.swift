import CKernels

/// `x - tanh(x)`, exact also near 0, where it is about `x^3 / 3`.
package struct TanhshrinkForward: UnaryPrimitive {
    package static let name = "tanhshrink"
    package static let kernel = TL_UNARY_TANHSHRINK
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }

    /// `tanh(x)^2`.
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).tanh().square()
    }
}

extension Tensor {
    /// Tanh shrinkage: `x - tanh(x)`.
    public func tanhshrink() -> Tensor { dtype.isComplex ? self - tanh() : apply(TanhshrinkForward(), self) }
}
