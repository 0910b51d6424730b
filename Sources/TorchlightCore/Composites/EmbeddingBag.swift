/// The reduction of the rows of a bag in
/// ``embeddingBag(_:_:offsets:mode:perSampleWeights:includeLastOffset:paddingIdx:maxNorm:normType:scaleGradByFreq:)``.
public enum EmbeddingBagMode: String, Sendable, Hashable {
    /// The sum of the rows.
    case sum
    /// The mean of the rows.
    case mean
    /// The element-wise maximum of the rows.
    case max
}

/// Computes the sum, mean or maximum of embeddings for each bag of indices, without a tensor of all embeddings in the
/// result.
///
/// Shapes: `indices [B, n]`, each row a bag; or `[total]` with `offsets [B]`, the start of each bag. `weight [num,
/// dim]`; the result is `[B, dim]`. An empty bag gives zeros.
///
/// - Parameters:
///   - mode: the reduction. Default: `.mean`.
///   - perSampleWeights: a factor for each index, with the shape of the indices; with `.sum` only.
///   - includeLastOffset: whether the last offset is the end of the last bag. Default: false.
///   - paddingIdx: an index that is ignored; a negative one counts from the end.
///   - maxNorm: rows at the indices whose `normType`-norm is larger are scaled down to this norm, in place in `weight`.
///   - normType: the order of the norm for `maxNorm`. Default: 2.
///   - scaleGradByFreq: whether to divide the gradient of a row by the number of its occurrences in the indices.
///     Default: false.
public func embeddingBag(
    _ indices: Tensor, _ weight: Tensor, offsets: Tensor? = nil, mode: EmbeddingBagMode = .mean,
    perSampleWeights: Tensor? = nil, includeLastOffset: Bool = false, paddingIdx: Int? = nil, maxNorm: Double? = nil,
    normType: Double = 2, scaleGradByFreq: Bool = false
) -> Tensor {
    orFail(like: indices) { () throws(TensorError) in
        let all = [indices, weight, offsets, perSampleWeights].compactMap { $0 }
        if let placeholder = all.first(where: \.isPlaceholder) { return placeholder }
        let name = "embeddingBag"
        let index = try indexOperand(indices, in: name)
        guard weight.rank == 2 else {
            throw TensorError(
                .shape, in: name, "the weight is not a matrix", expected: "[num, dim]", operands: [index, weight])
        }
        let starts = try bagStarts(index, offsets, includeLastOffset)
        if let perSampleWeights {
            guard mode == .sum, perSampleWeights.layout.shape == indices.layout.shape else {
                throw TensorError(
                    .value, in: name, "perSampleWeights needs mode sum and the shape of the indices",
                    got: "mode \(mode.rawValue)", expected: "mode sum, and weights with the shape of the indices",
                    operands: [indices, perSampleWeights])
            }
        }
        let rows = weight.layout.shape[0]
        let padding = paddingIdx.map { $0 < 0 ? $0 + rows : $0 }
        let flat = index.reshape([-1])
        let table = embedding(
            flat, weight, paddingIdx: padding, maxNorm: maxNorm, normType: normType,
            scaleGradByFreq: scaleGradByFreq)
        if table.isPlaceholder { return table }
        let bags = starts.count - 1
        let owner: Tensor
        if index.rank == 2 {
            owner = Tensor.arange(bags, device: weight.device).unsqueeze(1).expand(index.shape).reshape([-1])
        } else {
            var owners: [Int] = []
            owners.reserveCapacity(flat.count)
            for bag in 0..<bags { owners += Array(repeating: bag, count: starts[bag + 1] - starts[bag]) }
            owner = Tensor(owners, shape: [owners.count], device: weight.device)
        }
        let counted = padding.map { row in noGrad { flat .!= row } }
        return combine(table, flat, owner, bags, mode, perSampleWeights?.reshape([-1]), counted)
    }
}

/// Reduces rows `[n, width]` of bags `owner [n]`; rows that are not counted are ignored.
private func combine(
    _ rows: Tensor, _ flat: Tensor, _ owner: Tensor, _ bags: Int, _ mode: EmbeddingBagMode, _ factors: Tensor?,
    _ counted: Tensor?
) -> Tensor {
    let width = rows.layout.shape[1]
    var rows = rows
    if let factors { rows = rows * factors.to(rows.dtype).unsqueeze(-1) }
    if mode == .max {
        // The index of the first row of the bag with the maximum of its column.
        let least = -Double.infinity
        let candidates = noGrad { () -> Tensor in
            let values = rows.detach()
            return counted.map { values.maskedFill($0.logicalNot().unsqueeze(-1), least) } ?? values
        }
        let rowIndex = noGrad { () -> Tensor in
            let n = flat.count
            let wide = owner.unsqueeze(-1).expand([n, width])
            let top = Tensor.full([bags, width], least, dtype: rows.dtype, device: rows.device)
                .scatterReduce(0, wide, candidates, reduce: .amax)
            let isTop = (candidates .== top.gather(0, wide)).logicalAnd(candidates .!= least)
            let numbers = Tensor.where(
                isTop, Tensor.arange(n, device: rows.device).unsqueeze(-1).expand([n, width]), n)
            return Tensor.full([bags, width], n, dtype: .int64, device: rows.device).scatterReduce(
                0, wide, numbers, reduce: .amin)
        }
        // Empty bags gather from a row of zeros after the last one.
        let zeros = Tensor.zeros([1, width], dtype: rows.dtype, device: rows.device)
        return cat([rows, zeros], dim: 0).gather(0, rowIndex)
    }
    if let counted { rows = rows.maskedFill(counted.logicalNot().unsqueeze(-1), 0) }
    let sum = Tensor.zeros([bags, width], dtype: rows.dtype, device: rows.device).indexAdd(0, owner, rows)
    guard mode == .mean else { return sum }
    let counts = noGrad { () -> Tensor in
        let ones =
            counted.map { $0.to(rows.dtype) } ?? Tensor.ones([flat.count], dtype: rows.dtype, device: rows.device)
        return Tensor.zeros([bags], dtype: rows.dtype, device: rows.device).indexAdd(0, owner, ones).clamp(min: 1)
            .unsqueeze(-1)
    }
    return sum / counts
}

/// The start of each bag, and the end of the last one.
private func bagStarts(_ index: Tensor, _ offsets: Tensor?, _ includeLast: Bool) throws(TensorError) -> [Int] {
    let name = "embeddingBag"
    if index.rank == 2 {
        guard offsets == nil else {
            throw TensorError(
                .value, in: name, "offsets are given for 2-dimensional indices",
                expected: "offsets for one-dimensional indices only", operands: [index])
        }
        let (bags, width) = (index.layout.shape[0], index.layout.shape[1])
        try checkListSize(bags, bytesEach: MemoryLayout<Int>.stride, in: name)
        return (0...bags).map { $0 * width }
    }
    guard index.rank == 1, let offsets, offsets.rank == 1 else {
        throw TensorError(
            .shape, in: name, "the shapes of indices and offsets are invalid",
            expected: "indices [B, n], or [total] with offsets [B]", operands: [index])
    }
    var starts = try indexOperand(offsets, in: name).toArray(Int.self)
    if !includeLast { starts.append(index.count) }
    let isRising = zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
    guard starts.first ?? 0 == 0, isRising, (starts.last ?? 0) <= index.count else {
        throw TensorError(
            .value, in: name, "the offsets are invalid", got: "\(starts)",
            expected: "offsets that start with 0, do not decrease and are at most \(index.count)", operands: [index])
    }
    return starts.isEmpty ? [0] : starts
}
