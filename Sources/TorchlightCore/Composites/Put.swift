// Elements put at positions of the flattened tensor, and what goes from such positions to coordinates and back.

extension Tensor {
    /// The tensor with elements of a source put at positions of the flattened tensor: the inverse of `take`.
    ///
    /// Shapes: `x [*]`, `index` and `source` with as many elements as each other `-> [*]`. Negative positions count from the
    /// end. Where a position is named twice the last element stays.
    ///
    /// - Parameter accumulate: add instead; elements for one position add up.
    public func put(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || index.isPlaceholder || source.isPlaceholder { return self }
            let (places, values) = try putOperands(index, source, "put")
            return ravel().indexPut([places], values, accumulate: accumulate).reshape(shape)
        }
    }

    /// Puts elements of a source at positions of the flattened tensor, in place.
    @discardableResult
    public func put_(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || index.isPlaceholder || source.isPlaceholder { return self }
            let (places, values) = try putOperands(index, source, "put_")
            if layout.isContiguous {
                view([-1]).indexPut_([places], values, accumulate: accumulate)
            } else {
                // The elements do not lie in one row, so each is named by its coordinates.
                let wrapped = Tensor.where(places < 0, places + count, places)
                indexPut_(unravelIndex(wrapped, shape), values, accumulate: accumulate)
            }
            return self
        }
    }

    private func putOperands(
        _ index: Tensor, _ source: Tensor, _ operation: String
    ) throws(TensorError) -> (places: Tensor, values: Tensor) {
        guard index.count == source.count else {
            throw TensorError(
                .shape, in: operation, "the source does not have as many elements as the index",
                expected: "one element for each index", operands: [self, index, source])
        }
        guard dtype == source.dtype else {
            throw TensorError(
                .dtype, in: operation, "the source does not have the dtype of the tensor", expected: "one dtype",
                fix: "convert it, as in source.to(.\(dtype))", operands: [self, source])
        }
        let places = try indexOperand(index, in: operation).reshape([-1])
        try checkIndices(places, low: -count, size: count, dim: 0, in: operation, of: [self])
        return (places, source.reshape([-1]))
    }
}

/// The coordinates of positions in a flattened tensor of a shape, one tensor for each dimension: `[*] -> [*], [*], ...` of
/// int64. The inverse of `position = (i * size1 + j) * size2 + k`.
///
///     unravelIndex(Tensor([5, 2]), [2, 3])        // tensor([1, 0]) and tensor([2, 2])
public func unravelIndex(_ indices: Tensor, _ shape: [Int]) -> [Tensor] {
    if indices.isPlaceholder { return shape.map { _ in indices } }
    var step = 1
    var results: [Tensor] = []
    do throws(TensorError) {
        let places = try indexOperand(indices, in: "unravelIndex")
        for size in shape.reversed() {
            let (next, overflow) = step.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else {
                throw TensorError(
                    .shape, in: "unravelIndex", size < 0 ? "a size is negative" : "the shape is too large",
                    got: "\(shape)", expected: "non-negative sizes whose product fits into int64")
            }
            // Sizes of 0 have no positions; what is asked of them means nothing, as with sizes that are too small.
            results.append(places.floorDivide(Swift.max(step, 1)).remainder(Swift.max(size, 1)))
            step = next
        }
        return results.reversed()
    } catch {
        let placeholder = fail(error, like: indices)
        return shape.map { _ in placeholder }
    }
}
