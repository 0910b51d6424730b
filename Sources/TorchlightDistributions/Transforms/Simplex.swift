import TorchlightCore

/// `y = exp(x) / sum exp(x)` along the last dimension, whose inverse is taken to be `log(y)`.
public struct SoftmaxTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: vectors of numbers.
    public var domain: Constraint { .realVector }
    /// The codomain: vectors of numbers of at least 0 whose sum is 1.
    public var codomain: Constraint { .simplex }
    /// False: a constant may be added to the argument.
    public var bijective: Bool { false }
    /// The softmax along the last dimension.
    public func forward(_ x: Tensor) -> Tensor { x.softmax(dim: -1) }
    /// `log(y)`.
    public func inverse(_ y: Tensor) -> Tensor { y.log() }
}

/// Vectors `[K - 1]` to probabilities `[K]`: the sigmoid of each coordinate is the fraction of the remaining
/// probability that a category gets. A vector of zeros has equal probabilities.
public struct StickBreakingTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: vectors of numbers.
    public var domain: Constraint { .realVector }
    /// The codomain: vectors of numbers of at least 0 whose sum is 1.
    public var codomain: Constraint { .simplex }

    /// `K - 1, K - 2, ..., 1` as numbers of the dtype and device of a tensor.
    private func offsets(_ count: Int, like x: Tensor) -> Tensor {
        Tensor.arange(0, count, dtype: x.dtype, device: x.device).flip([0]) + 1
    }

    /// The probabilities.
    public func forward(_ x: Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        let z = clippedSigmoid(x - offsets(x.size(-1), like: x).log())
        return z.pad([0, 1], value: 1) * (1 - z).cumprod(dim: -1).pad([1, 0], value: 1)
    }
    /// The coordinates.
    public func inverse(_ y: Tensor) -> Tensor {
        if y.isPlaceholder { return y }
        let count = y.size(-1) - 1
        let head = y.narrow(-1, start: 0, length: count)
        let rest = (1 - head.cumsum(dim: -1)).clamp(min: y.dtype.smallestNormal)
        return head.log() - rest.log() + offsets(count, like: y).log()
    }
    /// The sum of `log y - z + log sigmoid(z)` over the coordinates, with `z = x - log(K - 1, ..., 1)`.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        if x.isPlaceholder || y.isPlaceholder { return x }
        let count = x.size(-1)
        let z = x - offsets(count, like: x).log()
        return (z.logsigmoid() - z + y.narrow(-1, start: 0, length: count).log()).sum(dim: -1)
    }
    /// One more category than coordinates.
    public func forwardShape(_ shape: [Int]) -> [Int] { shape.dropLast() + shape.suffix(1).map { $0 +| 1 } }
    /// One coordinate less than categories.
    public func inverseShape(_ shape: [Int]) -> [Int] { shape.dropLast() + shape.suffix(1).map { max(0, $0 -| 1) } }
}
