import CKernels

// Maxima and minima; NaN if an element is NaN. Empty reductions are refused. Ties divide the gradient equally.

/// The largest element over dimensions.
package struct Amax: ReductionPrimitive {
    package static let name = "amax"
    package static let kernel = TL_REDUCE_MAX
    package static let hasIdentity = false
    package var algebra: Algebra { .other }
    package var dims: Dims
    package var keepdim: Bool
    package func resultType(of x: TensorSpec) throws(TensorError) -> DType { x.dtype }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(evenGradient(context, dims, keepdim))
    }
}

/// The smallest element over dimensions.
package struct Amin: ReductionPrimitive {
    package static let name = "amin"
    package static let kernel = TL_REDUCE_MIN
    package static let hasIdentity = false
    package var algebra: Algebra { .other }
    package var dims: Dims
    package var keepdim: Bool
    package func resultType(of x: TensorSpec) throws(TensorError) -> DType { x.dtype }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(evenGradient(context, dims, keepdim))
    }
}

/// The gradient, divided equally among all elements that equal the result. The others have gradient 0, whatever that of
/// the result is.
func evenGradient(_ context: GradientContext, _ dims: Dims, _ keepdim: Bool) -> Tensor {
    let x = context.input(0)
    // Which elements win is constant almost everywhere.
    let (loses, winners) = noGrad { () -> (Tensor, Tensor) in
        let result = context.output().unfolded(dims, keepdim: keepdim, rank: x.rank)
        let wins = (x .== result).logicalOr(x.isnan().logicalAnd(result.isnan()))
        return (wins.logicalNot(), wins.sum(dim: Array(dims), keepdim: true).to(context.outputDType()))
    }
    let share = context.gradient.unfolded(dims, keepdim: keepdim, rank: x.rank) / winners
    return share.expand(x.shape).maskedFill(loses, 0)
}

extension Tensor {
    /// The maximum of all elements; NaN if an element is NaN. Equal elements share the gradient equally. An error if
    /// there are no elements.
    public func max() -> Tensor { apply(Amax(dims: Dims(), keepdim: false), self) }
    /// The minimum of all elements; NaN if an element is NaN. Equal elements share the gradient equally. An error if
    /// there are no elements.
    public func min() -> Tensor { apply(Amin(dims: Dims(), keepdim: false), self) }

    /// The maximum over dimensions or, by default, all elements; NaN if an element is NaN. Equal elements share the
    /// gradient equally.
    public func amax(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        reduced(dim, "amax") { Amax(dims: $0, keepdim: keepdim) }
    }

    /// The maximum over one dimension.
    public func amax(dim: Int, keepdim: Bool = false) -> Tensor { amax(dim: [dim], keepdim: keepdim) }

    /// The minimum over dimensions or, by default, all elements; NaN if an element is NaN. Equal elements share the
    /// gradient equally.
    public func amin(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        reduced(dim, "amin") { Amin(dims: $0, keepdim: keepdim) }
    }

    /// The minimum over one dimension.
    public func amin(dim: Int, keepdim: Bool = false) -> Tensor { amin(dim: [dim], keepdim: keepdim) }
}
