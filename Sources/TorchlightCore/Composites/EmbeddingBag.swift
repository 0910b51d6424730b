/// How ``embeddingBag(_:_:offsets:mode:perSampleWeights:includeLastOffset:paddingIdx:maxNorm:normType:scaleGradByFreq:)``
/// brings the rows of a bag together.
public enum EmbeddingBagMode: String, Sendable, Hashable {
    /// Their sum.
    case sum
    /// Their mean.
    case mean
    /// Their largest elements.
    case max
}

/// The sum, mean or maximum of rows of a table for each bag of row numbers.
///
/// Shapes: `indices [B, n]`, each row a bag; or `[total]` with `offsets [B]`, where each bag begins. `weight
/// [rows, width] -> [B, width]`. An empty bag gives zeros.
///
/// - Parameters:
///   - perSampleWeights: a factor for each row number, in the shape of the indices; with `sum` only.
///   - includeLastOffset: the last offset is the end of the last bag.
///   - paddingIdx: a row that takes no part; negative ones count from the end.
///   - maxNorm: rows named by the indices are first scaled down, in the table itself, to this `normType`-norm.
///   - scaleGradByFreq: divides the gradient of a row by how often it is named.
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
                .shape, in: name, "the table is not a matrix", expected: "[rows, width]", operands: [index, weight])
        }
        let starts = try bagStarts(index, offsets, includeLastOffset)
        if let perSampleWeights {
            guard mode == .sum, perSampleWeights.layout.shape == indices.layout.shape else {
                throw TensorError(
                    .value, in: name, "weights of the samples do not go with these indices or this mode",
                    got: "mode \(mode.rawValue)", expected: "mode sum and weights of the shape of the indices",
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
        var owners: [Int] = []
        owners.reserveCapacity(flat.count)
        for bag in 0..<bags { owners += Array(repeating: bag, count: starts[bag + 1] - starts[bag]) }
        let owner = Tensor(owners, shape: [owners.count], device: weight.device)
        let counted = padding.map { row in noGrad { flat .!= row } }
        return combine(table, flat, owner, bags, mode, perSampleWeights?.reshape([-1]), counted)
    }
}

/// Brings rows `[n, width]` of bags `owner [n]` together; rows that are not counted take no part.
private func combine(
    _ rows: Tensor, _ flat: Tensor, _ owner: Tensor, _ bags: Int, _ mode: EmbeddingBagMode, _ factors: Tensor?,
    _ counted: Tensor?
) -> Tensor {
    let width = rows.layout.shape[1]
    var rows = rows
    if let factors { rows = rows * factors.to(rows.dtype).unsqueeze(-1) }
    if mode == .max {
        // The first row of the bag that holds the largest element of its column.
        let least = -Double.infinity
        let candidates = noGrad { () -> Tensor in
            let values = rows.detach()
            return counted.map { values.maskedFill($0.logicalNot().unsqueeze(-1), least) } ?? values
        }
        let place = noGrad { () -> Tensor in
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
        // Empty bags take from a row of zeros behind the last one.
        let zeros = Tensor.zeros([1, width], dtype: rows.dtype, device: rows.device)
        return cat([rows, zeros], dim: 0).gather(0, place)
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

/// Where each bag begins, and where the last one ends.
private func bagStarts(_ index: Tensor, _ offsets: Tensor?, _ includeLast: Bool) throws(TensorError) -> [Int] {
    let name = "embeddingBag"
    if index.rank == 2 {
        guard offsets == nil else {
            throw TensorError(
                .value, in: name, "rows of indices are bags already, and there are offsets too",
                expected: "offsets for one-dimensional indices only", operands: [index])
        }
        let (bags, width) = (index.layout.shape[0], index.layout.shape[1])
        return (0...bags).map { $0 * width }
    }
    guard index.rank == 1, let offsets, offsets.rank == 1 else {
        throw TensorError(
            .shape, in: name, "it is not clear where the bags begin",
            expected: "indices [B, n], or [total] with offsets [B]", operands: [index])
    }
    var starts = try indexOperand(offsets, in: name).toArray(Int.self)
    if !includeLast { starts.append(index.count) }
    let isRising = zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
    guard starts.first ?? 0 == 0, isRising, (starts.last ?? 0) <= index.count else {
        throw TensorError(
            .value, in: name, "the offsets do not cut the indices into bags", got: "\(starts)",
            expected: "0 first, never falling, and at most \(index.count)", operands: [index])
    }
    return starts.isEmpty ? [0] : starts
}
