import CKernels

/// `a log b`, and 0 where `a` is 0, whatever `b` (except NaN).
package struct Xlogy: BinaryPrimitive {
    package static let name = "xlogy"
    package static let kernel = TL_BINARY_XLOGY
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1)
        let g = context.gradient
        return Few(
            context.needs[0] ? g.xlogy(b).maskedFill((a .== 0).logicalAnd(b <= 0), 0) : nil,
            context.needs[1] ? g * a / b : nil)
    }
}

/// `a log(1 + b)`, and 0 where `a` is 0, whatever `b` (except NaN).
package struct Xlog1py: BinaryPrimitive {
    package static let name = "xlog1py"
    package static let kernel = TL_BINARY_XLOG1PY
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1).withOwnDType
        let g = context.gradient
        return Few(
            context.needs[0] ? g.xlog1py(b).maskedFill((a .== 0).logicalAnd(b <= -1), 0) : nil,
            context.needs[1] ? g * a / (b + 1) : nil)
    }
}

extension Tensor {
    /// `self * log(other)`, element by element; 0 if `self` is 0. Shapes broadcast.
    public func xlogy(_ other: Tensor) -> Tensor { apply(Xlogy(), self, other) }
    /// `self * log(other)` for a number; 0 if `self` is 0.
    public func xlogy(_ other: some TensorScalar) -> Tensor { apply(Xlogy(), self, .wrap(other.scalar)) }
    /// `self * log(other)`, in place; 0 if `self` is 0.
    @discardableResult
    public func xlogy_(_ other: Tensor) -> Tensor { applyInPlace(Xlogy(), on: self, Few(self, other), name: "xlogy_") }
    /// `self * log(other)` for a number, in place; 0 if `self` is 0.
    @discardableResult
    public func xlogy_(_ other: some TensorScalar) -> Tensor { xlogy_(.wrap(other.scalar)) }

    /// `self * log(1 + other)`, accurate for small `other`; 0 if `self` is 0.
    public func xlog1py(_ other: Tensor) -> Tensor { apply(Xlog1py(), self, other) }
    /// `self * log(1 + other)` for a number; 0 if `self` is 0.
    public func xlog1py(_ other: some TensorScalar) -> Tensor { apply(Xlog1py(), self, .wrap(other.scalar)) }
}

/// `a * log(b)`, element by element; 0 if `a` is 0.
public func xlogy(_ a: Tensor, _ b: Tensor) -> Tensor { a.xlogy(b) }
/// The same as ``Tensor/xlogy(_:)-(TensorScalar)``.
public func xlogy(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.xlogy(b) }
/// `a * log(b)` for a number `a`; 0 if `a` is 0.
public func xlogy(_ a: some TensorScalar, _ b: Tensor) -> Tensor { Tensor.wrap(a.scalar).xlogy(b) }
