// Which elements occur among others.

extension Tensor {
    /// Where the elements occur among those of `test`, as bool in the shape of this tensor; where they do not if
    /// `invert` says so. NaN occurs nowhere.
    ///
    /// Dtypes are promoted before they are compared.
    public func isin(_ test: Tensor, invert: Bool = false) -> Tensor {
        if isPlaceholder { return self }
        if test.isPlaceholder { return test }
        return noGrad {
            let common = ResultType.of(self, test)
            let found = to(common).occurs(among: test.detach().to(common).ravel())
            return invert ? found.logicalNot() : found
        }
    }

    /// Where the elements equal a number, as bool; where they differ if `invert` says so.
    public func isin(_ test: some TensorScalar, invert: Bool = false) -> Tensor {
        invert ? self .!= test : self .== test
    }

    private func occurs(among test: Tensor) -> Tensor {
        let size = test.count
        if size == 0 { return Tensor.zeros(shape, dtype: .bool, device: device) }
        if size <= 8 { return (unsqueeze(-1) .== test).any(dim: -1) }
        // The last place in rising order whose number is not greater, by halving the step: log2(size) passes. NaN, which
        // compares as false, stays at the first place and equals nothing.
        let sorted = test.sort().values
        let flat = ravel()
        var place = Tensor.zeros(flat.shape, dtype: .int64, device: device)
        var step = 1
        while step * 2 < size { step *= 2 }
        while step > 0 {
            let next = place + step
            let isNotGreater = sorted.indexSelect(0, next.clamp(max: size - 1)) <= flat
            place = Tensor.where(isNotGreater.logicalAnd(next < size), next, place)
            step /= 2
        }
        return (sorted.indexSelect(0, place) .== flat).reshape(shape)
    }
}

/// Where the elements occur among those of `test`, as bool.
public func isin(_ elements: Tensor, _ test: Tensor, invert: Bool = false) -> Tensor {
    elements.isin(test, invert: invert)
}
/// Where the elements equal a number, as bool.
public func isin(_ elements: Tensor, _ test: some TensorScalar, invert: Bool = false) -> Tensor {
    elements.isin(test, invert: invert)
}
/// Whether a number occurs among the elements of `test`, as a 0-dimensional bool.
public func isin(_ element: some TensorScalar, _ test: Tensor, invert: Bool = false) -> Tensor {
    Tensor.wrap(element.scalar).isin(test, invert: invert)
}
