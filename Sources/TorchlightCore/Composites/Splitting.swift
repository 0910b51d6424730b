// A tensor cut along a dimension: views.

extension Tensor {
    /// Pieces of `size` along a dimension, the last one perhaps smaller. Views.
    public func split(_ size: Int, dim: Int = 0) -> [Tensor] {
        pieces("split", dim) { (length) throws(TensorError) in
            guard size > 0 || (size == 0 && length == 0) else {
                throw TensorError(
                    .value, in: "split", "the size of the pieces is not positive", got: "\(size)",
                    expected: "at least 1", operands: [self])
            }
            if length == 0 { return [0] }
            return stride(from: 0, to: length, by: size).map { Swift.min(size, length - $0) }
        }
    }

    /// Pieces of these sizes along a dimension, which must add up to its own. Views.
    public func split(_ sizes: [Int], dim: Int = 0) -> [Tensor] {
        pieces("split", dim) { (length) throws(TensorError) in
            guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == length else {
                throw TensorError(
                    .value, in: "split", "the sizes do not add up to the dimension's", got: "\(sizes)",
                    expected: "a sum of \(length)", operands: [self])
            }
            return sizes
        }
    }

    /// At most `count` pieces of equal size along a dimension, the last one perhaps smaller. Views.
    public func chunk(_ count: Int, dim: Int = 0) -> [Tensor] {
        pieces("chunk", dim) { (length) throws(TensorError) in
            guard count > 0 else {
                throw TensorError(
                    .value, in: "chunk", "the number of pieces is not positive", got: "\(count)",
                    expected: "at least 1",
                    operands: [self])
            }
            if length == 0 { return Array(repeating: 0, count: count) }
            let size = (length + count - 1) / count
            return stride(from: 0, to: length, by: size).map { Swift.min(size, length - $0) }
        }
    }

    /// The slices of a dimension, which disappears. Views.
    public func unbind(dim: Int = 0) -> [Tensor] {
        do throws(TensorError) {
            if isPlaceholder { return [self] }
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: "unbind", "a single number has no slices", expected: "at least one dimension",
                    operands: [self])
            }
            let d = try resolve(dim, in: "unbind")
            return (0..<layout.shape[d]).map { applyView(Select(dim: d, index: $0), self) }
        } catch { return [fail(error, like: self)] }
    }

    private func pieces(
        _ operation: String, _ dim: Int, _ sizes: (Int) throws(TensorError) -> [Int]
    ) -> [Tensor] {
        do throws(TensorError) {
            if isPlaceholder { return [self] }
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: operation, "a single number cannot be cut", expected: "at least one dimension",
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
        } catch { return [fail(error, like: self)] }
    }
}
