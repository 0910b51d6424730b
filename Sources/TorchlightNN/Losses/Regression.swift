import TorchlightCore

/// Returns the mean squared error: `(input − target)²`, reduced.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. Both operands must be floating point. Differences from
/// PyTorch: the operands do not broadcast, and an integer target, which looks like class indices, is an error.
///
/// - Parameter reduction: The reduction over the elements. Default: `.mean`.
public func mseLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    elementwise("mseLoss", input, target, reduction) { input, target in
        let difference = input - target
        return difference * difference
    }
}

/// Returns the mean absolute error: `|input − target|`, reduced.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. Both operands must be floating point and do not
/// broadcast.
///
/// - Parameter reduction: The reduction over the elements. Default: `.mean`.
public func l1Loss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    elementwise("l1Loss", input, target, reduction, allowsComplex: true) { ($0 - $1).abs() }
}

/// Returns the smooth L1 loss, for `d = input − target`: `d²/(2β)` where `|d| < β`, `|d| − β/2` elsewhere (Girshick, 2015).
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. Both operands must be floating point and do not
/// broadcast. It equals ``huberLoss(_:_:reduction:delta:)`` with δ = β, divided by β.
///
/// - Parameters:
///   - reduction: The reduction over the elements. Default: `.mean`.
///   - beta: The absolute difference at which the loss changes from squared to linear, at least 0. Default: 1. With 0 it is
///     ``l1Loss(_:_:reduction:)``.
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
        let isSmall = noGrad { distance < beta }
        // Large errors are excluded from the square, where the derivative of the branch that is not taken may be NaN.
        let near = distance.maskedFill(isSmall.logicalNot(), 0)
        return Tensor.where(isSmall, near * near * (0.5 / beta), distance - 0.5 * beta)
    }
}

/// Returns the Huber loss, for `d = input − target`: `d²/2` where `|d| ≤ δ`, `δ (|d| − δ/2)` elsewhere (Huber, 1964).
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. Both operands must be floating point and do not
/// broadcast.
///
/// - Parameters:
///   - reduction: The reduction over the elements. Default: `.mean`.
///   - delta: The absolute difference at which the loss changes from squared to linear, above 0. Default: 1.
public func huberLoss(
    _ input: Tensor, _ target: Tensor, reduction: Reduction = .mean, delta: Double = 1
) -> Tensor {
    guard delta > 0 else {
        return fail(TensorError(.value, in: "huberLoss", "delta is not positive", got: "\(delta)", expected: "above 0"))
    }
    return elementwise("huberLoss", input, target, reduction) { input, target in
        let distance = (input - target).abs()
        let isSmall = noGrad { distance <= delta }
        let near = distance.maskedFill(isSmall.logicalNot(), 0)
        return Tensor.where(isSmall, near * near * 0.5, (distance - 0.5 * delta) * delta)
    }
}

/// Returns an element-wise loss: checks the operands, applies the formula and reduces the result.
func elementwise(
    _ operation: String, _ input: Tensor, _ target: Tensor, _ reduction: Reduction, allowsComplex: Bool = false,
    _ formula: (Tensor, Tensor) -> Tensor
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            elementwise(operation, $0(input), $0(target), reduction, allowsComplex: allowsComplex, formula)
        }
    }
    if let error = elementwiseLossError(operation, input, target, allowsComplex: allowsComplex) { return fail(error) }
    return reduction(formula(input, target))
}
