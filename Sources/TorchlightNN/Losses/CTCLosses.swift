import TorchlightCore

/// Returns the connectionist temporal classification (CTC) loss: the negative log likelihood of a target sequence, summed
/// over all alignments with the input sequence (Graves et al., 2006).
///
/// Shapes, with T input steps, N samples, C classes and S targets: `logProbs` `[T, N, C]` or `[T, C]`; `targets` `[N, S]`,
/// padded, or the targets of all samples concatenated, `[total]`; `inputLengths` and `targetLengths` with one element for
/// each sample. The result is a scalar, or `[N]` with `.none`.
///
/// The backward pass assumes that the log probabilities are the result of `logSoftmax`.
///
/// - Parameters:
///   - logProbs: Log probabilities of the classes at each step, as returned by `logSoftmax`.
///   - targets: Class indices of an integer dtype, without blanks.
///   - inputLengths: The number of steps of each sample, at most T.
///   - targetLengths: The number of targets of each sample.
///   - blank: The class index of the blank label. Default: 0.
///   - reduction: `.mean` (the default) divides the loss of each sample by its target length, then averages over the batch.
///   - zeroInfinity: Whether infinite losses and their gradients become 0. A loss is infinite if the target sequence is too
///     long for the input sequence. Default: false.
public func ctcLoss(
    _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: [Int], _ targetLengths: [Int], blank: Int = 0,
    reduction: Reduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
    if logProbs.isPlaceholder { return logProbs }
    func onDevice(_ lengths: [Int]) -> Tensor { Tensor(lengths, shape: [lengths.count], device: logProbs.device) }
    return ctcLoss(
        logProbs, targets, onDevice(inputLengths), onDevice(targetLengths), labelCounts: targetLengths, blank: blank,
        reduction: reduction, zeroInfinity: zeroInfinity)
}

/// Returns the CTC loss, as ``ctcLoss(_:_:_:_:blank:reduction:zeroInfinity:)``, with the lengths as integer tensors `[N]`.
/// If the targets are concatenated, the target lengths are copied to the host.
public func ctcLoss(
    _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: Tensor, _ targetLengths: Tensor, blank: Int = 0,
    reduction: Reduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
    if let placeholder = [logProbs, inputLengths, targetLengths].first(where: \.isPlaceholder) { return placeholder }
    guard inputLengths.dtype.isInteger, targetLengths.dtype.isInteger else {
        return fail(
            TensorError(
                .dtype, in: "ctcLoss", "the lengths do not have an integer dtype", expected: "an integer dtype",
                operands: [inputLengths, targetLengths]))
    }
    let lengths = targetLengths.to(.int64).reshape(-1)
    return ctcLoss(
        logProbs, targets, inputLengths.to(.int64).reshape(-1).to(logProbs.device), lengths.to(logProbs.device),
        labelCounts: targets.rank == 1 ? lengths.toArray(Int.self) : nil, blank: blank, reduction: reduction,
        zeroInfinity: zeroInfinity)
}

/// - Parameter labelCounts: The target lengths on the host, for concatenated targets.
private func ctcLoss(
    _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: Tensor, _ targetLengths: Tensor, labelCounts: [Int]?,
    blank: Int, reduction: Reduction, zeroInfinity: Bool
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            ctcLoss(
                $0(logProbs), targets, inputLengths, targetLengths, labelCounts: labelCounts, blank: blank,
                reduction: reduction, zeroInfinity: zeroInfinity)
        }
    }
    if targets.isPlaceholder { return targets }
    guard targets.dtype.isInteger, targets.rank == 1 || targets.rank == 2, logProbs.rank == 2 || logProbs.rank == 3
    else {
        return fail(
            TensorError(
                targets.dtype.isInteger ? .shape : .dtype, in: "ctcLoss",
                "the log probabilities or the targets have the wrong number of dimensions or dtype",
                expected: "log probabilities [T, N, C] or [T, C], and targets of an integer dtype [N, S] or [total]",
                operands: [logProbs, targets]))
    }
    let isBatched = logProbs.rank == 3
    var labels = targets.to(.int64)
    if targets.rank == 1, let labelCounts {
        labels = orFail(like: targets) { () throws(TensorError) in try rows(of: labels, lengths: labelCounts) }
    }
    let losses = ctcLosses(
        isBatched ? logProbs : logProbs.unsqueeze(1), targets: labels, inputLengths: inputLengths,
        targetLengths: targetLengths, blank: blank, zeroInfinity: zeroInfinity)
    if losses.isPlaceholder { return losses }
    switch reduction {
    case .none: return isBatched ? losses : losses.squeeze(0)
    case .sum: return losses.sum()
    case .mean: return (losses / targetLengths.clamp(min: 1).to(losses.dtype)).mean()
    }
}

/// Splits concatenated targets into one row for each sample, `[total] -> [N, longest]`.
private func rows(of labels: Tensor, lengths: [Int]) throws(TensorError) -> Tensor {
    var starts: [Int] = []
    var start = 0
    for (n, length) in lengths.enumerated() {
        guard length >= 0, length <= labels.count - start else {
            throw TensorError(
                .value, in: "ctcLoss", "the target length of sample \(n) is out of range", got: "\(length)",
                expected: "0 ... \(labels.count - start), the number of remaining targets", operands: [labels])
        }
        starts.append(start)
        start += length
    }
    let longest = lengths.max() ?? 0
    let shape = [lengths.count, longest]
    try checkListSize(lengths.count *| longest, bytesEach: MemoryLayout<Int>.size, in: "ctcLoss")
    let labelIndices = zip(starts, lengths).flatMap { start, length in
        (0..<longest).map { $0 < length ? start + $0 : 0 }
    }
    if labelIndices.isEmpty { return Tensor.zeros(shape, dtype: .int64, device: labels.device) }
    return labels.indexSelect(0, Tensor(labelIndices, shape: [labelIndices.count], device: labels.device)).reshape(
        shape)
}
