import CKernels

/// `log(sum(e^x))` of the elements so far along a dimension, without overflow. Integers give float32.
package struct LogCumSumExp: Primitive {
    package static let name = "logcumsumexp"
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkDimension(dim, of: inputs[0], in: Self.name)
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype.orFloat))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        scan(TL_SCAN_LOGSUMEXP, inputs[0], outputs[0], indices: nil, dim)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    /// With `y` the result, element `i` gets the sum over `k >= i` of `g[k] e^(x[i] - y[k])`. As a recurrence from the back,
    /// `r[i] = g[i] + e^(y[i] - y[i + 1]) r[i + 1]`, it is `r[i] e^(x[i] - y[i])`: no exponent is above 0.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let y = context.output()
        let g = context.gradient
        if x.rank == 0 || x.count == 0 { return Few(g) }
        // Where all elements so far are negative infinity their difference from the result would be NaN.
        let finite = y.maskedFill(noGrad { y .== -Double.infinity }, 0)
        let size = x.layout.shape[dim]
        // After positive infinity the results stay there, and their difference would be NaN as well.
        let before = y.narrow(dim, start: 0, length: size - 1)
        let steps = (before - finite.narrow(dim, start: 1, length: size - 1))
            .maskedFill(noGrad { before .== Double.infinity }, 0)
        let last = noGrad { Tensor.zeros(like: y.narrow(dim, start: 0, length: 1)) }
        let r = apply(LinearScan(dim: dim, isReversed: true), g, cat([steps.exp(), last], dim: dim))
        return Few(r * (x - finite).exp())
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

extension Tensor {
    /// The logarithm of the cumulative sum of exponentials along a dimension: `log(exp(x[0]) + ... + exp(x[i]))`,
    /// computed without overflow.
    ///
    /// Shapes: `[*] -> [*]`. Integers give float32.
    public func logcumsumexp(dim: Int) -> Tensor {
        if dtype.isComplex { return complexLogCumSumExp(dim) }
        return orFail(like: self) { () throws(TensorError) in
            apply(LogCumSumExp(dim: try resolve(dim, in: "logcumsumexp")), self)
        }
    }
}
