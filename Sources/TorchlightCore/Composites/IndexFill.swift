// Slices of a dimension copied, reduced or filled by index: `scatter` with an index that is broadcast along the other
// dimensions.

extension Tensor {
    /// Returns a copy in which slices of a source are written at indices of a dimension: `out[.., index[i], ..] =
    /// source[.., i, ..]`.
    ///
    /// Shapes: `x [*, n, *]`, `index [k]`, `source [*, k, *] -> [*, n, *]`.
    public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        if isAutocasting && dtype != source.dtype { return inWidest(source) { $0.indexCopy(dim, index, $1) } }
        return orFail(like: self) { () throws(TensorError) in
            if rank == 0 { return unsqueeze(0).indexCopy(dim, index, source.reshape([-1])).reshape([]) }
            return scatter(dim, try spread(index, dim, source.layout.shape, "indexCopy"), source)
        }
    }

    /// Writes slices of a source at indices of a dimension, in place.
    @discardableResult
    public func indexCopy_(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 {
                unsqueeze(0).indexCopy_(dim, index, source.reshape([-1]))
                return self
            }
            return scatter_(dim, try spread(index, dim, source.layout.shape, "indexCopy_"), source)
        }
    }

    /// Returns a copy in which slices of a source are reduced into indices of a dimension: `out[.., index[i], ..] =
    /// reduce(out[.., index[i], ..], source[.., i, ..])`.
    ///
    /// Shapes: `x [*, n, *]`, `index [k]`, `source [*, k, *] -> [*, n, *]`. `source` must have the dtype of the tensor.
    /// Means of integers are rounded down. Equal largest or smallest elements share the gradient equally.
    ///
    /// - Parameters:
    ///   - reduce: the reduction.
    ///   - includeSelf: whether the elements of the tensor at the indices are part of the reduction. Default: true.
    public func indexReduce(
        _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 {
                return unsqueeze(0).indexReduce(
                    dim, index, source.reshape([-1]), reduce: reduce, includeSelf: includeSelf
                ).reshape([])
            }
            let expandedIndex = try spread(index, dim, source.layout.shape, "indexReduce")
            return scatterReduced(dim, expandedIndex, source, reduce, includeSelf, "indexReduce", inPlace: false)
        }
    }

    /// Reduces slices of a source into indices of a dimension, in place; see `indexReduce(_:_:_:reduce:includeSelf:)`.
    @discardableResult
    public func indexReduce_(
        _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 {
                unsqueeze(0).indexReduce_(
                    dim, index, source.reshape([-1]), reduce: reduce, includeSelf: includeSelf)
                return self
            }
            let expandedIndex = try spread(index, dim, source.layout.shape, "indexReduce_")
            return scatterReduced(dim, expandedIndex, source, reduce, includeSelf, "indexReduce_", inPlace: true)
        }
    }

    /// Returns a copy with one number at indices of a dimension; negative indices count from the end.
    public func indexFill(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 { return unsqueeze(0).indexFill(dim, index, value).reshape([]) }
            return scatter(dim, try spread(index, dim, nil, "indexFill"), value)
        }
    }

    /// Fills indices of a dimension with one number, in place; negative indices count from the end.
    @discardableResult
    public func indexFill_(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 {
                unsqueeze(0).indexFill_(dim, index, value)
                return self
            }
            return scatter_(dim, try spread(index, dim, nil, "indexFill_"), value)
        }
    }

    /// Returns a copy with the number of a 0-dimensional tensor at indices of a dimension.
    public func indexFill(_ dim: Int, _ index: Tensor, _ value: Tensor) -> Tensor {
        maskedFill(named(dim, index), value)
    }

    /// Fills indices of a dimension with the number of a 0-dimensional tensor, in place.
    @discardableResult
    public func indexFill_(_ dim: Int, _ index: Tensor, _ value: Tensor) -> Tensor {
        maskedFill_(named(dim, index), value)
    }

    /// A mask of the indexed positions: it counts an index once even if it is repeated, which the gradient of the value
    /// needs.
    private func named(_ dim: Int, _ index: Tensor) -> Tensor {
        Tensor.zeros(like: self, dtype: .bool).indexFill_(dim, index, true)
    }

    /// An index of one dimension expanded for `scatter` along all dimensions except `dim`.
    private func spread(
        _ index: Tensor, _ dim: Int, _ source: Dims?, _ operation: String
    ) throws(TensorError) -> Tensor {
        if isPlaceholder || index.isPlaceholder { return self }
        let d = try resolve(dim, in: operation)
        guard index.rank <= 1 else {
            throw TensorError(
                .shape, in: operation, "the index has more than one dimension", expected: "an index of shape [k]",
                operands: [self, index])
        }
        var shape = layout.shape
        shape[d] = index.count
        guard source == nil || source == shape else {
            throw TensorError(
                .shape, in: operation, "the source has the wrong shape for the tensor and the index",
                got: "a source of shape \(source!)",
                expected: "a source of shape \(shape)", operands: [self, index])
        }
        var column = Dims(repeating: 1, count: rank)
        column[d] = index.count
        var index = index
        if source == nil {
            // An index out of range is not changed, so that the error names it.
            let size = layout.shape[d]
            index = Tensor.where((index < 0).logicalAnd(index >= -size), index + size, index)
        }
        return index.reshape(Array(column)).expand(Array(shape))
    }
}
