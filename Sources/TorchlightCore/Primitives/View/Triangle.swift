import CKernels

/// The upper or lower triangle of matrices, zeros elsewhere.
///
/// Shapes: `[*, n, m] -> [*, n, m]`. Dtypes: any. A positive diagonal is to the right of the main one; it belongs to
/// both triangles. Its gradient is itself.
package struct Triangle: Primitive {
    package static let name = "triangle"
    package static let supportsComplex = true
    package var isUpper: Bool
    package var diagonal: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        guard inputs[0].rank >= 2 else {
            throw TensorError(
                .shape, in: isUpper ? "triu" : "tril", "the tensor is no matrix", expected: "at least two dimensions",
                operands: [inputs[0]])
        }
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        // Beyond the sizes of any matrix all diagonals are alike, and the kernel adds positions to them.
        let diagonal = Swift.min(Swift.max(diagonal, -maximumCount), maximumCount)
        withKernelArguments { tl_triangle($0(inputs[0]), $0(outputs[0]), Int64(diagonal), isUpper) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(self, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

extension Tensor {
    /// The lower triangle of matrices, including the given diagonal, with zeros elsewhere. Default: 0, the main
    /// diagonal.
    ///
    ///     Tensor.ones(3, 3).tril()        // tensor([[1., 0., 0.], [1., 1., 0.], [1., 1., 1.]])
    public func tril(_ diagonal: Int = 0) -> Tensor { apply(Triangle(isUpper: false, diagonal: diagonal), self) }
    /// The upper triangle of matrices, including the given diagonal, with zeros elsewhere. Default: 0, the main
    /// diagonal.
    public func triu(_ diagonal: Int = 0) -> Tensor { apply(Triangle(isUpper: true, diagonal: diagonal), self) }
    /// Sets the elements above a diagonal to 0, in place.
    @discardableResult
    public func tril_(_ diagonal: Int = 0) -> Tensor {
        applyInPlace(Triangle(isUpper: false, diagonal: diagonal), on: self, Few(self), name: "tril_")
    }
    /// Sets the elements below a diagonal to 0, in place.
    @discardableResult
    public func triu_(_ diagonal: Int = 0) -> Tensor {
        applyInPlace(Triangle(isUpper: true, diagonal: diagonal), on: self, Few(self), name: "triu_")
    }
}
