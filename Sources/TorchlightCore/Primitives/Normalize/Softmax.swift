import CKernels

/// Softmax or its logarithm along a dimension.
package protocol SoftmaxPrimitive: Primitive {
    var dim: Int { get set }
    /// Whether the result is the logarithm.
    static var isLogarithm: Bool { get }
    /// The gradient of the operand, given that of the result and the result.
    func backward(_ gradient: Tensor, _ result: Tensor) -> Tensor
}

extension SoftmaxPrimitive {
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkFloating(inputs[0], in: Self.name)
        try checkDimension(dim, of: inputs[0], in: Self.name)
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        if out.count == 0 { return }
        withKernelArguments {
            tl_softmax($0(x, x.layout.moved(toLast: dim)), $0(out, out.layout.moved(toLast: dim)), Self.isLogarithm)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(backward(context.gradient, context.output()))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .other }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }
}

/// `exp(x) / sum(exp(x))` along a dimension, without overflow.
///
/// Shapes: `[*] -> [*]`. Dtypes: floating point. A row in which all elements are -infinity gives NaN.
package struct Softmax: SoftmaxPrimitive {
    package static let name = "softmax"
    package static let isLogarithm = false
    package var dim: Int

    package func backward(_ gradient: Tensor, _ result: Tensor) -> Tensor {
        apply(SoftmaxBackward(dim: dim), gradient, result)
    }
}

/// `x - log(sum(exp(x)))` along a dimension.
///
/// Shapes: `[*] -> [*]`. Dtypes: floating point.
package struct LogSoftmax: SoftmaxPrimitive {
    package static let name = "logSoftmax"
    package static let isLogarithm = true
    package var dim: Int

    package func backward(_ gradient: Tensor, _ result: Tensor) -> Tensor {
        apply(LogSoftmaxBackward(dim: dim), gradient, result)
    }
}

/// The gradient of softmax or of its logarithm, from that of the result and the result.
package protocol SoftmaxBackwardPrimitive: Primitive {
    var dim: Int { get set }
    static var isLogarithm: Bool { get }
}

extension SoftmaxBackwardPrimitive {
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkFloating(inputs[1], in: Self.name)
        try checkDimension(dim, of: inputs[1], in: Self.name)
        try checkOperand(inputs[0], is: inputs[1].layout.shape, inputs[1].dtype, in: Self.name)
        return Few(ResultSpec(inputs[1].layout.shape, inputs[1].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (gradient, y, out) = (inputs[0], inputs[1], outputs[0])
        if out.count == 0 { return }
        withKernelArguments {
            tl_softmax_backward(
                $0(gradient, gradient.layout.moved(toLast: dim)), $0(y, y.layout.moved(toLast: dim)),
                $0(out, out.layout.moved(toLast: dim)), Self.isLogarithm)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[1] ? [.input(0), .input(1)] : .input(1) }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .linear([0]) }

    /// The sum along the dimension, which a single number lacks.
    fileprivate func sum(_ x: Tensor) -> Tensor {
        apply(Sum(dims: Dims(repeating: dim, count: x.rank == 0 ? 0 : 1), keepdim: true), x)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }
}

/// The gradient of `Softmax` from its result `y`: `y * (g - sum(g * y))`.
package struct SoftmaxBackward: SoftmaxBackwardPrimitive {
    package static let name = "softmaxBackward"
    package static let isLogarithm = false
    package var dim: Int

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        // Linear in g, and symmetric: the same rule carries the outer gradient back to g.
        let (outer, y) = (context.gradient, context.input(1))
        let first = context.needs[0] ? apply(SoftmaxBackward(dim: dim), outer, y) : nil
        guard context.needs[1] else { return Few(first, nil) }
        let g = context.input(0)
        return Few(first, outer * (g - sum(g * y)) - g * sum(outer * y))
    }
}

/// The gradient of `LogSoftmax` from its result `y`: `g - exp(y) * sum(g)`.
package struct LogSoftmaxBackward: SoftmaxBackwardPrimitive {
    package static let name = "logSoftmaxBackward"
    package static let isLogarithm = true
    package var dim: Int

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let outer = context.gradient
        let dot = outer * context.input(1).exp()
        return Few(
            context.needs[0] ? outer - sum(dot) : nil, context.needs[1] ? -(dot * sum(context.input(0))) : nil)
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
            let x = dtype.map { to($0) } ?? self
            if x.dtype.isComplex { return x.complexSoftmax(dim, logarithm: false) }
            return apply(Softmax(dim: try resolve(dim, in: Softmax.name)), x)
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
            let x = dtype.map { to($0) } ?? self
            if x.dtype.isComplex { return x.complexSoftmax(dim, logarithm: true) }
            return apply(LogSoftmax(dim: try resolve(dim, in: LogSoftmax.name)), x)
        }
    }
}

/// Softmax along a dimension: `exp(x[i]) / sum over j of exp(x[j])`. The results are from 0 to 1 and sum to 1.
///
///     softmax(Tensor([[0.0, 0.0], [0.0, 1.0]]), dim: 1)   // [[0.5000, 0.5000], [0.2689, 0.7311]]
///
/// Computed without overflow for large elements. Shapes: `[*] -> [*]`. Floating-point dtypes; an integer tensor needs `dtype`.
/// ``logSoftmax(_:dim:dtype:)`` is more accurate than the logarithm of the softmax.
///
/// - Parameters:
///   - x: the input.
///   - dim: the dimension along which the results sum to 1.
///   - dtype: a floating-point dtype to which the tensor is converted first. Default: none.
public func softmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.softmax(dim: dim, dtype: dtype) }
/// The logarithm of the softmax along a dimension: `x[i] - log(sum over j of exp(x[j]))`. Shapes: `[*] -> [*]`.
///
/// The parameters are those of ``softmax(_:dim:dtype:)``.
public func logSoftmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.logSoftmax(dim: dim, dtype: dtype) }
