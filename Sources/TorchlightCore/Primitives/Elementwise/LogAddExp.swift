import CKernels

/// `log(e^a + e^b)`, without overflow.
package struct LogAddExp: BinaryPrimitive {
    package static let name = "logaddexp"
    package static let kernel = TL_BINARY_LOGADDEXP
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let difference = context.input(0) - context.input(1)
        return Few(
            context.needs[0] ? context.gradient * difference.sigmoid() : nil,
            context.needs[1] ? context.gradient * (-difference).sigmoid() : nil)
    }
}

/// `log2(2^a + 2^b)`, without overflow.
package struct LogAddExp2: BinaryPrimitive {
    package static let name = "logaddexp2"
    package static let kernel = TL_BINARY_LOGADDEXP2
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let difference = (context.input(0) - context.input(1)) * 0.693147180559945309417
        return Few(
            context.needs[0] ? context.gradient * difference.sigmoid() : nil,
            context.needs[1] ? context.gradient * (-difference).sigmoid() : nil)
    }
}

extension Tensor {
    /// `log(exp(self) + exp(other))`, element by element, computed without overflow. Shapes broadcast.
    public func logaddexp(_ other: Tensor) -> Tensor {
        dtype.isComplex || other.dtype.isComplex ? complexLogAddExp(other) : apply(LogAddExp(), self, other)
    }
    /// `log2(2^self + 2^other)`, element by element, computed without overflow. Shapes broadcast.
    public func logaddexp2(_ other: Tensor) -> Tensor { apply(LogAddExp2(), self, other) }
}
