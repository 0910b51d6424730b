import TorchlightCore

/// Returns the triplet margin loss: `max(0, d(anchor, positive) − d(anchor, negative) + margin)`, reduced, where d is
/// ``pairwiseDistance(_:_:p:eps:keepdim:)`` (Balntas et al., 2016).
///
/// Shapes: all `[N, D]` or `[D]`, equal; a scalar, or `[N]` with `.none`.
///
/// - Parameters:
///   - margin: The margin, above 0. Default: 1.
///   - p: The order of the norm. Default: 2.
///   - eps: Is added to each difference. Default: 1e-6.
///   - swap: Whether the distance to the negative is the smaller of d(anchor, negative) and d(positive, negative).
///     Default: false.
///   - reduction: The reduction over the samples. Default: `.mean`.
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

/// Returns the triplet margin loss with a custom distance function d:
/// `max(0, d(anchor, positive) − d(anchor, negative) + margin)`, reduced.
///
///     let loss = tripletMarginWithDistanceLoss(a, p, n, distance: { 1 - cosineSimilarity($0, $1) })
///
/// Shapes: all `[N, D]` or `[D]`, equal; a scalar, or `[N]` with `.none`.
///
/// - Parameters:
///   - distance: Returns the distances of two batches of vectors, `[N, D]` and `[N, D] -> [N]`. Default: the Euclidean
///     distance, ``pairwiseDistance(_:_:p:eps:keepdim:)``.
///   - margin: The margin, above 0. Default: 1.
///   - swap: Whether the distance to the negative is the smaller of d(anchor, negative) and d(positive, negative).
///     Default: false.
///   - reduction: The reduction over the samples. Default: `.mean`.
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
