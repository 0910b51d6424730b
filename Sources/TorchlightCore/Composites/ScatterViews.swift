// Copies in which a part is replaced: what the assignment to a view does, without changing the tensor. The copies lie at
// the distances of the original, as in PyTorch.

extension Tensor {
    /// A copy whose slice `index` of a dimension is `source`.
    public func selectScatter(_ source: Tensor, dim: Int, index: Int) -> Tensor {
        replaced("selectScatter", by: source) { $0.select(dim, index) }
    }

    /// A copy whose positions `start ..< end` of a dimension, every `step`, are `source`.
    public func sliceScatter(_ source: Tensor, dim: Int = 0, start: Int? = nil, end: Int? = nil, step: Int = 1)
        -> Tensor
    {
        replaced("sliceScatter", by: source) { (copy: Tensor) -> Tensor in
            guard copy.rank > 0, step > 0 else {
                return fail(
                    TensorError(
                        .value, in: "sliceScatter", "the step is not positive, or the tensor is 0-dimensional",
                        got: "a step of \(step)",
                        expected: "at least one dimension and a step of at least 1", operands: [copy]), like: copy)
            }
            guard let d = try? copy.resolve(dim, in: "sliceScatter") else { return copy.select(dim, 0) }
            let size = copy.shape[d]
            let bound = { (place: Int) in Swift.min(Swift.max(place < 0 ? place + size : place, 0), size) }
            let first = bound(start ?? 0)
            let count = Swift.max(bound(end ?? size) - first, 0).dividedRoundingUp(by: step)
            return applyView(Slice(dim: d, start: first, count: count, step: step), copy)
        }
    }

    /// A copy whose diagonal over two dimensions is `source`.
    public func diagonalScatter(_ source: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
        replaced("diagonalScatter", by: source) { $0.diagonal(offset: offset, dim1: dim1, dim2: dim2) }
    }

    /// A copy whose elements at the places of `asStrided(size, stride:, offset:)` are `source`.
    public func asStridedScatter(_ source: Tensor, _ size: [Int], stride: [Int], offset: Int? = nil) -> Tensor {
        replaced("asStridedScatter", by: source, whole: true) { $0.asStrided(size, stride: stride, offset: offset) }
    }

    /// - Parameter isWhole: `part` counts places from the start of the storage.
    private func replaced(
        _ operation: String, by source: Tensor, whole isWhole: Bool = false, _ part: (Tensor) -> Tensor
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || source.isPlaceholder { return self }
            let copy = try cloneKeepingStrides(whole: isWhole)
            let view = part(copy)
            if view.isPlaceholder { return view }
            guard view.shape == source.shape else {
                throw TensorError(
                    .shape, in: operation, "the source does not have the shape of the part to replace",
                    got: "\(source.shape)", expected: "\(view.shape)", operands: [self, source])
            }
            view.copy_(source)
            return copy
        }
    }

    /// The elements of the flattened tensor on a diagonal of a square matrix that is zero elsewhere.
    public func diagflat(_ offset: Int = 0) -> Tensor { ravel().diagEmbed(offset: offset) }
}
