import CKernels

/// The running product along a dimension. Bool and integers give int64.
package struct CumProd: Primitive {
    package static let name = "cumprod"
    package var dim: Int

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let x = inputs[0]
        return Few(TensorSpec(x.layout.shape, x.dtype.isFloatingPoint ? x.dtype : .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        scan(TL_SCAN_PROD, inputs[0], outputs[0], indices: nil, dim)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    /// With `y` the result, the gradient of element `i` is the sum over `k >= i` of `g_k y_k / x_i`, where no element is 0.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let g = context.gradient
        if x.rank == 0 { return Few(g) }
        let isZero = noGrad { x .== 0 }
        if noGrad({ isZero.any().item() }) == 0 {
            return Few(apply(CumSum(dim: dim, isReversed: true), g * context.output()) / x)
        }
        if !isGradEnabled {
            // Before the first zero as above; the zero itself gets the products without it; what follows gets 0.
            let zeros = isZero.cumsum(dim: dim)
            let isFirst = isZero.logicalAnd(zeros .== 1)
            let without = apply(CumProd(dim: dim), x.maskedFill(isFirst, 1))
            let ofFirst = apply(CumSum(dim: dim, isReversed: true), g * without)
            let before = apply(CumSum(dim: dim, isReversed: true), g * context.output()) / x
            return Few(Tensor.where(zeros .== 0, before, Tensor.where(isFirst, ofFirst, 0.0)))
        }
        // To be differentiated again: row i of a square matrix has 1 in place of element i; its running products from
        // i on are the derivatives.
        let size = context.shape(0)[dim]
        let lines = x.movedim(dim, -1).unsqueeze(-2)
        let products = Tensor.where(Tensor.eye(size, dtype: .bool), 1.0, lines).cumprod(dim: -1)
        let positions = Tensor.arange(size)
        let isLater = positions.unsqueeze(0) >= positions.unsqueeze(1)
        let weighted = products * g.movedim(dim, -1).unsqueeze(-2)
        return Few(Tensor.where(isLater, weighted, 0.0).sum(dim: -1).movedim(-1, dim))
    }

    package var traits: Traits { [] }
}

extension Tensor {
    /// The running product along a dimension.
    ///
    /// - Parameter dtype: converts before multiplying.
    public func cumprod(dim: Int, dtype: DType? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let result = apply(CumProd(dim: try resolve(dim, in: "cumprod")), dtype.map { to($0) } ?? self)
            return dtype.map { result.to($0) } ?? result
        }
    }

    /// The running product along a dimension, in place.
    @discardableResult
    public func cumprod_(dim: Int, dtype: DType? = nil) -> Tensor {
        overwrite(by: "cumprod_") { $0.cumprod(dim: dim, dtype: dtype) }
    }
}
