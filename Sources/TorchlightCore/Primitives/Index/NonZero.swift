import CKernels

/// The positions of the elements that are not 0, as rows in row-major order.
///
/// Shapes: `[*] -> [count, rank]`; the count is read off the values. Dtypes: any, into int64.
package struct NonZero: Primitive {
    package static let name = "nonzero"

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let x = inputs[0]
        let count = x.count == 0 ? 0 : Int(withKernel(x) { tl_count_nonzero($0) })
        return Few(TensorSpec(Dims(count, x.rank), .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernels(inputs[0], outputs[0]) { x, out in tl_nonzero(x, out) }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
    package var traits: Traits { [] }
}

extension Tensor {
    /// The positions of the elements that are not 0, one a row, in row-major order: `[*] -> [count, rank]` of int64.
    public func nonzero() -> Tensor { apply(NonZero(), self) }
}
