// Unique elements and slices: of each run of equal elements or slices, the first.

extension Tensor {
    /// The result of `unique` and `uniqueConsecutive`.
    public struct Unique {
        /// The unique elements or slices.
        public let values: Tensor
        /// The index in `values` of each element, in the shape of the tensor, or of each slice.
        public let inverse: Tensor
        /// The number of occurrences of each unique element or slice.
        public let counts: Tensor

        fileprivate init(values: Tensor, inverse: Tensor, counts: Tensor) {
            (self.values, self.inverse, self.counts) = (values, inverse, counts)
        }

        /// The result of a call that failed.
        fileprivate init(placeholder: Tensor) {
            self.init(values: placeholder, inverse: placeholder, counts: placeholder)
        }
    }

    /// The unique elements in increasing order, or the unique slices along a dimension in lexicographic order, with
    /// inverse indices and counts.
    ///
    ///     Tensor([3, 1, 3]).unique().values                                   // tensor([1, 3])
    ///     Tensor([[1, 2], [0, 5], [1, 2]]).unique(dim: 0).counts              // tensor([1, 2])
    ///
    /// Shapes: `[*] -> [count], [*], [count]`; along a dimension `[*, n, *] -> [*, count, *], [n], [count]`. NaN is not
    /// equal to NaN, so each NaN is kept. There is no gradient.
    public func unique(dim: Int? = nil) -> Unique {
        guard let dim else {
            let flat = detach().ravel()
            if isPlaceholder { return Unique(placeholder: self) }
            let order = flat.sort()
            if order.indices.isPlaceholder { return Unique(placeholder: order.indices) }
            let runs = Runs(order.values.unsqueeze(1))
            return Unique(
                values: order.values.indexSelect(0, runs.starts),
                inverse: Tensor.empty([flat.count], dtype: .int64, device: flat.device).scatter_(
                    0, order.indices, runs.numbers
                )
                .reshape(shape),
                counts: runs.lengths)
        }
        return slices(dim, "unique") { x, d, rows in
            let order = apply(RowOrder(), rows)
            if order.isPlaceholder { return Unique(placeholder: order) }
            let runs = Runs(rows.indexSelect(0, order))
            return Unique(
                values: x.indexSelect(d, order.indexSelect(0, runs.starts)),
                inverse: Tensor.empty([rows.shape[0]], dtype: .int64, device: rows.device).scatter_(
                    0, order, runs.numbers),
                counts: runs.lengths)
        }
    }

    /// Removes all elements, or slices along a dimension, that are equal to the previous one, with inverse indices and
    /// counts of each run.
    ///
    ///     Tensor([1, 1, 2, 2, 1]).uniqueConsecutive().values                  // tensor([1, 2, 1])
    ///
    /// Shapes as with `unique`. NaN is not equal to NaN. There is no gradient.
    public func uniqueConsecutive(dim: Int? = nil) -> Unique {
        guard let dim else {
            let flat = detach().ravel()
            if isPlaceholder { return Unique(placeholder: self) }
            let runs = Runs(flat.unsqueeze(1))
            return Unique(
                values: flat.indexSelect(0, runs.starts), inverse: runs.numbers.reshape(shape), counts: runs.lengths)
        }
        return slices(dim, "uniqueConsecutive") { x, d, rows in
            let runs = Runs(rows)
            return Unique(values: x.indexSelect(d, runs.starts), inverse: runs.numbers, counts: runs.lengths)
        }
    }

    /// Calls `find` with the tensor, the dimension, and the slices along it as rows of a matrix.
    private func slices(_ dim: Int, _ operation: String, _ find: (Tensor, Int, Tensor) -> Unique) -> Unique {
        do throws(TensorError) {
            if isPlaceholder { return Unique(placeholder: self) }
            guard rank > 0 else {
                throw TensorError(
                    .index, in: operation, "a 0-dimensional tensor has no dimension", got: "dim \(dim)",
                    fix: "omit dim", operands: [self])
            }
            let x = detach()
            let d = try resolve(dim, in: operation)
            let size = x.layout.shape[d]
            guard x.count > 0 || size == 0 else {
                throw TensorError(
                    .shape, in: operation, "the slices are empty and cannot be compared",
                    expected: "sizes above 0 in every dimension but \(d)", operands: [self])
            }
            let width = size == 0 ? 0 : x.count / size
            return find(x, d, x.movedim(d, 0).reshape([size, width]))
        } catch {
            return Unique(placeholder: fail(error, like: self))
        }
    }
}

/// The runs of equal adjacent rows of a matrix.
private struct Runs {
    /// The index of the first row of each run.
    let starts: Tensor
    /// The number of rows of each run.
    let lengths: Tensor
    /// The run that each row belongs to.
    let numbers: Tensor

    init(_ rows: Tensor) {
        let count = rows.shape[0]
        guard count > 0 else {
            let none = Tensor.zeros([0], dtype: .int64, device: rows.device)
            (starts, lengths, numbers) = (none, none, none)
            return
        }
        // A run starts where a row differs from the one before.
        let (rest, before) = (rows.narrow(0, start: 1, length: count - 1), rows.narrow(0, start: 0, length: count - 1))
        let differs = rows.shape[1] == 1 ? (rest .!= before).squeeze(1) : (rest .!= before).any(dim: 1)
        let isStart = cat([Tensor.ones([1], dtype: .bool, device: rows.device), differs])
        starts = isStart.nonzero().reshape([-1])
        let ends = cat([starts.narrow(0, start: 1, length: starts.count - 1), Tensor([count], device: rows.device)])
        lengths = ends - starts
        numbers = isStart.to(.int64).cumsum(dim: 0) - 1
    }
}
