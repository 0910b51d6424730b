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
    if isAutocasting {
        return inFloat32 {
            ctcLoss(
                $0(logProbs), targets, inputLengths, targetLengths, blank: blank, reduction: reduction,
                zeroInfinity: zeroInfinity)
        }
    }
    if logProbs.isPlaceholder || targets.isPlaceholder { return logProbs.isPlaceholder ? logProbs : targets }
    guard targets.dtype.isInteger, targets.rank <= 2, logProbs.rank == 2 || logProbs.rank == 3 else {
        return fail(
            TensorError(
                targets.dtype.isInteger ? .shape : .dtype, in: "ctcLoss", "the targets do not go with the steps",
                expected: "log probabilities [T, N, C] or [T, C], and integers [N, S] or [total]",
                operands: [logProbs, targets]))
    }
    let isBatched = logProbs.rank == 3
    let labels = targets.to(.int64).toArray(Int.self)
    var offsets: [Int] = []
    if targets.rank == 2 {
        offsets = (0..<targets.shape[0]).map { $0 * targets.shape[1] }
        for length in targetLengths where length > targets.shape[1] {
            return fail(
                TensorError(
                    .value, in: "ctcLoss", "a target length is larger than the targets are wide", got: "\(length)",
                    expected: "at most \(targets.shape[1])", operands: [targets]))
        }
    } else {
        var start = 0
        for length in targetLengths {
            offsets.append(start)
            start += length
        }
    }
    let losses = ctcLosses(
        isBatched ? logProbs : logProbs.unsqueeze(1), targets: labels, offsets: offsets, targetLengths: targetLengths,
        inputLengths: inputLengths, blank: blank, zeroInfinity: zeroInfinity)
    if losses.isPlaceholder { return losses }
    switch reduction {
    case .none: return isBatched ? losses : losses.squeeze(0)
    case .sum: return losses.sum()
    case .mean:
        let lengths = Tensor(
            targetLengths.map { Double(Swift.max($0, 1)) }, shape: [targetLengths.count], device: losses.device)
        return (losses / lengths.to(losses.dtype)).mean()
    }
}

/// ``ctcLoss(_:_:_:_:blank:reduction:zeroInfinity:)`` with lengths as integer tensors.
public func ctcLoss(
    _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: Tensor, _ targetLengths: Tensor, blank: Int = 0,
    reduction: Reduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
    if let placeholder = [inputLengths, targetLengths].first(where: \.isPlaceholder) { return placeholder }
    guard inputLengths.dtype.isInteger, targetLengths.dtype.isInteger else {
        return fail(
            TensorError(
                .dtype, in: "ctcLoss", "the lengths are not integers", expected: "an integer dtype",
                operands: [inputLengths, targetLengths]))
    }
    return ctcLoss(
        logProbs, targets, inputLengths.to(.int64).reshape(-1).toArray(Int.self),
        targetLengths.to(.int64).reshape(-1).toArray(Int.self), blank: blank, reduction: reduction,
        zeroInfinity: zeroInfinity)
}
