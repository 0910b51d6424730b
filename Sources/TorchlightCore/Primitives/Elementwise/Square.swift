import CKernels

/// `x * x`. Bool gives int64; other dtypes are kept.
package struct Square: UnaryPrimitive {
    package static let name = "square"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SQUARE
    package static let domain = UnaryDomain.any

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        return Few(ResultSpec(x.layout.shape, x.dtype == .bool ? .int64 : x.dtype))
    }

    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        // In this order, so that twice a large x does not overflow where the gradient is 0.
        (gradient * context.input(0).conj()) * 2
    }
}

extension Tensor {
    /// The square `x * x`, element by element.
    public func square() -> Tensor { apply(Square(), self) }
    /// The square `x * x`, in place.
    @discardableResult
    public func square_() -> Tensor { applyInPlace(Square(), on: self, Few(self), name: "square_") }
}

/// The square `x * x`, element by element.
public func square(_ x: Tensor) -> Tensor { x.square() }
