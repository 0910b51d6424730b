// Distances and similarities of vectors.

/// The p-norm of the difference of two vectors, `norm(a - b + eps, p)`, over the last dimension.
///
/// Shapes: `[*, D]` and `[*, D]`, which broadcast, `-> [*]`. Integers count as float32.
public func pairwiseDistance(
    _ a: Tensor, _ b: Tensor, p: Double = 2, eps: Double = 1e-6, keepdim: Bool = false
) -> Tensor {
    if a.isPlaceholder || b.isPlaceholder { return a.isPlaceholder ? a : b }
    guard a.rank > 0 || b.rank > 0 else {
        return fail(
            TensorError(
                .shape, in: "pairwiseDistance", "there is no dimension to measure along", expected: "[*, D]",
                operands: [a, b]), like: a)
    }
    return (a - b + eps).norm(p: p, dim: -1, keepdim: keepdim)
}

/// The cosine of the angle between vectors: `a . b / (max(|a|, eps) max(|b|, eps))` along a dimension.
///
/// The shapes broadcast; the dimension is that of the broadcast shape.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, dim: Int = 1, eps: Double = 1e-8) -> Tensor {
    if a.isPlaceholder || b.isPlaceholder { return a.isPlaceholder ? a : b }
    guard let shape = Layout.broadcast(a.layout.shape, b.layout.shape) else {
        return fail(
            TensorError(
                .shape, in: "cosineSimilarity", "the shapes do not broadcast", expected: "equal sizes, or 1",
                operands: [a, b]), like: a)
    }
    let (a, b) = (a.floatingPoint.expand(Array(shape)), b.floatingPoint.expand(Array(shape)))
    func unit(_ x: Tensor) -> Tensor { x / x.norm(p: 2, dim: dim, keepdim: true).clamp(min: eps) }
    return (unit(a) * unit(b)).sum(dim: dim)
}

/// The p-norm of the difference of every pair of rows: `out[*, i, j] = norm(a[*, i] - b[*, j], p)`.
///
/// Shapes: `a [*, n, D]`, `b [*, m, D] -> [*, n, m]`; the leading dimensions broadcast. Floating point.
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
        return distance(a.unsqueeze(-2) - b.unsqueeze(-3), p)
    }
}

/// The p-norm of the difference of each pair of rows `i < j`, in the order (0, 1), (0, 2), ...: `[n, D] -> [n (n - 1) / 2]`.
public func pdist(_ x: Tensor, p: Double = 2) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        try checkFloating(x, in: "pdist")
        guard x.rank == 2 else {
            throw TensorError(.shape, in: "pdist", "the input is no list of rows", expected: "[n, D]", operands: [x])
        }
        guard p >= 0 else {
            throw TensorError(.value, in: "pdist", "p is negative", got: "\(p)", expected: "at least 0", operands: [x])
        }
        let n = x.layout.shape[0]
        var (first, second): ([Int], [Int]) = ([], [])
        for i in 0..<n {
            for j in (i + 1)..<Swift.max(n, i + 1) {
                first.append(i)
                second.append(j)
            }
        }
        let difference =
            x.indexSelect(0, Tensor(first, shape: [first.count], device: x.device))
            - x.indexSelect(0, Tensor(second, shape: [second.count], device: x.device))
        return distance(difference, p)
    }
}

/// The p-norm of the last dimension, with the gradients of a distance: 0 for `p = 0`, where the norm counts.
private func distance(_ difference: Tensor, _ p: Double) -> Tensor {
    if p == .infinity { return largestDifference(difference) }
    let norm = difference.norm(p: p, dim: -1)
    guard p == 0, difference.requiresGrad else { return norm }
    return norm + difference.maskedFill(Tensor(true), 0).sum(dim: -1)
}

/// The largest `|x|` of the last dimension. Where several are largest each gets the whole gradient, as a distance has it.
private func largestDifference(_ x: Tensor) -> Tensor {
    guard x.requiresGrad && isGradEnabled else { return x.abs().amax(dim: -1) }
    let magnitude = x.abs()
    let ties = noGrad { (magnitude .== magnitude.amax(dim: -1, keepdim: true)).to(x.dtype).sum(dim: -1) }
    let largest = magnitude.amax(dim: -1)
    // amax shares the gradient among ties: what it lacks is added without changing the value.
    return largest * ties - (largest * (ties - 1)).detach()
}

/// A bilinear form of two vectors for each output: `y[k] = a W[k] b + bias[k]`.
///
/// Shapes: `a [*, I]`, `b [*, J]`, `weight [K, I, J]`, `bias [K]` or none `-> [*, K]`.
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
                .shape, in: "bilinear", "the operands do not fit", expected: "[*, I], [*, J] and a weight [K, I, J]",
                operands: [a, b, weight])
        }
        let (k, i, j) = (weight.layout.shape[0], weight.layout.shape[1], weight.layout.shape[2])
        let lead = Array(a.shape.dropLast())
        let rows = lead.reduce(1, *)
        // a W for all outputs in one product, then the sum over b.
        let left = matmul(a.reshape([rows, i]), weight.permute(1, 0, 2).reshape([i, k * j]))
        var y = matmul(left.reshape([rows, k, j]), b.reshape([rows, j, 1])).reshape(lead + [k])
        if let bias { y = y + bias }
        return y
    }
}

extension Tensor {
    /// The tensor itself where it is floating point, else as float32.
    package var floatingPoint: Tensor { dtype.isFloatingPoint || isPlaceholder ? self : to(.float32) }
}
