// Copies with a part replaced, without changing the tensor. They keep the strides of the tensor, as in PyTorch.

extension Tensor {
    /// Returns a copy in which the slice at `index` of dimension `dim` is `source`.
    public func selectScatter(_ source: Tensor, dim: Int, index: Int) -> Tensor {
        replaced("selectScatter", by: source) { $0.select(dim, index) }
    }

    /// Returns a copy in which the slice `start ..< end` with step `step` of dimension `dim` is `source`.
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
            let bound = { (index: Int) in Swift.min(Swift.max(index < 0 ? index + size : index, 0), size) }
            let first = bound(start ?? 0)
            let count = Swift.max(bound(end ?? size) - first, 0).dividedRoundingUp(by: step)
            return applyView(Slice(dim: d, start: first, count: count, step: step), copy)
        }
    }

    /// Returns a copy in which the diagonal of two dimensions is `source`.
    public func diagonalScatter(_ source: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
        replaced("diagonalScatter", by: source) { $0.diagonal(offset: offset, dim1: dim1, dim2: dim2) }
    }

    /// Returns a copy in which the elements of the view `asStrided(size, stride:, offset:)` are `source`.
    public func asStridedScatter(_ source: Tensor, _ size: [Int], stride: [Int], offset: Int? = nil) -> Tensor {
        replaced("asStridedScatter", by: source, whole: true) { $0.asStrided(size, stride: stride, offset: offset) }
    }

    /// - Parameter isWhole: whether `part` uses offsets from the start of the storage.
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

    /// A square matrix with the elements of the flattened tensor on a diagonal, and zeros elsewhere.
    public func diagflat(_ offset: Int = 0) -> Tensor { ravel().diagEmbed(offset: offset) }
}
