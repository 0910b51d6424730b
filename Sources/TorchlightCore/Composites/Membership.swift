// Tests for membership in a set of elements.

extension Tensor {
    /// Whether each element is equal to an element of `test`, as bool in the shape of this tensor; inverted with
    /// `invert`. NaN is never equal.
    ///
    /// The dtypes are promoted before the comparison.
    ///
    ///     Tensor([1, 2, 3]).isin(Tensor([2, 5]))      // tensor([False,  True, False])
    public func isin(_ test: Tensor, invert: Bool = false) -> Tensor {
        if isPlaceholder { return self }
        if test.isPlaceholder { return test }
        return noGrad {
            let common = ResultType.of(self, test)
            let found = to(common).occurs(among: test.detach().to(common).ravel())
            return invert ? found.logicalNot() : found
        }
    }

    /// Whether each element is equal to a number, as bool; inverted with `invert`.
    public func isin(_ test: some TensorScalar, invert: Bool = false) -> Tensor {
        invert ? self .!= test : self .== test
    }

    private func occurs(among test: Tensor) -> Tensor {
        let size = test.count
        if size == 0 { return Tensor.zeros(shape, dtype: .bool, device: device) }
        if size <= 8 { return (unsqueeze(-1) .== test).any(dim: -1) }
        // Binary search: the last index in increasing order whose element is not greater, in log2(size) steps. NaN
        // compares as false, so it stays at the first index and is equal to nothing.
        let sorted = test.sort().values
        let flat = ravel()
        var position = Tensor.zeros(flat.shape, dtype: .int64, device: device)
        var step = 1
        while step * 2 < size { step *= 2 }
        while step > 0 {
            let next = position + step
            let isNotGreater = sorted.indexSelect(0, next.clamp(max: size - 1)) <= flat
            position = Tensor.where(isNotGreater.logicalAnd(next < size), next, position)
            step /= 2
        }
        return (sorted.indexSelect(0, position) .== flat).reshape(shape)
    }
}

/// Whether each element is equal to an element of `test`, as bool.
public func isin(_ elements: Tensor, _ test: Tensor, invert: Bool = false) -> Tensor {
    elements.isin(test, invert: invert)
}
/// Whether each element is equal to a number, as bool.
public func isin(_ elements: Tensor, _ test: some TensorScalar, invert: Bool = false) -> Tensor {
    elements.isin(test, invert: invert)
}
/// Whether a number is equal to an element of `test`, as a 0-dimensional bool.
public func isin(_ element: some TensorScalar, _ test: Tensor, invert: Bool = false) -> Tensor {
    Tensor.wrap(element.scalar).isin(test, invert: invert)
}
