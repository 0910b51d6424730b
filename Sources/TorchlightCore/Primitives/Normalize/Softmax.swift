import CKernels

/// `exp(x) / sum(exp(x))` along a dimension, or its logarithm, without overflow.
///
/// Shapes: `[*] -> [*]`. Dtypes: floating point. A row of -infinity alone gives NaN.
package struct Softmax: Primitive {
    package static let name = "softmax"
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try softmaxOutput(inputs[0], in: Self.name)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runSoftmax(inputs[0], outputs[0], dim, logarithm: false)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(SoftmaxBackward(dim: dim), context.gradient, context.output()))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .other }
}

/// `x - log(sum(exp(x)))` along a dimension.
///
/// Shapes: `[*] -> [*]`. Dtypes: floating point.
package struct LogSoftmax: Primitive {
    package static let name = "logSoftmax"
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try softmaxOutput(inputs[0], in: Self.name)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runSoftmax(inputs[0], outputs[0], dim, logarithm: true)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(LogSoftmaxBackward(dim: dim), context.gradient, context.output()))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .other }
}

/// The gradient of `Softmax` from its result `y`: `y * (g - sum(g * y))`.
package struct SoftmaxBackward: Primitive {
    package static let name = "softmaxBackward"
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try softmaxOutput(inputs[1], in: Self.name)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runSoftmaxBackward(inputs, outputs[0], dim, logarithm: false)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[1] ? [.input(0), .input(1)] : .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        // Linear in g, and symmetric: the same rule carries the outer gradient back to g.
        let outer = context.gradient
        let y = context.input(1)
        let first = context.needs[0] ? apply(SoftmaxBackward(dim: dim), outer, y) : nil
        guard context.needs[1] else { return Few(first, nil) }
        let g = context.input(0)
        let sum = Sum(dims: Dims(repeating: dim, count: y.rank == 0 ? 0 : 1), keepdim: true)
        let second = outer * (g - apply(sum, g * y)) - g * apply(sum, outer * y)
        return Few(first, second)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .linear([0]) }
}

/// The gradient of `LogSoftmax` from its result `y`: `g - exp(y) * sum(g)`.
package struct LogSoftmaxBackward: Primitive {
    package static let name = "logSoftmaxBackward"
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try softmaxOutput(inputs[1], in: Self.name)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runSoftmaxBackward(inputs, outputs[0], dim, logarithm: true)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[1] ? [.input(0), .input(1)] : .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let outer = context.gradient
        let p = context.input(1).exp()
        let sum = Sum(dims: Dims(repeating: dim, count: p.rank == 0 ? 0 : 1), keepdim: true)
        let dot = outer * p
        return Few(
            context.needs[0] ? outer - apply(sum, dot) : nil,
            context.needs[1] ? -(dot * apply(sum, context.input(0))) : nil)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .linear([0]) }
}

private func softmaxOutput(_ x: TensorSpec, in operation: String) throws(TensorError) -> Few<ResultSpec> {
    try checkFloating(x, in: operation)
    return Few(ResultSpec(x.layout.shape, x.dtype))
}

private func runSoftmax(_ x: Tensor, _ out: Tensor, _ dim: Int, logarithm: Bool) {
    if out.count == 0 { return }
    withKernel(x, x.layout.moved(toLast: dim)) { x in
        withKernel(out, out.layout.moved(toLast: dim)) { out in tl_softmax(x, out, logarithm) }
    }
}

private func runSoftmaxBackward(_ inputs: Few<Tensor>, _ out: Tensor, _ dim: Int, logarithm: Bool) {
    if out.count == 0 { return }
    withKernel(inputs[0], inputs[0].layout.moved(toLast: dim)) { gradient in
        withKernel(inputs[1], inputs[1].layout.moved(toLast: dim)) { y in
            withKernel(out, out.layout.moved(toLast: dim)) { out in
                tl_softmax_backward(gradient, y, out, logarithm)
            }
        }
    }
}

extension Tensor {
    /// Softmax along a dimension: `exp(x[i]) / sum over j of exp(x[j])`. The elements along the dimension are between 0
    /// and 1 and sum to 1. The shape is kept.
    ///
    /// - Parameters:
    ///   - dim: the dimension.
    ///   - dtype: a dtype to which the tensor is converted first. Default: none.
    public func softmax(dim: Int, dtype: DType? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            apply(Softmax(dim: try resolve(dim, in: Softmax.name)), dtype.map { to($0) } ?? self)
        }
    }

    /// The logarithm of the softmax along a dimension: `x[i] - log(sum over j of exp(x[j]))`, which is more accurate
    /// than the logarithm of `softmax`.
    ///
    /// - Parameters:
    ///   - dim: the dimension.
    ///   - dtype: a dtype to which the tensor is converted first. Default: none.
    public func logSoftmax(dim: Int, dtype: DType? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            apply(LogSoftmax(dim: try resolve(dim, in: LogSoftmax.name)), dtype.map { to($0) } ?? self)
        }
    }
}

/// Softmax along a dimension: `exp(x[i]) / sum over j of exp(x[j])`.
public func softmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.softmax(dim: dim, dtype: dtype) }
/// The logarithm of the softmax along a dimension.
public func logSoftmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.logSoftmax(dim: dim, dtype: dtype) }
