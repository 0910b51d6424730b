import TorchlightCore

/// The negative log likelihood of a sequence of labels given what each step says, whatever the alignment: connectionist
/// temporal classification (Graves et al. 2006).
///
/// Shapes: `logProbs [T, N, C]` or `[T, C]`, from `logSoftmax`; targets `[N, S]`, `[S]`, or all samples' labels in one list;
/// lengths `[N]`, or one each. A number, or `[N]` with `none`. The mean is of each sample's loss divided by its number of
/// labels. The gradient takes for granted that the log probabilities come from a log-softmax.
///
/// - Parameters:
///   - blank: the class that stands for "no label".
///   - zeroInfinity: losses of targets that do not fit their input, which are infinite, become 0.
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

/// ``ctcLoss(_:_:_:_:blank:reduction:zeroInfinity:)`` with lengths as integer tensors. Where the labels of all samples are in
/// one list, the target lengths are read on the host.
public func ctcLoss(
    _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: Tensor, _ targetLengths: Tensor, blank: Int = 0,
    reduction: Reduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
    if let placeholder = [logProbs, inputLengths, targetLengths].first(where: \.isPlaceholder) { return placeholder }
    guard inputLengths.dtype.isInteger, targetLengths.dtype.isInteger else {
        return fail(
            TensorError(
                .dtype, in: "ctcLoss", "the lengths are not integers", expected: "an integer dtype",
                operands: [inputLengths, targetLengths]))
    }
    let lengths = targetLengths.to(.int64).reshape(-1)
    return ctcLoss(
        logProbs, targets, inputLengths.to(.int64).reshape(-1).to(logProbs.device), lengths.to(logProbs.device),
        labelCounts: targets.rank == 1 ? lengths.toArray(Int.self) : nil, blank: blank, reduction: reduction,
        zeroInfinity: zeroInfinity)
}

/// - Parameter labelCounts: the target lengths on the host, for targets in one list.
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
                targets.dtype.isInteger ? .shape : .dtype, in: "ctcLoss", "the targets do not go with the steps",
                expected: "log probabilities [T, N, C] or [T, C], and integers [N, S] or [total]",
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

/// The labels of samples that lie one after another, `[total] -> [N, longest]`.
private func rows(of labels: Tensor, lengths: [Int]) throws(TensorError) -> Tensor {
    var starts: [Int] = []
    var start = 0
    for (n, length) in lengths.enumerated() {
        guard length >= 0, length <= labels.count - start else {
            throw TensorError(
                .value, in: "ctcLoss", "the target length of sample \(n) does not fit the targets", got: "\(length)",
                expected: "0 ... \(labels.count - start), the labels that are left", operands: [labels])
        }
        starts.append(start)
        start += length
    }
    let longest = lengths.max() ?? 0
    let shape = [lengths.count, longest]
    try checkListSize(lengths.count *| longest, bytesEach: MemoryLayout<Int>.size, in: "ctcLoss")
    let places = zip(starts, lengths).flatMap { start, length in (0..<longest).map { $0 < length ? start + $0 : 0 } }
    if places.isEmpty { return Tensor.zeros(shape, dtype: .int64, device: labels.device) }
    return labels.indexSelect(0, Tensor(places, shape: [places.count], device: labels.device)).reshape(shape)
}
