import CKernels

/// The linear recurrence along a dimension, `y[i] = x[i] + a[i] y[i - 1]`, or from the back, `y[i] = x[i] + a[i] y[i + 1]`:
/// `[*], [*] -> [*]`.
///
/// The factor of the first element has no effect. Floating-point dtypes; the running value is kept in double precision. The
/// gradients of cumulative operations whose steps multiply have this form, and so has its own gradient.
package struct LinearScan: Primitive {
    package static let name = "linearScan"
    package static let supportsComplex = true
    package var dim: Int
    package var isReversed = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, factors) = (inputs[0], inputs[1])
        try checkDimension(dim, of: x, in: Self.name)
        guard x.layout.shape == factors.layout.shape else {
            throw TensorError(
                .shape, in: Self.name, "there is not a factor for each element", expected: "\(x.sizes)",
                operands: [x, factors])
        }
        guard x.dtype.isDifferentiable, x.dtype == factors.dtype else {
            throw .dtype(Self.name, [x, factors], expected: "floating point, and one dtype for both")
        }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, factors, out) = (inputs[0], inputs[1], outputs[0])
        if out.count == 0 { return }
        if x.rank == 0 { return copyElements(from: x, layout: x.layout, to: out) }
        withKernelArguments {
            tl_linear_scan(
                $0(x, scanLayout(x.layout, dim, isReversed)), $0(factors, scanLayout(factors.layout, dim, isReversed)),
                $0(out, scanLayout(out.layout, dim, isReversed)))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(1), .output(0)] }

    /// The gradient of `y[i]` is propagated to `y[i - 1]` with the factor `a[i]`: the recurrence in reverse, with the
    /// factors moved by one. That of `a[i]` is the result times `y[i - 1]`.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        if g.rank == 0 { return Few(g, context.needs[1] ? g * 0 : nil) }
        let factors = context.input(1).conj().shiftedByOne(dim, towardsFront: !isReversed)
        let ofX = apply(LinearScan(dim: dim, isReversed: !isReversed), g, factors)
        return Few(
            ofX, context.needs[1] ? ofX * context.output().conj().shiftedByOne(dim, towardsFront: isReversed) : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

extension Tensor {
    /// The elements moved by one index to the front or the back of a dimension, filled with a number.
    func shiftedByOne(_ dim: Int, towardsFront: Bool, filling value: Int = 0) -> Tensor {
        let size = layout.shape[dim]
        if size == 0 { return self }
        var edge = shape
        edge[dim] = 1
        let end = Tensor.full(edge, value, dtype: dtype, device: device)
        let rest = narrow(dim, start: towardsFront ? 1 : 0, length: size - 1)
        return cat(towardsFront ? [rest, end] : [end, rest], dim: dim)
    }
}
