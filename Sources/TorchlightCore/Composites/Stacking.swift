// Concatenation with other conventions, and tensors with a minimum number of dimensions.

extension Tensor {
    /// The tensor with at least one dimension: a 0-dimensional tensor becomes `[1]`.
    public func atLeast1d() -> Tensor { rank == 0 && !isPlaceholder ? reshape([1]) : self }

    /// The tensor with at least two dimensions: `[n]` becomes `[1, n]`.
    public func atLeast2d() -> Tensor {
        if isPlaceholder || rank >= 2 { return self }
        return rank == 0 ? reshape([1, 1]) : unsqueeze(0)
    }

    /// The tensor with at least three dimensions: `[n]` becomes `[1, n, 1]`, `[m, n]` becomes `[m, n, 1]`.
    public func atLeast3d() -> Tensor {
        if isPlaceholder || rank >= 3 { return self }
        return rank == 2 ? unsqueeze(-1) : atLeast2d().unsqueeze(-1)
    }
}

/// The tensors with at least one dimension each.
public func atLeast1d(_ tensors: [Tensor]) -> [Tensor] { tensors.map { $0.atLeast1d() } }

/// The tensors with at least two dimensions each.
public func atLeast2d(_ tensors: [Tensor]) -> [Tensor] { tensors.map { $0.atLeast2d() } }

/// The tensors with at least three dimensions each.
public func atLeast3d(_ tensors: [Tensor]) -> [Tensor] { tensors.map { $0.atLeast3d() } }

/// Concatenates tensors horizontally: along dimension 1, or dimension 0 for vectors.
public func hstack(_ tensors: [Tensor]) -> Tensor {
    let parts = tensors.map { $0.atLeast1d() }
    return cat(parts, dim: parts.first?.rank == 1 ? 0 : 1)
}

/// Concatenates tensors vertically: along dimension 0, after `atLeast2d`.
public func vstack(_ tensors: [Tensor]) -> Tensor { cat(tensors.map { $0.atLeast2d() }, dim: 0) }

/// Concatenates tensors along dimension 2, after `atLeast3d`.
public func dstack(_ tensors: [Tensor]) -> Tensor { cat(tensors.map { $0.atLeast3d() }, dim: 2) }

/// Concatenates tensors along dimension 1; vectors become columns.
public func columnStack(_ tensors: [Tensor]) -> Tensor {
    cat(tensors.map { $0.rank <= 1 && !$0.isPlaceholder ? $0.reshape([$0.count, 1]) : $0 }, dim: 1)
}

/// A block-diagonal matrix of matrices, with zeros elsewhere; vectors are treated as rows.
///
/// Shapes: `[m1, n1], [m2, n2], ... -> [m1 + m2 + ..., n1 + n2 + ...]`.
public func blockDiag(_ tensors: [Tensor]) -> Tensor {
    orFail(like: tensors.first) { () throws(TensorError) in
        if let placeholder = tensors.first(where: \.isPlaceholder) { return placeholder }
        guard tensors.allSatisfy({ $0.rank <= 2 }) else {
            throw TensorError(
                .shape, in: "blockDiag", "a block has more than two dimensions", expected: "matrices, vectors, numbers",
                operands: tensors)
        }
        // The promotion of operands, not of `cat`: a single number does not widen the dtype.
        let dtype = ResultType.of(tensors)
        let blocks = tensors.map { $0.to(dtype).atLeast2d() }
        guard !blocks.isEmpty else { return Tensor.zeros([1, 0]) }
        let width = blocks.reduce(0) { $0 + $1.shape[1] }
        var left = 0
        var rows: [Tensor] = []
        for block in blocks {
            let right = width - left - block.shape[1]
            rows.append(block.pad([left, right, 0, 0]))
            left += block.shape[1]
        }
        return cat(rows, dim: 0)
    }
}

/// Coordinate grids of vectors: `result[k][i0, i1, ...] = vectors[k][ik]`.
///
/// Shapes: `[n0], [n1], ... -> [n0, n1, ...]` each; with `indexing: .xy` the first two dimensions are exchanged. Views.
///
///     let grids = meshgrid([Tensor([1, 2]), Tensor([3, 4, 5])])       // two tensors [2, 3]
public func meshgrid(_ vectors: [Tensor], indexing: GridIndexing = .ij) -> [Tensor] {
    do throws(TensorError) {
        if vectors.contains(where: \.isPlaceholder) { return vectors }
        guard vectors.allSatisfy({ $0.rank <= 1 }) else {
            throw TensorError(
                .shape, in: "meshgrid", "an operand is not a vector", expected: "vectors or 0-dimensional tensors",
                operands: vectors)
        }
        guard vectors.allSatisfy({ $0.dtype == vectors[0].dtype }) else {
            throw TensorError(
                .dtype, in: "meshgrid", "the vectors have different dtypes", expected: "one dtype", operands: vectors)
        }
        let isExchanged = indexing == .xy && vectors.count >= 2
        var ordered = vectors.map { $0.atLeast1d() }
        if isExchanged { ordered.swapAt(0, 1) }
        let shape = ordered.map(\.count)
        var grids = ordered.enumerated().map { (position, vector) in
            var column = [Int](repeating: 1, count: shape.count)
            column[position] = vector.count
            return vector.reshape(column).expand(shape)
        }
        if isExchanged { grids.swapAt(0, 1) }
        return grids
    } catch { return vectors.map { fail(error, like: $0) } }
}

/// The order of the first two dimensions of `meshgrid`.
public enum GridIndexing: Sendable {
    /// Matrix indexing: the first vector indexes dimension 0.
    case ij
    /// Cartesian indexing: the first vector indexes dimension 1.
    case xy
}

/// The Cartesian product of vectors: all tuples, with the last element changing fastest, `[n0], [n1], ... -> [n0 n1
/// ..., count]`. A single vector is returned unchanged.
///
///     cartesianProd([Tensor([1, 2]), Tensor([3, 4])])     // tensor([[1, 3], [1, 4], [2, 3], [2, 4]])
public func cartesianProd(_ vectors: [Tensor]) -> Tensor {
    if let other = vectors.first(where: { $0.rank != 1 && !$0.isPlaceholder }) {
        return fail(
            TensorError(
                .shape, in: "cartesianProd", "an operand is not a vector", expected: "one dimension each",
                operands: vectors),
            like: other)
    }
    if vectors.count == 1 { return vectors[0] }
    return stack(meshgrid(vectors).map { $0.reshape([-1]) }, dim: 1)
}

extension Tensor {
    /// All combinations of `count` elements of a vector, in order: `[n] -> [combinations, count]`.
    ///
    /// With `withReplacement` an element may be chosen several times. Default: false.
    ///
    ///     Tensor([1, 2, 3]).combinations(2)       // tensor([[1, 2], [1, 3], [2, 3]])
    public func combinations(_ count: Int = 2, withReplacement: Bool = false) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank == 1, count >= 0 else {
                throw TensorError(
                    .shape, in: "combinations", "the tensor is not a vector, or the count is negative",
                    got: "\(count)", operands: [self])
            }
            if count == 0 { return Tensor.empty([0], dtype: dtype, device: device) }
            let choices =
                withReplacement
                ? binomialCoefficient(self.count +| count - 1, count) : binomialCoefficient(self.count, count)
            guard choices > 0 else {
                return indexSelect(0, Tensor([Int](), shape: [0], device: device)).reshape([0, count])
            }
            try checkListSize(choices *| count, bytesEach: 2 * MemoryLayout<Int>.stride, in: "combinations")
            var chosen = withReplacement ? Array(repeating: 0, count: count) : Array(0..<count)
            var rows: [Int] = []
            rows.reserveCapacity(choices * count)
            while true {
                rows += chosen
                // The last index that can still increase is incremented; those after it follow in increasing order.
                let last = { (position: Int) in self.count - 1 - (withReplacement ? 0 : count - 1 - position) }
                guard let rising = chosen.indices.last(where: { chosen[$0] < last($0) }) else { break }
                let start = chosen[rising] + 1
                for position in rising..<count {
                    chosen[position] = withReplacement ? start : start + position - rising
                }
            }
            let selected = Tensor(rows, shape: [rows.count], device: device)
            return indexSelect(0, selected).reshape([choices, count])
        }
    }
}

/// The binomial coefficient n over k, clamped to the range of Int.
private func binomialCoefficient(_ n: Int, _ k: Int) -> Int {
    if k > n { return 0 }
    var result = 1
    for i in 0..<Swift.min(k, n - k) {
        // The product of i + 1 consecutive numbers is divisible by i + 1, unless it overflows.
        let (product, overflow) = result.multipliedReportingOverflow(by: n - i)
        if overflow { return .max }
        result = product / (i + 1)
    }
    return result
}

/// The broadcast shape of several shapes; nil if they do not broadcast.
public func broadcastShapes(_ shapes: [Int]...) -> [Int]? {
    var result = Dims()
    for shape in shapes {
        guard let both = Layout.broadcast(result, Dims(shape)) else { return nil }
        result = both
    }
    return Array(result)
}

/// Expands tensors to their broadcast shape. The results are views.
public func broadcastTensors(_ tensors: [Tensor]) -> [Tensor] {
    do throws(TensorError) {
        if tensors.contains(where: \.isPlaceholder) { return tensors }
        var shape = Dims()
        for tensor in tensors {
            guard let both = Layout.broadcast(shape, tensor.layout.shape) else {
                throw TensorError(
                    .shape, in: "broadcastTensors", "the shapes do not broadcast",
                    expected: "equal sizes, or 1, in each dimension counted from the last", operands: tensors)
            }
            shape = both
        }
        return tensors.map { $0.expand(Array(shape)) }
    } catch { return tensors.map { fail(error, like: $0) } }
}
