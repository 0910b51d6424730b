// Writing to indices of the flattened tensor, and conversion of such indices to coordinates.

extension Tensor {
    /// Returns a copy with elements of a source written to indices of the flattened tensor: the inverse of `take`.
    ///
    /// Shapes: `x [*]`, `index` and `source` with the same number of elements `-> [*]`. Negative indices count from the
    /// end. If an index is repeated, the last element is written. An index out of range is an error.
    ///
    /// - Parameter accumulate: whether to add the elements instead of replacing. Default: false.
    public func put(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || index.isPlaceholder || source.isPlaceholder { return self }
            let (flatIndices, values) = try putOperands(index, source, "put")
            return ravel().indexPut([flatIndices], values, accumulate: accumulate).reshape(shape)
        }
    }

    /// Writes elements of a source to indices of the flattened tensor, in place.
    @discardableResult
    public func put_(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || index.isPlaceholder || source.isPlaceholder { return self }
            let (flatIndices, values) = try putOperands(index, source, "put_")
            if layout.isContiguous {
                view([-1]).indexPut_([flatIndices], values, accumulate: accumulate)
            } else {
                // The tensor is not contiguous, so each element is indexed by its coordinates.
                let wrapped = Tensor.where(flatIndices < 0, flatIndices + count, flatIndices)
                indexPut_(unravelIndex(wrapped, shape), values, accumulate: accumulate)
            }
            return self
        }
    }

    private func putOperands(
        _ index: Tensor, _ source: Tensor, _ operation: String
    ) throws(TensorError) -> (flatIndices: Tensor, values: Tensor) {
        guard index.count == source.count else {
            throw TensorError(
                .shape, in: operation, "the source and the index have different numbers of elements",
                expected: "one element for each index", operands: [self, index, source])
        }
        guard dtype == source.dtype else {
            throw TensorError(
                .dtype, in: operation, "the source does not have the dtype of the tensor", expected: "one dtype",
                fix: "convert it, as in source.to(.\(dtype))", operands: [self, source])
        }
        let flatIndices = try indexOperand(index, in: operation).reshape([-1])
        try checkIndices(flatIndices, low: -count, size: count, dim: 0, in: operation, of: [self])
        return (flatIndices, source.reshape([-1]))
    }
}

/// Converts indices of a flattened tensor to coordinates in a shape: one int64 tensor for each dimension, `[*] -> [*],
/// [*], ...`. The inverse of `index = (i * size1 + j) * size2 + k`.
///
///     unravelIndex(Tensor([5, 2]), [2, 3])        // tensor([1, 0]) and tensor([2, 2])
public func unravelIndex(_ indices: Tensor, _ shape: [Int]) -> [Tensor] {
    if indices.isPlaceholder { return shape.map { _ in indices } }
    var step = 1
    var results: [Tensor] = []
    do throws(TensorError) {
        let flatIndices = try indexOperand(indices, in: "unravelIndex")
        for size in shape.reversed() {
            let (next, overflow) = step.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else {
                throw TensorError(
                    .shape, in: "unravelIndex", size < 0 ? "a size is negative" : "the shape is too large",
                    got: "\(shape)", expected: "non-negative sizes whose product fits into int64")
            }
            // A size of 0 has no indices; the result is undefined then, as for indices out of range.
            results.append(flatIndices.floorDivide(Swift.max(step, 1)).remainder(Swift.max(size, 1)))
            step = next
        }
        return results.reversed()
    } catch {
        let placeholder = fail(error, like: indices)
        return shape.map { _ in placeholder }
    }
}
