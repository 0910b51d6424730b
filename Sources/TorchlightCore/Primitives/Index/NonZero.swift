import CKernels

/// The positions of the elements that are not 0, as rows in row-major order.
///
/// Shapes: `[*] -> [count, rank]`. Dtypes: any, into int64. The size of the result depends on values: the caller counts
/// first.
package struct NonZero: Primitive {
    package static let name = "nonzero"
    package static let supportsComplex = true
    /// The number of elements that are not 0.
    package var count: Int
    package var hasSizeOfValues: Bool { true }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        return Few(ResultSpec(Dims(count, x.rank), .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_nonzero($0(inputs[0]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
}

extension Tensor {
    /// The indices of the elements that are not 0, one row for each, in row-major order: `[*] -> [count, rank]`, int64.
    public func nonzero() -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            isPlaceholder ? self : apply(NonZero(count: try countTrue(in: NonZero.name)), self)
        }
    }

    /// The indices of the first `size` elements that are not 0: `[*] -> [size, rank]`, int64. If there are fewer, the
    /// remaining rows are filled with `fillValue`. Default: -1.
    public func nonzeroStatic(size: Int, fillValue: Int = -1) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard size >= 0 else {
                throw TensorError(
                    .value, in: "nonzeroStatic", "the size is negative", got: "\(size)",
                    expected: "a number of rows", operands: [self])
            }
            let found = nonzero()
            if found.isPlaceholder { return found }
            let count = Swift.min(size, found.layout.shape[0])
            let result = Tensor.full([size, rank], fillValue, dtype: .int64, device: device)
            result.narrow(0, start: 0, length: count).copy_(found.narrow(0, start: 0, length: count))
            return result
        }
    }
}
