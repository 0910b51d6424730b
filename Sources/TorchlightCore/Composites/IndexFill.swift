// Slices of a dimension copied, combined or filled by position: `scatter` with an index that repeats along the other dimensions.

extension Tensor {
    /// The tensor with slices of a source put at positions of a dimension: `out[.., index[i], ..] = source[.., i, ..]`.
    public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        if isAutocasting && dtype != source.dtype { return inWidest(source) { $0.indexCopy(dim, index, $1) } }
        return orFail(like: self) { () throws(TensorError) in
            if rank == 0 { return unsqueeze(0).indexCopy(dim, index, source.reshape([-1])).reshape([]) }
            return scatter(dim, try spread(index, dim, source.layout.shape, "indexCopy"), source)
        }
    }

    /// Puts slices of a source at positions of a dimension, in place.
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

    /// The tensor with slices of a source combined at positions of a dimension:
    /// `out[.., index[i], ..] = reduce(out[.., index[i], ..], source[.., i, ..])`.
    ///
    /// `x [*, n, *]`, `index [k]`, `source [*, k, *] -> [*, n, *]`; the dtypes of tensor and source agree. Means of integers
    /// are rounded down. Among equal largest or smallest elements the gradient is shared evenly.
    ///
    /// - Parameter includeSelf: whether what is in the tensor takes part at the positions that are named; the others keep it.
    public func indexReduce(
        _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 {
                return unsqueeze(0).indexReduce(
                    dim, index, source.reshape([-1]), reduce: reduce, includeSelf: includeSelf
                ).reshape([])
            }
            let places = try spread(index, dim, source.layout.shape, "indexReduce")
            return scatterReduced(dim, places, source, reduce, includeSelf, "indexReduce", inPlace: false)
        }
    }

    /// Combines slices of a source at positions of a dimension, in place; see
    /// `indexReduce(_:_:_:reduce:includeSelf:)`.
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
            let places = try spread(index, dim, source.layout.shape, "indexReduce_")
            return scatterReduced(dim, places, source, reduce, includeSelf, "indexReduce_", inPlace: true)
        }
    }

    /// The tensor with one number at positions of a dimension; negative ones count from the back.
    public func indexFill(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 { return unsqueeze(0).indexFill(dim, index, value).reshape([]) }
            return scatter(dim, try spread(index, dim, nil, "indexFill"), value)
        }
    }

    /// Puts one number at positions of a dimension, in place; negative ones count from the back.
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

    /// The tensor with the number in a 0-dimensional tensor at positions of a dimension.
    public func indexFill(_ dim: Int, _ index: Tensor, _ value: Tensor) -> Tensor {
        maskedFill(named(dim, index), value)
    }

    /// Puts the number in a 0-dimensional tensor at positions of a dimension, in place.
    @discardableResult
    public func indexFill_(_ dim: Int, _ index: Tensor, _ value: Tensor) -> Tensor {
        maskedFill_(named(dim, index), value)
    }

    /// Where an index names positions of a dimension: a mask counts a position once however often it is named, which the
    /// gradient of the value needs.
    private func named(_ dim: Int, _ index: Tensor) -> Tensor {
        Tensor.zeros(like: self, dtype: .bool).indexFill_(dim, index, true)
    }

    /// An index of one dimension as `scatter` takes it: repeated along all dimensions but `dim`.
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
                .shape, in: operation, "the source does not fit the tensor and the index",
                got: "a source of shape \(source!)",
                expected: "a source of shape \(shape)", operands: [self, index])
        }
        var column = Dims(repeating: 1, count: rank)
        column[d] = index.count
        var index = index
        if source == nil {
            // What no position answers to stays as it is, for the error to name.
            let size = layout.shape[d]
            index = Tensor.where((index < 0).logicalAnd(index >= -size), index + size, index)
        }
        return index.reshape(Array(column)).expand(Array(shape))
    }
}
