import CKernels

// The larger and the smaller of two: `maximum` and `minimum` give NaN where one operand is NaN, `fmax` and `fmin` the other
// operand. Where both are equal they share the gradient half and half.

/// The larger of `a` and `b`.
package struct Maximum: BinaryPrimitive {
    package static let name = "maximum"
    package static let kernel = TL_BINARY_MAXIMUM
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1)
        return sharedGradient(context, loses: a < b, wins: a > b, ties: a .== b)
    }
}

/// The smaller of `a` and `b`.
package struct Minimum: BinaryPrimitive {
    package static let name = "minimum"
    package static let kernel = TL_BINARY_MINIMUM
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1)
        return sharedGradient(context, loses: a > b, wins: a < b, ties: a .== b)
    }
}

/// The gradient to the winner, half of it to each of equals; both get it where one is NaN.
private func sharedGradient(
    _ context: GradientContext, loses: @autoclosure () -> Tensor, wins: @autoclosure () -> Tensor, ties: Tensor
) -> Few<Tensor?> {
    let g = context.gradient
    let shared = Tensor.where(ties, g * 0.5, g)
    return Few(
        context.needs[0] ? shared.maskedFill(loses(), 0) : nil, context.needs[1] ? shared.maskedFill(wins(), 0) : nil)
}

/// The larger of `a` and `b`; a NaN loses.
package struct Fmax: BinaryPrimitive {
    package static let name = "fmax"
    package static let kernel = TL_BINARY_FMAX
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1)
        let g = Tensor.where(a .== b, context.gradient * 0.5, context.gradient)
        return Few(
            g.maskedFill((a < b).logicalOr(a.isnan().logicalAnd(b.isnan().logicalNot())), 0),
            g.maskedFill((a > b).logicalOr(b.isnan()), 0))
    }
}

/// The smaller of `a` and `b`; a NaN loses.
package struct Fmin: BinaryPrimitive {
    package static let name = "fmin"
    package static let kernel = TL_BINARY_FMIN
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1)
        let g = Tensor.where(a .== b, context.gradient * 0.5, context.gradient)
        return Few(
            g.maskedFill((a > b).logicalOr(a.isnan().logicalAnd(b.isnan().logicalNot())), 0),
            g.maskedFill((a < b).logicalOr(b.isnan()), 0))
    }
}

extension Tensor {
    /// The element-wise maximum; NaN if one of the elements is NaN. Equal elements share the gradient equally.
    public func maximum(_ other: Tensor) -> Tensor { apply(Maximum(), self, other) }
    /// The element-wise minimum; NaN if one of the elements is NaN. Equal elements share the gradient equally.
    public func minimum(_ other: Tensor) -> Tensor { apply(Minimum(), self, other) }
    /// The element-wise maximum, ignoring NaN: NaN only if both elements are NaN. Equal elements share the gradient
    /// equally.
    public func fmax(_ other: Tensor) -> Tensor { apply(Fmax(), self, other) }
    /// The element-wise minimum, ignoring NaN: NaN only if both elements are NaN. Equal elements share the gradient
    /// equally.
    public func fmin(_ other: Tensor) -> Tensor { apply(Fmin(), self, other) }
}

/// The element-wise maximum of `a` and `b`; NaN if one of the elements is NaN.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { a.maximum(b) }
/// The element-wise minimum of `a` and `b`; NaN if one of the elements is NaN.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { a.minimum(b) }
