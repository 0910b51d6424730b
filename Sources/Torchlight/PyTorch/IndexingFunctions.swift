// Functions of PyTorch for which Torchlight has methods, and functions with the dimension without a label.
// The documentation of each is that of the form which it calls.

/// Returns `x.diagonalScatter(source, offset: offset, dim1: dim1, dim2: dim2)`.
public func diagonalScatter(
    _ x: Tensor, _ source: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1
) -> Tensor {
    x.diagonalScatter(source, offset: offset, dim1: dim1, dim2: dim2)
}

/// Returns `x.gather(dim, index)`.
public func gather(_ x: Tensor, _ dim: Int, _ index: Tensor) -> Tensor { x.gather(dim, index) }

/// Returns `x.gather(dim, index)`.
public func gather(_ x: Tensor, dim: Int, index: Tensor) -> Tensor { x.gather(dim, index) }

/// Returns `x.indexAdd(dim, index, source, alpha: alpha)`.
public func indexAdd(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor, alpha: some TensorScalar = 1
) -> Tensor {
    x.indexAdd(dim, index, source, alpha: alpha)
}

/// Returns `x.indexAdd(dim, index, source, alpha: alpha)`.
public func indexAdd(
    _ x: Tensor, dim: Int, index: Tensor, source: Tensor, alpha: some TensorScalar = 1
) -> Tensor {
    x.indexAdd(dim, index, source, alpha: alpha)
}

/// Returns `x.indexCopy(dim, index, source)`.
public func indexCopy(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor
) -> Tensor {
    x.indexCopy(dim, index, source)
}

/// Returns `x.indexCopy(dim, index, source)`.
public func indexCopy(
    _ x: Tensor, dim: Int, index: Tensor, source: Tensor
) -> Tensor {
    x.indexCopy(dim, index, source)
}

/// Returns `x.indexReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
public func indexReduce(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
) -> Tensor {
    x.indexReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)
}

/// Returns `x.indexReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
public func indexReduce(
    _ x: Tensor, dim: Int, index: Tensor, source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
) -> Tensor {
    x.indexReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)
}

/// Returns `x.indexSelect(dim, index)`.
public func indexSelect(_ x: Tensor, _ dim: Int, _ index: Tensor) -> Tensor { x.indexSelect(dim, index) }

/// Returns `x.indexSelect(dim, index)`.
public func indexSelect(_ x: Tensor, dim: Int, index: Tensor) -> Tensor { x.indexSelect(dim, index) }

/// Returns `x.maskedFill(mask, value)`.
public func maskedFill(
    _ x: Tensor, _ mask: Tensor, _ value: some TensorScalar
) -> Tensor {
    x.maskedFill(mask, value)
}

/// Returns `x.maskedFill(mask, value)`.
public func maskedFill(_ x: Tensor, _ mask: Tensor, _ value: Tensor) -> Tensor { x.maskedFill(mask, value) }

/// Returns `x.maskedScatter(mask, source)`.
public func maskedScatter(_ x: Tensor, _ mask: Tensor, _ source: Tensor) -> Tensor { x.maskedScatter(mask, source) }

/// Returns `x.maskedSelect(mask)`.
public func maskedSelect(_ x: Tensor, _ mask: Tensor) -> Tensor { x.maskedSelect(mask) }

/// Returns `x.narrow(dim, start: start, length: length)`.
public func narrow(
    _ x: Tensor, _ dim: Int, start: Int, length: Int
) -> Tensor {
    x.narrow(dim, start: start, length: length)
}

/// Returns `x.narrow(dim, start: start, length: length)`.
public func narrow(
    _ x: Tensor, dim: Int, start: Int, length: Int
) -> Tensor {
    x.narrow(dim, start: start, length: length)
}

/// Returns `x.narrow(dim, start: start, length: length)`.
public func narrow(
    _ x: Tensor, _ dim: Int, start: Tensor, length: Int
) -> Tensor {
    x.narrow(dim, start: start, length: length)
}

/// Returns `x.narrow(dim, start: start, length: length)`.
public func narrow(
    _ x: Tensor, dim: Int, start: Tensor, length: Int
) -> Tensor {
    x.narrow(dim, start: start, length: length)
}

/// Returns `x.nonzero()`.
public func nonzero(_ x: Tensor) -> Tensor { x.nonzero() }

/// Returns `x.put(index, source, accumulate: accumulate)`.
public func put(
    _ x: Tensor, _ index: Tensor, _ source: Tensor, accumulate: Bool = false
) -> Tensor {
    x.put(index, source, accumulate: accumulate)
}

/// Returns `x.scatter(dim, index, source)`.
public func scatter(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor
) -> Tensor {
    x.scatter(dim, index, source)
}

/// Returns `x.scatter(dim, index, source)`.
public func scatter(
    _ x: Tensor, dim: Int, index: Tensor, src source: Tensor
) -> Tensor {
    x.scatter(dim, index, source)
}

/// Returns `x.scatter(dim, index, value)`.
public func scatter(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ value: some TensorScalar
) -> Tensor {
    x.scatter(dim, index, value)
}

/// Returns `x.scatter(dim, index, value)`.
public func scatter(
    _ x: Tensor, dim: Int, index: Tensor, value: some TensorScalar
) -> Tensor {
    x.scatter(dim, index, value)
}

/// Returns `x.scatter(dim, index, source, reduce: reduce)`.
public func scatter(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterUpdate
) -> Tensor {
    x.scatter(dim, index, source, reduce: reduce)
}

/// Returns `x.scatter(dim, index, source, reduce: reduce)`.
public func scatter(
    _ x: Tensor, dim: Int, index: Tensor, src source: Tensor, reduce: ScatterUpdate
) -> Tensor {
    x.scatter(dim, index, source, reduce: reduce)
}

/// Returns `x.scatter(dim, index, value, reduce: reduce)`.
public func scatter(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ value: some TensorScalar, reduce: ScatterUpdate
) -> Tensor {
    x.scatter(dim, index, value, reduce: reduce)
}

/// Returns `x.scatter(dim, index, value, reduce: reduce)`.
public func scatter(
    _ x: Tensor, dim: Int, index: Tensor, value: some TensorScalar, reduce: ScatterUpdate
) -> Tensor {
    x.scatter(dim, index, value, reduce: reduce)
}

/// Returns `x.scatterAdd(dim, index, source)`.
public func scatterAdd(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor
) -> Tensor {
    x.scatterAdd(dim, index, source)
}

/// Returns `x.scatterAdd(dim, index, source)`.
public func scatterAdd(
    _ x: Tensor, dim: Int, index: Tensor, src source: Tensor
) -> Tensor {
    x.scatterAdd(dim, index, source)
}

/// Returns `x.scatterReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
public func scatterReduce(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
) -> Tensor {
    x.scatterReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)
}

/// Returns `x.scatterReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
public func scatterReduce(
    _ x: Tensor, dim: Int, index: Tensor, src source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
) -> Tensor {
    x.scatterReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)
}

/// Returns `x.select(dim, index)`.
public func select(_ x: Tensor, _ dim: Int, _ index: Int) -> Tensor { x.select(dim, index) }

/// Returns `x.select(dim, index)`.
public func select(_ x: Tensor, dim: Int, index: Int) -> Tensor { x.select(dim, index) }

/// Returns `x.selectScatter(source, dim: dim, index: index)`.
public func selectScatter(
    _ x: Tensor, _ source: Tensor, dim: Int, index: Int
) -> Tensor {
    x.selectScatter(source, dim: dim, index: index)
}

/// Returns `x.selectScatter(source, dim: dim, index: index)`.
public func selectScatter(
    _ x: Tensor, _ source: Tensor, _ dim: Int, index: Int
) -> Tensor {
    x.selectScatter(source, dim: dim, index: index)
}

/// Returns `x.take(index)`.
public func take(_ x: Tensor, _ index: Tensor) -> Tensor { x.take(index) }

/// Returns `x.takeAlongDim(index, dim: dim)`.
public func takeAlongDim(
    _ x: Tensor, _ index: Tensor, dim: Int? = nil
) -> Tensor {
    x.takeAlongDim(index, dim: dim)
}

/// Returns `x.takeAlongDim(index, dim: dim)`.
public func takeAlongDim(_ x: Tensor, _ index: Tensor, _ dim: Int) -> Tensor { x.takeAlongDim(index, dim: dim) }
