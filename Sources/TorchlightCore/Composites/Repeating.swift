// Repeating and rolling elements.

extension Tensor {
    /// Repeats the tensor along each dimension: `[s0, s1, ...] -> [c0 s0, c1 s1, ...]`. Extra counts add leading
    /// dimensions. The elements are copied.
    ///
    ///     Tensor([1, 2]).repeat(2, 2)      // [[1, 2, 1, 2], [1, 2, 1, 2]]
    public func `repeat`(_ counts: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard counts.count >= rank, counts.allSatisfy({ $0 >= 0 }) else {
                throw TensorError(
                    .value, in: "repeat", "there are fewer counts than dimensions, or a negative one", got: "\(counts)",
                    expected: "at least \(quantity(rank, "count")) that are not negative", operands: [self])
            }
            let lead = counts.count - rank
            var (column, spread, target): ([Int], [Int], [Int]) = ([], [], [])
            for (i, count) in counts.enumerated() {
                let size = i < lead ? 1 : layout.shape[i - lead]
                column += [1, size]
                spread += [count, size]
                target.append(count *| size)
            }
            return reshape(column).expand(spread).reshape(target).copiedIfShared(with: self)
        }
    }

    /// Repeats the tensor along each dimension.
    public func `repeat`(_ counts: Int...) -> Tensor { self.repeat(counts) }

    /// Repeats the tensor as `repeat`; missing leading counts are 1.
    public func tile(_ counts: [Int]) -> Tensor {
        self.repeat(Array(repeating: 1, count: Swift.max(0, rank - counts.count)) + counts)
    }

    /// Repeats the tensor as `repeat`; missing leading counts are 1.
    public func tile(_ counts: Int...) -> Tensor { tile(counts) }

    /// Repeats each element `count` times, along a dimension or, without `dim`, in the flattened tensor.
    ///
    ///     Tensor([1, 2]).repeatInterleave(2)      // [1, 1, 2, 2]
    public func repeatInterleave(_ count: Int, dim: Int? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard count >= 0 else {
                throw TensorError(
                    .value, in: "repeatInterleave", "the count is negative", got: "\(count)", expected: "at least 0",
                    operands: [self])
            }
            guard let dim, rank > 0 else { return ravel().repeatedInPlace(0, count) }
            return repeatedInPlace(try resolve(dim, in: "repeatInterleave"), count)
        }
    }

    /// Repeats each index of a dimension as often as the element of `counts` for it. Without `dim` the tensor is
    /// flattened.
    ///
    /// - Parameters:
    ///   - counts: the number of repetitions, one or one for each index.
    ///   - outputSize: the sum of the counts, if known; a wrong one is an error.
    public func repeatInterleave(_ counts: Tensor, dim: Int? = nil, outputSize: Int? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || counts.isPlaceholder { return self }
            guard let dim else { return ravel().repeatInterleave(counts, dim: 0, outputSize: outputSize) }
            let d = try resolve(dim, in: "repeatInterleave")
            let times = try indexOperand(counts, in: "repeatInterleave").toArray(Int.self)
            let size = rank == 0 ? 1 : layout.shape[d]
            guard counts.rank <= 1, times.count == 1 || times.count == size, times.allSatisfy({ $0 >= 0 }) else {
                throw TensorError(
                    .value, in: "repeatInterleave",
                    "the number of counts is not the size of the dimension, or one is negative",
                    expected: "one count, or \(size), none of them negative", operands: [self, counts])
            }
            let total = times.count == 1 ? times[0] *| size : times.reduce(0, +|)
            guard outputSize == nil || outputSize == total else {
                throw TensorError(
                    .value, in: "repeatInterleave", "the sum of the counts is not outputSize",
                    got: "outputSize \(outputSize!)", expected: "\(total)", operands: [counts])
            }
            if times.count == 1 { return repeatInterleave(times[0], dim: d) }
            try checkListSize(total, bytesEach: MemoryLayout<Int>.stride, in: "repeatInterleave")
            let indices = times.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
            return indexSelect(d, Tensor(indices, shape: [indices.count], device: device))
        }
    }

    private func repeatedInPlace(_ d: Int, _ count: Int) -> Tensor {
        var spread = shape
        spread.insert(count, at: d + 1)
        var target = shape
        target[d] *|= count
        return unsqueeze(d + 1).expand(spread).reshape(target).copiedIfShared(with: self)
    }

    /// Rolls the elements along dimensions; elements that are shifted beyond the last index reappear at the first.
    ///
    ///     Tensor([1, 2, 3]).roll([1], dims: [0])      // tensor([3, 1, 2])
    public func roll(_ shifts: [Int], dims: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            let resolved = try resolve(dims, in: "roll")
            guard shifts.count == dims.count else {
                throw TensorError(
                    .value, in: "roll", "the number of shifts is not the number of dimensions",
                    got: "\(shifts) and \(dims)",
                    operands: [self])
            }
            guard rank > 0 || dims.isEmpty else {
                throw TensorError(
                    .index, in: "roll", "a 0-dimensional tensor has no dimension to roll along", got: "\(dims)",
                    operands: [self])
            }
            var result = self
            for (shift, d) in zip(shifts, resolved) where layout.shape[d] > 0 {
                let size = layout.shape[d]
                let cut = (size - shift % size) % size
                if cut == 0 { continue }
                result = cat(
                    [
                        result.narrow(d, start: cut, length: size - cut), result.narrow(d, start: 0, length: cut),
                    ], dim: d)
            }
            return result === self ? clone() : result
        }
    }

    /// Rolls the elements along a dimension or, without `dim`, in the flattened tensor.
    public func roll(_ shift: Int, dim: Int? = nil) -> Tensor {
        guard let dim else { return ravel().roll([shift], dims: [0]).reshape(shape) }
        return roll([shift], dims: [dim])
    }
}
