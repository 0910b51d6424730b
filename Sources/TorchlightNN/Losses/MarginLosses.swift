import TorchlightCore

// Losses of margins: how far a score is from where it should be, and 0 beyond.

/// The logistic loss of a sign: log(1 + e^(−y x)) for targets y of 1 and −1.
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. The values of the targets are not checked, here as in the
/// other losses of this file whose targets are 1 and −1: an element with another target adds what the formula gives.
public func softMarginLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    if isAutocasting { return inFloat32 { softMarginLoss($0(input), $0(target), reduction: reduction) } }
    if let error = shapesError("softMarginLoss", [input, target]) { return fail(error) }
    return reduction(softplus(-(input * target)))
}

/// Which of two scores should be higher: max(0, −y (x1 − x2) + margin), y being 1 for the first and −1 for the second.
///
/// Shapes: all `[*]`, equal; a number, or `[*]` with `none`.
public func marginRankingLoss(
    _ input1: Tensor, _ input2: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 { marginRankingLoss($0(input1), $0(input2), $0(target), margin: margin, reduction: reduction) }
    }
    if let error = shapesError("marginRankingLoss", [input1, input2, target]) { return fail(error) }
    return reduction((-target * (input1 - input2) + margin).clamp(min: 0))
}

/// A distance that should be small for targets of 1 and above the margin for targets of −1: x, or max(0, margin − x).
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`.
public func hingeEmbeddingLoss(
    _ input: Tensor, _ target: Tensor, margin: Double = 1, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 { hingeEmbeddingLoss($0(input), $0(target), margin: margin, reduction: reduction) }
    }
    if let error = shapesError("hingeEmbeddingLoss", [input, target]) { return fail(error) }
    let apart = (margin - input).clamp(min: 0).maskedFill(target .== 1, 0)
    return reduction(apart + input.maskedFill(target .== -1, 0))
}

/// The angle of two vectors: 1 − cos for targets of 1, max(0, cos − margin) for targets of −1.
///
/// Shapes: `[N, D]`, `[N, D]` and `[N]`, or `[D]`, `[D]` and one target; a number, or `[N]` with `none`.
public func cosineEmbeddingLoss(
    _ input1: Tensor, _ input2: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            cosineEmbeddingLoss($0(input1), $0(input2), $0(target), margin: margin, reduction: reduction)
        }
    }
    let name = "cosineEmbeddingLoss"
    if let error = shapesError(name, [input1, input2]) { return fail(error) }
    if target.isPlaceholder { return target }
    guard target.rank <= 1, input1.rank == target.rank + 1, Array(input1.shape.dropLast()) == target.shape else {
        return fail(
            TensorError(
                .shape, in: name, "the targets do not fit the vectors",
                expected: "[N, D], [N, D] and [N], or [D], [D] and []", operands: [input1, input2, target]))
    }
    let (a, b) = (input1.floatingPoint, input2.floatingPoint)
    /// Divided by sqrt(|x|^2 + 1e-12), in which nothing overflows.
    func unit(_ x: Tensor) -> Tensor {
        x / x.norm(dim: -1, keepdim: true).hypot(Tensor.full([], 1e-6, dtype: x.dtype, device: x.device))
    }
    let cosine = (unit(a) * unit(b)).sum(dim: -1)
    let together = (1 - cosine).maskedFill(target .!= 1, 0)
    let apart = (cosine - margin).clamp(min: 0).maskedFill(target .!= -1, 0)
    return reduction(together + apart)
}

/// The multi-class hinge: Σ max(0, margin − x[y] + x[j])^p / C over the other classes j.
///
/// Shapes: `[N, C]` and `[N]`, or `[C]` and one class; a number, or `[N]` with `none`. p is 1 or 2.
///
/// - Parameter weight: a factor for each class, `[C]`.
public func multiMarginLoss(
    _ input: Tensor, _ target: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil,
    reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            multiMarginLoss($0(input), $0(target), p: p, margin: margin, weight: weight.map($0), reduction: reduction)
        }
    }
    let name = "multiMarginLoss"
    if input.isPlaceholder || target.isPlaceholder { return input.isPlaceholder ? input : target }
    guard p == 1 || p == 2 else {
        return fail(TensorError(.value, in: name, "the power is neither 1 nor 2", got: "\(p)", expected: "1 or 2"))
    }
    let isOne = input.rank < 2
    guard input.rank <= 2, input.count > 0 || !isOne,
        isOne ? target.shape == [] || target.shape == [1] : target.shape == [input.shape[0]]
    else {
        return fail(
            TensorError(
                .shape, in: name, "the classes do not fit the scores", expected: "[N, C] and [N], or [C] and one class",
                operands: [input, target]))
    }
    guard target.dtype.isInteger else {
        return fail(
            TensorError(
                .dtype, in: name, "the target does not hold class numbers", expected: "an integer dtype",
                operands: [input, target]))
    }
    let classes = input.rank == 0 ? 1 : input.shape[input.rank - 1]
    if let weight, weight.shape != [classes] {
        return fail(
            TensorError(
                .shape, in: name, "the weight does not have one number a class", expected: "[\(classes)]",
                operands: [input, weight]))
    }
    let rows = input.reshape(-1, classes)
    let labels = target.to(.int64).reshape(-1)
    if let error = labelError(name, labels, classes: classes, ignoreIndex: nil) { return fail(error) }
    let column = labels.unsqueeze(1)
    var terms = (margin - rows.gather(1, column) + rows).relu()
    if p == 2 { terms = terms * terms }
    if let weight { terms = terms * weight.indexSelect(0, labels).unsqueeze(1) }
    let own = noGrad {
        Tensor.zeros([labels.count, classes], dtype: .bool, device: input.device).scatter(1, column, true)
    }
    let losses = terms.maskedFill(own, 0).sum(dim: 1) / Double(classes)
    return reduction(target.rank == 0 ? losses.reshape([]) : losses)
}

/// The hinge between every label of a row and every class that is none: Σ max(0, 1 − (x[y] − x[i])) / C.
///
/// Shapes: `[N, C]` and `[N, C]`, or `[C]` and `[C]`; a number, or `[N]` with `none`. The labels of a row are the numbers
/// before the first negative one.
public func multilabelMarginLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    if isAutocasting { return inFloat32 { multilabelMarginLoss($0(input), $0(target), reduction: reduction) } }
    let name = "multilabelMarginLoss"
    if let error = shapesError(name, [input, target]) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    guard target.dtype.isInteger, input.rank <= 2 else {
        return fail(
            TensorError(
                target.dtype.isInteger ? .shape : .dtype, in: name, "the target does not hold labels of rows",
                expected: "class numbers of an integer dtype, [N, C] or [C]", operands: [input, target]))
    }
    let classes = input.rank == 0 ? 1 : input.shape[input.rank - 1]
    let rows = input.reshape(-1, classes)
    let labels = target.to(.int64).reshape(-1, classes)
    let counts = noGrad { (labels < 0).to(.int64).cumsum(dim: 1) .== 0 }
    let safe = noGrad { labels * counts.to(.int64) }
    if let error = labelError(name, safe.reshape(-1), classes: classes, ignoreIndex: nil) { return fail(error) }
    let isLabel = noGrad {
        Tensor.zeros([rows.shape[0], classes], dtype: .int64, device: input.device)
            .scatterAdd(1, safe, counts.to(.int64)) > 0
    }
    // The pairs of labels and other classes are as many as classes squared: a few labels at a time, whose terms the backward
    // pass computes again.
    let used =
        labels.device.hasValues && labels.count > 0
        ? Swift.max(1, noGrad { counts.sum(dim: 1).max().item(Int.self) }) : classes
    let step = Swift.max(1, 64 / Swift.max(classes, 1))
    var sum: Tensor?
    for start in stride(from: 0, to: used, by: step) {
        let few = Swift.min(step, used - start)
        let part =
            checkpoint(rows, preserveRandomState: false) { rows in
                let own = rows.gather(1, safe.narrow(1, start: start, length: few)).unsqueeze(2)
                let isPair = noGrad {
                    counts.narrow(1, start: start, length: few).unsqueeze(2).logicalAnd(
                        isLabel.logicalNot().unsqueeze(1))
                }
                return (1 - (own - rows.unsqueeze(1))).relu().maskedFill(isPair.logicalNot(), 0).sum(dim: [1, 2])
            }
        sum = sum.map { $0 + part } ?? part
    }
    let losses = (sum ?? Tensor.zeros([rows.shape[0]], dtype: rows.dtype, device: rows.device)) / Double(classes)
    return reduction(input.rank < 2 ? losses.reshape([]) : losses)
}

/// The mean over classes of the cross entropy of each class on its own.
///
/// Shapes: `[*, C]` and `[*, C]`, equal; a number, or `[*]` with `none`. Targets from 0 to 1.
///
/// - Parameter weight: a factor for each class.
public func multilabelSoftMarginLoss(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean
) -> Tensor {
    if let error = shapesError("multilabelSoftMarginLoss", [input, target]) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    var losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if let weight { losses = losses * weight }
    return reduction(losses.mean(dim: -1))
}

/// What losses of several operands of one shape check.
func shapesError(_ operation: String, _ operands: [Tensor]) -> TensorError? {
    guard !operands.contains(where: \.isPlaceholder), let first = operands.first else { return nil }
    guard operands.allSatisfy({ $0.shape == first.shape }) else {
        return TensorError(
            .shape, in: operation, "the operands differ in shape, and losses do not broadcast",
            expected: "equal shapes", fix: "expand what is to be broadcast first, with expand(as:)",
            operands: operands)
    }
    return nil
}
