import CKernels

/// `log(x / (1 - x))`, the inverse of the logistic function: infinite at 0 and 1, NaN outside them.
package struct Logit: UnaryPrimitive {
    package static let name = "logit"
    package static let kernel = TL_UNARY_LOGIT
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }

    /// `1 / x + 1 / (1 - x)`, which is a number outside too, where the function is none. As a sum, since the parts of the
    /// derivative of `1 / (x (1 - x))` overflow with opposite signs near 0.
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        let outside = noGrad { (x < 0).logicalOr(x > 1) }
        return gradient * (x.reciprocal() + (1 - x).reciprocal()).maskedFill(outside, Double.nan)
    }
}
