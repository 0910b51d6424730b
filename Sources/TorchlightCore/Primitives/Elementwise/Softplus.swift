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
    /// Softplus: `log(1 + exp(beta x)) / beta`, element by element; `x` if `beta x > threshold`. Default: `beta` 1,
    /// `threshold` 20.
    public func softplus(beta: Double = 1, threshold: Double = 20) -> Tensor {
        apply(SoftplusForward(beta: beta, threshold: threshold), self)
    }
}

/// Softplus: `log(1 + exp(beta x)) / beta`, a smooth approximation of ReLU, element by element; `x` if `beta x >
/// threshold`. Default: `beta` 1, `threshold` 20.
public func softplus(_ x: Tensor, beta: Double = 1, threshold: Double = 20) -> Tensor {
    x.softplus(beta: beta, threshold: threshold)
}
