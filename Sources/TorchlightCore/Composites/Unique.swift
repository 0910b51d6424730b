extension Tensor {
    /// What `unique` finds.
    public struct Unique {
        /// Each number once, in rising order.
        public let values: Tensor
        /// For each element of the tensor, in its shape, the position of its number in `values`.
        public let inverse: Tensor
        /// How often each number occurs.
        public let counts: Tensor
    }

    /// The different numbers of all elements in rising order, where each element's number is among them, and how often
    /// each occurs. NaN equals nothing, so each is kept.
    public func unique() -> Unique {
        let flat = detach().ravel()
        let order = flat.sort()
        let size = flat.count
        if isPlaceholder || size == 0 {
            let none = Tensor.zeros([0], dtype: .int64)
            return Unique(values: flat, inverse: none.reshape(isPlaceholder ? [0] : shape), counts: none)
        }
        let values = order.values
        // A run starts where a number differs from the one before.
        let starts = cat(
            [
                Tensor.ones([1], dtype: .bool),
                values.narrow(0, start: 1, length: size - 1) .!= values.narrow(0, start: 0, length: size - 1),
            ])
        let places = starts.nonzero().reshape([-1])
        let ends = cat([places.narrow(0, start: 1, length: places.count - 1), Tensor([size])])
        let run = starts.to(.int64).cumsum(dim: 0) - 1
        return Unique(
            values: values.indexSelect(0, places),
            inverse: Tensor.zeros([size], dtype: .int64).scatter(0, order.indices, run).reshape(shape),
            counts: ends - places)
    }
}
