import CKernels

/// `x` where it is positive, else `slope * x`. The gradient at 0 is the slope.
package struct LeakyRelu: UnaryPrimitive {
    package static let name = "leakyRelu"
    package static let kernel = TL_UNARY_LEAKY_RELU
    package static let domain = UnaryDomain.floatingPoint
    package var slope: Double
    package var parameters: (Double, Double) { (slope, 0) }
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        Tensor.where(context.input(0) > 0, gradient, gradient * slope)
    }
}

extension Tensor {
    /// Leaky ReLU: `x` if `x > 0`, else `negativeSlope * x` (Maas et al., 2013). Default: `negativeSlope` 0.01.
    public func leakyRelu(negativeSlope: Double = 0.01) -> Tensor { apply(LeakyRelu(slope: negativeSlope), self) }
    /// Leaky ReLU, in place.
    @discardableResult
    public func leakyRelu_(negativeSlope: Double = 0.01) -> Tensor {
        applyInPlace(LeakyRelu(slope: negativeSlope), on: self, Few(self), name: "leakyRelu_")
    }
}

/// Leaky ReLU: `x` if `x > 0`, else `negativeSlope * x` (Maas et al., 2013). Default: `negativeSlope` 0.01.
public func leakyRelu(_ x: Tensor, negativeSlope: Double = 0.01) -> Tensor { x.leakyRelu(negativeSlope: negativeSlope) }
