import CKernels

/// `log(1 + e^(beta x)) / beta`, and `x` itself where `beta x` exceeds the threshold.
package struct SoftplusForward: UnaryPrimitive {
    package static let name = "softplus"
    package static let kernel = TL_UNARY_SOFTPLUS
    package static let domain = UnaryDomain.floatingPoint
    package var beta: Double
    package var threshold: Double
    package var parameters: (Double, Double) { (beta, threshold) }
    package func saved(for needs: Needs) -> Saved { .input(0) }

    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let scaled = context.input(0) * beta
        return Tensor.where(scaled > threshold, gradient, gradient * scaled.sigmoid())
    }
}

extension Tensor {
    /// `log(1 + e^(beta x)) / beta`, element by element; where `beta x` exceeds the threshold it is `x` itself.
    public func softplus(beta: Double = 1, threshold: Double = 20) -> Tensor {
        apply(SoftplusForward(beta: beta, threshold: threshold), self)
    }
}

/// A smooth `relu`: `log(1 + e^(beta x)) / beta`, element by element.
public func softplus(_ x: Tensor, beta: Double = 1, threshold: Double = 20) -> Tensor {
    x.softplus(beta: beta, threshold: threshold)
}
