import CKernels

/// Where numbers belong in a sorted row: how many elements of the row are smaller, or with `isRight` not larger.
///
/// Shapes: `sequence [n]` and `values [*]`, or both with the same sizes before the last, `[*, n]` and `[*, m]`; the result has
/// the shape of the values. Dtypes: any, the same for both; the result is int64, or int32 on request. NaN counts
/// as the largest. What is found in a row that is not sorted means nothing.
package struct SearchSorted: Primitive {
    package static let name = "searchsorted"
    package var isRight: Bool
    package var isInt32: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (sequence, values) = (inputs[0], inputs[1])
        guard sequence.rank > 0 else {
            throw TensorError(
                .shape, in: Self.name, "the sorted sequence is 0-dimensional",
                expected: "at least one dimension", operands: [sequence, values])
        }
        let outer = sequence.layout.shape.dropLast()
        guard sequence.rank == 1 || (values.rank > 0 && outer.elementsEqual(values.layout.shape.dropLast())) else {
            throw TensorError(
                .shape, in: Self.name, "the sorted sequence and the values differ before the last dimension",
                expected: "equal sizes there, or a sequence of one dimension", operands: [sequence, values])
        }
        guard sequence.dtype == values.dtype else {
            throw TensorError(
                .dtype, in: Self.name, "the values have another dtype than the sorted sequence",
                expected: "one dtype", fix: "convert them, as in values.to(.\(sequence.dtype))",
                operands: [sequence, values])
        }
        guard !isInt32 || sequence.layout.shape[sequence.rank - 1] <= Int(Int32.max) else {
            throw TensorError(
                .value, in: Self.name, "positions in the sequence do not fit into int32",
                fix: "leave out outInt32", operands: [sequence])
        }
        return Few(ResultSpec(values.layout.shape, isInt32 ? .int32 : .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (sequence, values, out) = (inputs[0], inputs[1], outputs[0])
        if out.count == 0 { return }
        // A 0-dimensional tensor of values is a row of one; a 1-dimensional sequence is used for all rows.
        let layout = values.rank == 0 ? values.layout.unsqueezed(0) : values.layout
        let results = values.rank == 0 ? out.layout.unsqueezed(0) : out.layout
        var shape = layout.shape
        shape[shape.count - 1] = sequence.layout.shape[sequence.rank - 1]
        withKernelArguments {
            tl_search_sorted(
                $0(sequence, sequence.layout.expanded(to: shape)), $0(values, layout), $0(out, results), isRight)
        }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil, nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        if operands.rank(0) > 1 { return try operands.run(self) }
        if !operands.isMapped(0) { return try operands.call(self, operands.tensors) }
        // One row for each example, and all values of the example as another.
        let values = operands.leading(1)
        let rows = values.reshape([operands.size, operands.shape(1).product])
        return Few(try operands.call(self, Few(operands[0], rows))[0].reshape(values.shape))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
}

extension Tensor {
    /// Finds the indices at which values would be inserted into this sorted sequence to keep it sorted: `[n], [*] ->
    /// [*]`, or for each row `[*, n], [*, m] -> [*, m]`.
    ///
    ///     Tensor([1, 3, 5, 7]).searchsorted(Tensor([3, 6]))                   // tensor([1, 3])
    ///     Tensor([1, 3, 5, 7]).searchsorted(Tensor([3, 6]), right: true)      // tensor([2, 3])
    ///
    /// The dtypes of sequence and values are promoted before the comparison. NaN is treated as the largest number. The
    /// result is undefined for an unsorted sequence.
    ///
    /// - Parameters:
    ///   - right: whether to return the index after equal elements instead of before them. Default: false.
    ///   - outInt32: whether the indices are int32 instead of int64. Default: false.
    ///   - sorter: the indices that sort an unsorted sequence, as returned by `argsort()`.
    public func searchsorted(
        _ values: Tensor, right: Bool = false, outInt32: Bool = false, sorter: Tensor? = nil
    ) -> Tensor {
        orFail(like: values) { () throws(TensorError) in
            if isPlaceholder || values.isPlaceholder { return isPlaceholder ? self : values }
            var sequence = self
            if let sorter {
                if sorter.isPlaceholder { return sorter }
                guard sorter.layout.shape == layout.shape, sorter.dtype == .int64 else {
                    throw TensorError(
                        .shape, in: SearchSorted.name, "the sorter is no order of the sequence",
                        expected: "an int64 tensor of the sequence's shape", operands: [self, sorter])
                }
                if rank > 0 { sequence = detach().gather(-1, sorter) }
            }
            let dtype = ResultType.of(self, values)
            return apply(SearchSorted(isRight: right, isInt32: outInt32), sequence.to(dtype), values.to(dtype))
        }
    }

    /// Finds the index at which a number would be inserted into this sorted vector: `[n] -> []`.
    public func searchsorted(
        _ value: some TensorScalar, right: Bool = false, outInt32: Bool = false, sorter: Tensor? = nil
    ) -> Tensor {
        orFail { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank == 1 else {
                throw TensorError(
                    .shape, in: SearchSorted.name, "one number is looked for in several rows",
                    expected: "a sequence of one dimension", fix: "pass a tensor with values for each row",
                    operands: [self])
            }
            return searchsorted(Tensor.wrap(value.scalar), right: right, outInt32: outInt32, sorter: sorter)
        }
    }

    /// Finds the bucket of each element between increasing boundaries: `[*], [n] -> [*]`, with indices `0 ... n`.
    ///
    ///     Tensor([0.5, 1, 9]).bucketize(Tensor([1.0, 2, 3]))                  // tensor([0, 0, 3])
    ///
    /// - Parameters:
    ///   - right: whether an element equal to a boundary belongs to the bucket above it instead of below. Default:
    ///     false.
    ///   - outInt32: whether the indices are int32 instead of int64. Default: false.
    public func bucketize(_ boundaries: Tensor, right: Bool = false, outInt32: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || boundaries.isPlaceholder { return self }
            guard boundaries.rank == 1 else {
                throw TensorError(
                    .shape, in: "bucketize", "the boundaries are not 1-dimensional",
                    expected: "boundaries of shape [n]", operands: [self, boundaries])
            }
            return boundaries.searchsorted(self, right: right, outInt32: outInt32)
        }
    }
}

/// Finds the bucket of a number between increasing boundaries: `[n] -> []`; see `Tensor.bucketize(_:right:outInt32:)`.
public func bucketize(
    _ value: some TensorScalar, _ boundaries: Tensor, right: Bool = false, outInt32: Bool = false
) -> Tensor {
    Tensor.wrap(value.scalar).bucketize(boundaries, right: right, outInt32: outInt32)
}
