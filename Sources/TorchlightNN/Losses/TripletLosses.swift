import TorchlightCore

/// How much nearer an anchor is to what is like it than to what is not: max(0, d(a, p) − d(a, n) + margin), d the p-norm
/// of the difference (Balntas et al. 2016).
///
/// Shapes: all `[N, D]` or `[D]`, equal; a number, or `[N]` with `none`.
///
/// - Parameter swap: takes the smaller of d(a, n) and d(p, n).
public func tripletMarginLoss(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Double = 1, p: Double = 2, eps: Double = 1e-6,
    swap: Bool = false, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            tripletMarginLoss(
                $0(anchor), $0(positive), $0(negative), margin: margin, p: p, eps: eps, swap: swap, reduction: reduction
            )
        }
    }
    return triplet("tripletMarginLoss", anchor, positive, negative, margin, swap, reduction) {
        pairwiseDistance($0, $1, p: p, eps: eps)
    }
}

/// ``tripletMarginLoss(_:_:_:margin:p:eps:swap:reduction:)`` with a distance of one's own.
///
/// - Parameter distance: the distances of the rows of two tensors; the Euclidean one where it is left out.
public func tripletMarginWithDistanceLoss(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, distance: ((Tensor, Tensor) -> Tensor)? = nil,
    margin: Double = 1, swap: Bool = false, reduction: Reduction = .mean
) -> Tensor {
    triplet(
        "tripletMarginWithDistanceLoss", anchor, positive, negative, margin, swap, reduction,
        distance ?? { pairwiseDistance($0, $1) })
}

private func triplet(
    _ operation: String, _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, _ margin: Double, _ swap: Bool,
    _ reduction: Reduction, _ distance: (Tensor, Tensor) -> Tensor
) -> Tensor {
    if let error = shapesError(operation, [anchor, positive, negative]) { return fail(error) }
    guard margin > 0 else {
        return fail(
            TensorError(.value, in: operation, "the margin is not positive", got: "\(margin)", expected: "above 0"))
    }
    let near = distance(anchor, positive)
    var far = distance(anchor, negative)
    if swap { far = minimum(far, distance(positive, negative)) }
    return reduction((margin + near - far).clamp(min: 0))
}
