// Splitting along a dimension, into views.

extension Tensor {
    /// Splits the tensor into pieces of size `size` along a dimension; the last one may be smaller. The pieces are
    /// views.
    ///
    ///     Tensor.arange(5).split(2)       // [tensor([0, 1]), tensor([2, 3]), tensor([4])]
    public func split(_ size: Int, dim: Int = 0) -> [Tensor] {
        pieces("split", dim) { (length) throws(TensorError) in
            guard size > 0 || (size == 0 && length == 0) else {
                throw TensorError(
                    .value, in: "split", "the size of the pieces is not positive", got: "\(size)",
                    expected: "at least 1", operands: [self])
            }
            if length == 0 { return [0] }
            try checkPieces(length.dividedRoundingUp(by: size), in: "split")
            return stride(from: 0, to: length, by: size).map { Swift.min(size, length - $0) }
        }
    }

    /// Splits the tensor into pieces of the given sizes along a dimension; their sum must be the size of the dimension.
    /// The pieces are views.
    public func split(_ sizes: [Int], dim: Int = 0) -> [Tensor] {
        pieces("split", dim, count: sizes.count) { (length) throws(TensorError) in
            guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +|) == length else {
                throw TensorError(
                    .value, in: "split", "the sum of the sizes is not the size of the dimension", got: "\(sizes)",
                    expected: "a sum of \(length)", operands: [self])
            }
            return sizes
        }
    }

    /// Splits the tensor into at most `count` pieces of equal size along a dimension; the last one may be smaller. The
    /// pieces are views.
    ///
    ///     Tensor.arange(5).chunk(2)       // [tensor([0, 1, 2]), tensor([3, 4])]
    public func chunk(_ count: Int, dim: Int = 0) -> [Tensor] {
        pieces("chunk", dim, count: count) { (length) throws(TensorError) in
            guard count > 0 else {
                throw TensorError(
                    .value, in: "chunk", "the number of pieces is not positive", got: "\(count)",
                    expected: "at least 1",
                    operands: [self])
            }
            if length == 0 {
                try checkPieces(count, in: "chunk")
                return Array(repeating: 0, count: count)
            }
            let size = length.dividedRoundingUp(by: count)
            return stride(from: 0, to: length, by: size).map { Swift.min(size, length - $0) }
        }
    }

    /// Splits the tensor into exactly `count` pieces along a dimension; if the size is not divisible, the first ones
    /// are larger by 1. The pieces are views.
    ///
    ///     Tensor.arange(7).tensorSplit(3)     // [tensor([0, 1, 2]), tensor([3, 4]), tensor([5, 6])]
    public func tensorSplit(_ count: Int, dim: Int = 0) -> [Tensor] {
        pieces("tensorSplit", dim, count: count) { (length) throws(TensorError) in
            guard count > 0 else {
                throw TensorError(
                    .value, in: "tensorSplit", "the number of pieces is not positive", got: "\(count)",
                    expected: "at least 1", operands: [self])
            }
            try checkPieces(count, in: "tensorSplit")
            return (0..<count).map { length / count + ($0 < length % count ? 1 : 0) }
        }
    }

    /// Splits the tensor at the given indices of a dimension; pieces beyond its end are empty. The pieces are views.
    public func tensorSplit(at positions: [Int], dim: Int = 0) -> [Tensor] {
        if isPlaceholder { return placeholders(self, positions.count + 1) }
        do throws(TensorError) {
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: "tensorSplit", "a 0-dimensional tensor cannot be split",
                    expected: "at least one dimension",
                    operands: [self])
            }
            let d = try resolve(dim, in: "tensorSplit")
            let length = layout.shape[d]
            let cuts = positions.map { Swift.min(Swift.max($0 < 0 ? $0 + length : $0, 0), length) }
            return zip([0] + cuts, cuts + [length]).map { (start, end) in
                applyView(Slice(dim: d, start: start, count: Swift.max(end - start, 0), step: 1), self)
            }
        } catch { return placeholders(fail(error, like: self), positions.count + 1) }
    }

    /// Splits the tensor into equal pieces along dimension 1, or dimension 0 of a vector. The pieces are views.
    public func hsplit(_ count: Int) -> [Tensor] { evenly("hsplit", count, dim: rank == 1 ? 0 : 1, least: 1) }
    /// Splits the tensor at the given indices of dimension 1, or dimension 0 of a vector. The pieces are views.
    public func hsplit(at positions: [Int]) -> [Tensor] {
        between("hsplit", positions, dim: rank == 1 ? 0 : 1, least: 1)
    }
    /// Splits the tensor into equal pieces along dimension 0. The pieces are views.
    public func vsplit(_ count: Int) -> [Tensor] { evenly("vsplit", count, dim: 0, least: 2) }
    /// Splits the tensor at the given indices of dimension 0. The pieces are views.
    public func vsplit(at positions: [Int]) -> [Tensor] { between("vsplit", positions, dim: 0, least: 2) }
    /// Splits the tensor into equal pieces along dimension 2. The pieces are views.
    public func dsplit(_ count: Int) -> [Tensor] { evenly("dsplit", count, dim: 2, least: 3) }
    /// Splits the tensor at the given indices of dimension 2. The pieces are views.
    public func dsplit(at positions: [Int]) -> [Tensor] { between("dsplit", positions, dim: 2, least: 3) }

    private func evenly(_ operation: String, _ count: Int, dim: Int, least: Int) -> [Tensor] {
        if isPlaceholder { return placeholders(self, count) }
        guard rank >= least, count > 0, layout.shape[dim] % count == 0 else {
            let error = TensorError(
                .shape, in: operation, "the tensor cannot be split into equal pieces", got: quantity(count, "piece"),
                expected: "at least \(quantity(least, "dimension")), and a size divisible by the number of pieces",
                fix: "use tensorSplit for pieces of nearly equal size", operands: [self])
            return placeholders(fail(error, like: self), count)
        }
        return tensorSplit(count, dim: dim)
    }

    private func between(_ operation: String, _ positions: [Int], dim: Int, least: Int) -> [Tensor] {
        if isPlaceholder { return placeholders(self, positions.count + 1) }
        guard rank >= least else {
            let error = TensorError(
                .shape, in: operation, "the tensor has too few dimensions", expected: "at least \(least)",
                operands: [self])
            return placeholders(fail(error, like: self), positions.count + 1)
        }
        return tensorSplit(at: positions, dim: dim)
    }

    /// The slices along a dimension, which is removed. They are views.
    public func unbind(dim: Int = 0) -> [Tensor] {
        do throws(TensorError) {
            if isPlaceholder { return [self] }
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: "unbind", "a 0-dimensional tensor cannot be split", expected: "at least one dimension",
                    operands: [self])
            }
            let d = try resolve(dim, in: "unbind")
            try checkPieces(layout.shape[d], in: "unbind")
            return (0..<layout.shape[d]).map { applyView(Select(dim: d, index: $0), self) }
        } catch { return [fail(error, like: self)] }
    }

    /// Splits the tensor into pieces of the sizes that a function of the size of the dimension returns. `count` is the number
    /// of placeholders after an error.
    private func pieces(
        _ operation: String, _ dim: Int, count: Int = 1, _ sizes: (Int) throws(TensorError) -> [Int]
    ) -> [Tensor] {
        do throws(TensorError) {
            if isPlaceholder { return placeholders(self, count) }
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: operation, "a 0-dimensional tensor cannot be split", expected: "at least one dimension",
                    operands: [self])
            }
            let d = try resolve(dim, in: operation)
            var start = 0
            var parts: [Tensor] = []
            for size in try sizes(layout.shape[d]) {
                parts.append(applyView(Slice(dim: d, start: start, count: size, step: 1), self))
                start += size
            }
            return parts
        } catch { return placeholders(fail(error, like: self), count) }
    }
}

/// As many placeholders as the caller expects pieces, so that the code after an error can select one by its index.
private func placeholders(_ placeholder: Tensor, _ count: Int) -> [Tensor] {
    Array(repeating: placeholder, count: min(max(count, 1), 1 << 16))
}

/// Throws if there are more pieces than fit into memory: a view takes some hundred bytes.
private func checkPieces(_ count: Int, in operation: String) throws(TensorError) {
    try checkListSize(count, bytesEach: 256, in: operation)
}
