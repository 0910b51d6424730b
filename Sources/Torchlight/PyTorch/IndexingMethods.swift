// Methods of PyTorch in the forms in which they are written there: with the dimension with or without a label.
// The documentation of each is that of the form which it calls.

extension Tensor {
    /// Returns `gather(dim, index)`.
    public func gather(dim: Int, index: Tensor) -> Tensor { gather(dim, index) }

    /// Returns `indexAdd(dim, index, source, alpha: alpha)`.
    public func indexAdd(
        dim: Int, index: Tensor, source: Tensor, alpha: some TensorScalar = 1
    ) -> Tensor {
        indexAdd(dim, index, source, alpha: alpha)
    }

    /// Returns `indexAdd_(dim, index, source, alpha: alpha)`.
    public func indexAdd_(
        dim: Int, index: Tensor, source: Tensor, alpha: some TensorScalar = 1
    ) -> Tensor {
        indexAdd_(dim, index, source, alpha: alpha)
    }

    /// Returns `indexCopy(dim, index, source)`.
    public func indexCopy(dim: Int, index: Tensor, source: Tensor) -> Tensor { indexCopy(dim, index, source) }

    /// Returns `indexCopy_(dim, index, source)`.
    public func indexCopy_(dim: Int, index: Tensor, source: Tensor) -> Tensor { indexCopy_(dim, index, source) }

    /// Returns `indexReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
    public func indexReduce(
        dim: Int, index: Tensor, source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        indexReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)
    }

    /// Returns `indexReduce_(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
    public func indexReduce_(
        dim: Int, index: Tensor, source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        indexReduce_(dim, index, source, reduce: reduce, includeSelf: includeSelf)
    }

    /// Returns `indexSelect(dim, index)`.
    public func indexSelect(dim: Int, index: Tensor) -> Tensor { indexSelect(dim, index) }

    /// Returns `narrow(dim, start: start, length: length)`.
    public func narrow(dim: Int, start: Int, length: Int) -> Tensor { narrow(dim, start: start, length: length) }

    /// Returns `narrow(dim, start: start, length: length)`.
    public func narrow(dim: Int, start: Tensor, length: Int) -> Tensor { narrow(dim, start: start, length: length) }

    /// Returns `scatter(dim, index, source)`.
    public func scatter(dim: Int, index: Tensor, src source: Tensor) -> Tensor { scatter(dim, index, source) }

    /// Returns `scatter(dim, index, value)`.
    public func scatter(dim: Int, index: Tensor, value: some TensorScalar) -> Tensor { scatter(dim, index, value) }

    /// Returns `scatter(dim, index, source, reduce: reduce)`.
    public func scatter(
        dim: Int, index: Tensor, src source: Tensor, reduce: ScatterUpdate
    ) -> Tensor {
        scatter(dim, index, source, reduce: reduce)
    }

    /// Returns `scatter(dim, index, value, reduce: reduce)`.
    public func scatter(
        dim: Int, index: Tensor, value: some TensorScalar, reduce: ScatterUpdate
    ) -> Tensor {
        scatter(dim, index, value, reduce: reduce)
    }

    /// Returns `scatterAdd(dim, index, source)`.
    public func scatterAdd(dim: Int, index: Tensor, src source: Tensor) -> Tensor { scatterAdd(dim, index, source) }

    /// Returns `scatterAdd_(dim, index, source)`.
    public func scatterAdd_(dim: Int, index: Tensor, src source: Tensor) -> Tensor { scatterAdd_(dim, index, source) }

    /// Returns `scatterReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
    public func scatterReduce(
        dim: Int, index: Tensor, src source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        scatterReduce(dim, index, source, reduce: reduce, includeSelf: includeSelf)
    }

    /// Returns `scatterReduce_(dim, index, source, reduce: reduce, includeSelf: includeSelf)`.
    public func scatterReduce_(
        dim: Int, index: Tensor, src source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        scatterReduce_(dim, index, source, reduce: reduce, includeSelf: includeSelf)
    }

    /// Returns `scatter_(dim, index, source)`.
    public func scatter_(dim: Int, index: Tensor, src source: Tensor) -> Tensor { scatter_(dim, index, source) }

    /// Returns `scatter_(dim, index, value)`.
    public func scatter_(dim: Int, index: Tensor, value: some TensorScalar) -> Tensor { scatter_(dim, index, value) }

    /// Returns `scatter_(dim, index, source, reduce: reduce)`.
    public func scatter_(
        dim: Int, index: Tensor, src source: Tensor, reduce: ScatterUpdate
    ) -> Tensor {
        scatter_(dim, index, source, reduce: reduce)
    }

    /// Returns `scatter_(dim, index, value, reduce: reduce)`.
    public func scatter_(
        dim: Int, index: Tensor, value: some TensorScalar, reduce: ScatterUpdate
    ) -> Tensor {
        scatter_(dim, index, value, reduce: reduce)
    }

    /// Returns `select(dim, index)`.
    public func select(dim: Int, index: Int) -> Tensor { select(dim, index) }

    /// Returns `selectScatter(source, dim: dim, index: index)`.
    public func selectScatter(
        _ source: Tensor, _ dim: Int, index: Int
    ) -> Tensor {
        selectScatter(source, dim: dim, index: index)
    }

    /// Returns `takeAlongDim(index, dim: dim)`.
    public func takeAlongDim(_ index: Tensor, _ dim: Int) -> Tensor { takeAlongDim(index, dim: dim) }
}
