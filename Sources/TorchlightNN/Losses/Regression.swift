import TorchlightCore

/// The squared difference: (input − target)².
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. Both floating point: integers, which look like class
/// labels, are refused.
public func mseLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    elementwise("mseLoss", input, target, reduction) { input, target in
        let difference = input - target
        return difference * difference
    }
}

/// The absolute difference: |input − target|.
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`.
public func l1Loss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    elementwise("l1Loss", input, target, reduction) { ($0 - $1).abs() }
}

/// Squared near zero and absolute beyond: d²/(2β) where |d| < β, |d| − β/2 elsewhere (Girshick 2015).
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. β is not negative; 0 gives ``l1Loss(_:_:reduction:)``.
public func smoothL1Loss(
    _ input: Tensor, _ target: Tensor, reduction: Reduction = .mean, beta: Double = 1
) -> Tensor {
    guard beta >= 0 else {
        return fail(
            TensorError(.value, in: "smoothL1Loss", "beta is negative", got: "\(beta)", expected: "at least 0"))
    }
    if beta == 0 { return l1Loss(input, target, reduction: reduction) }
    return elementwise("smoothL1Loss", input, target, reduction) { input, target in
        let distance = (input - target).abs()
        return Tensor.where(distance < beta, distance * distance * (0.5 / beta), distance - 0.5 * beta)
    }
}

/// Squared near zero and absolute beyond: d²/2 where |d| ≤ δ, δ(|d| − δ/2) elsewhere (Huber 1964).
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. δ is positive.
public func huberLoss(
    _ input: Tensor, _ target: Tensor, reduction: Reduction = .mean, delta: Double = 1
) -> Tensor {
    guard delta > 0 else {
        return fail(TensorError(.value, in: "huberLoss", "delta is not positive", got: "\(delta)", expected: "above 0"))
    }
    return elementwise("huberLoss", input, target, reduction) { input, target in
        let distance = (input - target).abs()
        return Tensor.where(distance <= delta, distance * distance * 0.5, (distance - 0.5 * delta) * delta)
    }
}

/// An element-wise loss: checks, formula, reduction.
func elementwise(
    _ operation: String, _ input: Tensor, _ target: Tensor, _ reduction: Reduction,
    _ formula: (Tensor, Tensor) -> Tensor
) -> Tensor {
    if isAutocasting { return inFloat32 { elementwise(operation, $0(input), $0(target), reduction, formula) } }
    if let error = elementwiseLossError(operation, input, target) { return fail(error) }
    return reduction(formula(input, target))
}
