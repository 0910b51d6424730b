// Distances and similarities of vectors.

/// The p-norm distance between vectors along the last dimension: `norm(a - b + eps, p)`.
///
/// Shapes: `[*, D]` and `[*, D]`, which broadcast, `-> [*]`, or `[*, 1]` with `keepdim`. Integers are converted to
/// float32.
///
/// - Parameters:
///   - p: the order of the norm. Default: 2.
///   - eps: a constant added to the difference to avoid a zero distance. Default: 1e-6.
///   - keepdim: whether to keep the last dimension with size 1. Default: false.
public func pairwiseDistance(
    _ a: Tensor, _ b: Tensor, p: Double = 2, eps: Double = 1e-6, keepdim: Bool = false
) -> Tensor {
    if a.isPlaceholder || b.isPlaceholder { return a.isPlaceholder ? a : b }
    guard a.rank > 0 || b.rank > 0 else {
        return fail(
            TensorError(
                .shape, in: "pairwiseDistance", "both vectors are 0-dimensional", expected: "[*, D]",
                operands: [a, b]), like: a)
    }
    // If each is broadcast along dimensions of the other, the differences would need much more memory than both.
    if let distances = pairDistances(a, b, p: p, shift: eps) { return keepdim ? distances.unsqueeze(-1) : distances }
    return (a - b + eps).norm(p: p, dim: -1, keepdim: keepdim)
}

/// The cosine similarity of vectors along a dimension: `a . b / (max(|a|, eps) max(|b|, eps))`, between -1 and
/// 1.
///
/// Shapes: `a` and `b` broadcast; the result has the broadcast shape without dimension `dim`. Integers are converted to
/// float32.
///
/// - Parameters:
///   - dim: the dimension of the vectors, in the broadcast shape. Default: 1.
///   - eps: the minimum of each norm, to avoid a division by 0. Default: 1e-8.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, dim: Int = 1, eps: Double = 1e-8) -> Tensor {
    if a.isPlaceholder || b.isPlaceholder { return a.isPlaceholder ? a : b }
    guard let shape = Layout.broadcast(a.layout.shape, b.layout.shape) else {
        return fail(
            TensorError(
                .shape, in: "cosineSimilarity", "the shapes do not broadcast", expected: "equal sizes, or 1",
                operands: [a, b]), like: a)
    }
    return orFail(like: a) { () throws(TensorError) in
        let rank = shape.count
        guard rank > 0 else { return cosineSimilarity(a.unsqueeze(0), b.unsqueeze(0), dim: 0, eps: eps) }
        let d = try a.expand(Array(shape)).resolve(dim, in: "cosineSimilarity")
        /// The tensor with the rank of the result and unit length; a dimension of size 1 is treated as repeated.
        func unit(_ x: Tensor) -> Tensor {
            var x = x.floatingPoint
            while x.rank < rank { x = x.unsqueeze(0) }
            let repeats = x.layout.shape[d] == shape[d] ? 1 : shape[d]
            let length = x.norm(p: 2, dim: d, keepdim: true) * Double(repeats).squareRoot()
            return x / length.clamp(min: eps)
        }
        let result = sumOfProducts(unit(a), unit(b), over: d, size: shape[d])
        // Rounding can lead out of the range of a cosine, where acos is NaN. The gradient is that of the quotient.
        return result.dtype.isComplex ? result : result + (result.clamp(min: -1, max: 1) - result).detach()
    }
}

/// `(a * b).sum(dim: d)` of tensors of the same rank that broadcast. If each is broadcast along other dimensions, it is
/// computed as a matrix product, without a tensor larger than operands and result.
private func sumOfProducts(_ a: Tensor, _ b: Tensor, over d: Int, size: Int) -> Tensor {
    let (first, second) = (a.layout.shape, b.layout.shape)
    let others = (0..<a.rank).filter { $0 != d }
    let rows = others.filter { second[$0] == 1 && first[$0] != 1 }
    let columns = others.filter { first[$0] == 1 && second[$0] != 1 }
    guard !rows.isEmpty, !columns.isEmpty, first[d] == size, second[d] == size, a.dtype == b.dtype else {
        return (a * b).sum(dim: d)
    }
    let batch = others.filter { !rows.contains($0) && !columns.contains($0) }
    let lead = batch.map { first[$0] }
    let left = a.permute(batch + rows + columns + [d]).reshape(lead + [rows.map { first[$0] }.reduce(1, *), size])
    let right = b.permute(batch + columns + rows + [d]).reshape(lead + [columns.map { second[$0] }.reduce(1, *), size])
    let order = batch + rows + columns
    let product = withoutAutocast { left.matmul(right.mT) }
        .reshape(lead + rows.map { first[$0] } + columns.map { second[$0] })
    return product.permute(others.map { order.firstIndex(of: $0)! })
}

/// The p-norm distance of every pair of rows: `out[*, i, j] = norm(a[*, i] - b[*, j], p)`.
///
/// Shapes: `a [*, n, D]`, `b [*, m, D] -> [*, n, m]`; the leading dimensions broadcast. Floating-point dtypes. The
/// gradient is 0 at distance 0 and for `p = 0`. For an infinite `p`, each of several largest coordinates gets the full
/// gradient.
///
/// - Parameter p: the order of the norm, at least 0. Default: 2.
public func cdist(_ a: Tensor, _ b: Tensor, p: Double = 2) -> Tensor {
    if isAutocasting { return inFloat32 { cdist($0(a), $0(b), p: p) } }
    return orFail(like: a) { () throws(TensorError) in
        if a.isPlaceholder || b.isPlaceholder { return a.isPlaceholder ? a : b }
        try checkFloating(a, in: "cdist")
        try checkFloating(b, in: "cdist")
        guard a.rank >= 2, b.rank >= 2, a.layout.shape[a.rank - 1] == b.layout.shape[b.rank - 1] else {
            throw TensorError(
                .shape, in: "cdist", "the rows do not have the same length", expected: "[*, n, D] and [*, m, D]",
                operands: [a, b])
        }
        guard p >= 0 else {
            throw TensorError(
                .value, in: "cdist", "p is negative", got: "\(p)", expected: "at least 0", operands: [a, b])
        }
        guard let distances = pairDistances(a.unsqueeze(-2), b.unsqueeze(-3), p: p, shift: 0, always: true) else {
            throw TensorError(
                .shape, in: "cdist", "the leading dimensions do not broadcast", expected: "equal sizes, or 1",
                operands: [a, b])
        }
        return distances
    }
}

/// The p-norm distance of each pair of rows `i < j`, in the order (0, 1), (0, 2), ...: `[n, D] -> [n (n - 1) / 2]`.
/// Floating-point dtypes. The gradients are those of ``cdist(_:_:p:)``.
public func pdist(_ x: Tensor, p: Double = 2) -> Tensor {
    if isAutocasting { return inFloat32 { pdist($0(x), p: p) } }
    return orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        try checkFloating(x, in: "pdist")
        guard p >= 0 else {
            throw TensorError(.value, in: "pdist", "p is negative", got: "\(p)", expected: "at least 0", operands: [x])
        }
        return apply(CondensedDistance(p: p), x.to(x.dtype.computeType)).to(x.dtype)
    }
}

/// `norm(a - b + shift, p)` over the last dimension of tensors that broadcast, without the differences of all pairs, if
/// each is broadcast along dimensions of the other. Otherwise nil, unless `always` is set.
private func pairDistances(_ a: Tensor, _ b: Tensor, p: Double, shift: Double, always: Bool = false) -> Tensor? {
    let rank = Swift.max(a.rank, b.rank)
    guard p >= 0, a.rank > 0, b.rank > 0, a.shape.last == b.shape.last,
        let shape = Layout.broadcast(a.layout.shape, b.layout.shape)
    else { return nil }
    func lead(_ x: Tensor) -> [Int] { Array(repeating: 1, count: rank - x.rank) + x.shape.dropLast() }
    let (first, second) = (lead(a), lead(b))
    let dims = Array(0..<(rank - 1))
    // Dimensions of `a` alone are rows, those of `b` alone columns; dimensions of both or none are batch dimensions.
    let rows = dims.filter { first[$0] != 1 && second[$0] == 1 }
    let columns = dims.filter { second[$0] != 1 && first[$0] == 1 }
    guard always || !(rows.isEmpty || columns.isEmpty) else { return nil }
    let batch = dims.filter { !rows.contains($0) && !columns.contains($0) }
    let type = DType.promote(a.dtype, b.dtype)
    guard type.isFloatingPoint else { return nil }
    let width = shape[rank - 1]
    func points(_ x: Tensor, _ sizes: [Int], _ dims: [Int], _ others: [Int]) -> Tensor {
        let order = batch + dims + others + [rank - 1]
        return x.to(type.computeType).reshape(sizes + [width]).permute(order)
            .reshape([batch.map { sizes[$0] }.reduce(1, *), dims.map { sizes[$0] }.reduce(1, *), width])
    }
    let (left, right) = (points(a, first, rows, columns), points(b, second, columns, rows))
    let distances = apply(PairDistance(p: p, shift: shift), left, right)
    let order = batch + rows + columns
    return distances.reshape(order.map { shape[$0] }).permute(dims.map { order.firstIndex(of: $0)! }).to(type)
}

/// The bilinear transformation `y[k] = aᵀ W[k] b + bias[k]`.
///
/// Shapes: `a [*, I]`, `b [*, J]`, `weight [K, I, J]`, `bias [K]` or none `-> [*, K]`.
///
/// - Parameters:
///   - a: the first input.
///   - b: the second input.
///   - weight: the learnable matrices `W[k]`.
///   - bias: the learnable bias. Default: none.
public func bilinear(_ a: Tensor, _ b: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    if isAutocasting { return withoutAutocast { bilinear(a, b, weight, bias) } }
    return orFail(like: a) { () throws(TensorError) in
        let all = [a, b, weight, bias].compactMap { $0 }
        if let placeholder = all.first(where: \.isPlaceholder) { return placeholder }
        guard weight.rank == 3, a.rank > 0, a.rank == b.rank,
            Array(a.shape.dropLast()) == Array(b.shape.dropLast()),
            a.layout.shape[a.rank - 1] == weight.layout.shape[1], b.layout.shape[b.rank - 1] == weight.layout.shape[2]
        else {
            throw TensorError(
                .shape, in: "bilinear", "the shapes do not match", expected: "[*, I], [*, J] and a weight [K, I, J]",
                operands: [a, b, weight])
        }
        let (k, i, j) = (weight.layout.shape[0], weight.layout.shape[1], weight.layout.shape[2])
        let lead = Array(a.shape.dropLast())
        let rows = lead.reduce(1, *)
        // `a W` for all outputs in one product, then the sum over `b`.
        let left = matmul(a.reshape([rows, i]), weight.permute(1, 0, 2).reshape([i, k * j]))
        var y = matmul(left.reshape([rows, k, j]), b.reshape([rows, j, 1])).reshape(lead + [k])
        if let bias { y = y + bias }
        return y
    }
}

extension Tensor {
    /// The tensor if it is floating point, else converted to float32.
    package var floatingPoint: Tensor { dtype.isDifferentiable || isPlaceholder ? self : to(.default) }
}
