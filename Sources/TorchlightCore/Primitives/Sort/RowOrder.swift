import CKernels

/// The rows of a matrix in lexicographic order, by number: rows are compared by their first elements, where these agree
/// by the next, and so on.
///
/// Shapes: `[n, k] -> [n]`. Dtypes: any; the order is int64. Stable: equal rows keep their order. NaN counts as the largest.
package struct RowOrder: Primitive {
    package static let name = "rowOrder"

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        guard inputs[0].rank == 2 else {
            throw TensorError(
                .shape, in: Self.name, "the tensor is not a matrix", expected: "two dimensions",
                operands: [inputs[0]])
        }
        return Few(ResultSpec(Dims(repeating: inputs[0].layout.shape[0], count: 1), .int64))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_row_order($0(inputs[0]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
}
