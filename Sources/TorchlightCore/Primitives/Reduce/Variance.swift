import CKernels

/// The variance, or its root, and the mean over dimensions, in one pass: `[*] -> [*], [*]`.
///
/// The variance is the sum of squared distances from the mean, divided by the count less `correction`. Floating point
/// only; float32 and half types accumulate in float64, so that the root is right where the variance itself overflows. The
/// gradient of the root is 0 where all elements are equal.
package struct Variance: Primitive {
    package static let name = "var"
    package var dims: Dims
    package var correction: Double
    package var keepdim: Bool
    /// The standard deviation instead of the variance.
    package var isRoot = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let dtype = try floatingPointType(of: inputs[0], in: Self.name)
        try checkDimensions(dims, of: inputs[0], in: Self.name)
        let shape = Fold(of: inputs[0].layout, dims: dims).shape(keepdim: keepdim)
        return Few(ResultSpec(shape, dtype), ResultSpec(shape, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        if outputs[0].count == 0 { return }
        let fold = Fold(of: x.layout, dims: dims)
        let kept = fold.keptLayout(of: outputs[0].layout, keepdim: keepdim)
        withKernelArguments {
            tl_variance(
                $0(x, fold.layout), Int32(fold.dims.count), correction, isRoot, $0(outputs[1], kept),
                $0(outputs[0], kept))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { isRoot ? [.input(0), .output(0)] : .input(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let length = Fold(of: Layout(shape: context.shape(0)), dims: dims).length
        var sum: Tensor?
        if let ofVariance = context.gradients[0] {
            // Computed again, so that the second order passes through the mean.
            let distance = x - apply(Mean(dims: dims, keepdim: true), x)
            let freedom = Swift.max(Double(length) - correction, 0)
            let g = ofVariance.unfolded(dims, keepdim: keepdim, rank: x.rank)
            if isRoot {
                let deviation = context.output(0).unfolded(dims, keepdim: keepdim, rank: x.rank)
                let isZero = noGrad { deviation .== 0 }
                // The quotient is of the order of 1 at any scale.
                sum = ((distance / deviation.maskedFill(isZero, 1)) * (g / freedom)).maskedFill(isZero, 0)
            } else {
                sum = g * (distance * (2 / freedom))
            }
        }
        if let ofMean = context.gradients[1] {
            let share = (ofMean / length).unfolded(dims, keepdim: keepdim, rank: x.rank)
            sum = sum.map { $0 + share } ?? share.expand(x.shape)
        }
        return Few(sum)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dims = dims.isEmpty ? Dims(1...Swift.max(operands.rank(0), 1)) : dims.shifted
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

extension Tensor {
    /// The variance over dimensions or, by default, of all elements: `sum((x - mean)^2) / max(n - correction, 0)`.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - correction: the reduction of the degrees of freedom, any number. Default: 1 (Bessel's correction).
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    public func `var`(dim: [Int] = [], correction: Double = 1, keepdim: Bool = false) -> Tensor {
        variances(dim, correction, keepdim, "var").variance
    }

    /// The variance over one dimension.
    public func `var`(dim: Int, correction: Double = 1, keepdim: Bool = false) -> Tensor {
        `var`(dim: [dim], correction: correction, keepdim: keepdim)
    }

    /// The standard deviation over dimensions or, by default, of all elements:
    /// `sqrt(sum((x - mean)^2) / max(n - correction, 0))`. Its gradient is 0 if all elements are equal.
    ///
    ///     Tensor([[1.0, 2.0, 4.0]]).std(dim: 1)                   // tensor([1.5275])
    ///     Tensor([[1.0, 2.0, 4.0]]).std(dim: 1, correction: 0)    // tensor([1.2472])
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - correction: the reduction of the degrees of freedom, any number. Default: 1 (Bessel's correction).
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    public func std(dim: [Int] = [], correction: Double = 1, keepdim: Bool = false) -> Tensor {
        variances(dim, correction, keepdim, isRoot: true, "std").variance
    }

    /// The standard deviation over one dimension.
    public func std(dim: Int, correction: Double = 1, keepdim: Bool = false) -> Tensor {
        std(dim: [dim], correction: correction, keepdim: keepdim)
    }

    /// The variance and the mean, computed in one pass.
    public func varMean(
        dim: [Int] = [], correction: Double = 1, keepdim: Bool = false
    ) -> (variance: Tensor, mean: Tensor) {
        variances(dim, correction, keepdim, "varMean")
    }

    /// The standard deviation and the mean, computed in one pass.
    public func stdMean(
        dim: [Int] = [], correction: Double = 1, keepdim: Bool = false
    ) -> (deviation: Tensor, mean: Tensor) {
        let (deviation, mean) = variances(dim, correction, keepdim, isRoot: true, "stdMean")
        return (deviation, mean)
    }

    private func variances(
        _ dim: [Int], _ correction: Double, _ keepdim: Bool, isRoot: Bool = false, _ operation: String
    ) -> (variance: Tensor, mean: Tensor) {
        if dtype.isComplex { return complexVariance(dim, correction, keepdim, isRoot: isRoot) }
        do {
            let resolved = try resolve(dim, in: operation).sorted()
            // A single number has no dimension to name; folding it is folding all of it.
            let dims = rank == 0 ? Dims() : Dims(resolved)
            let results = applyAll(
                Variance(dims: dims, correction: correction, keepdim: keepdim, isRoot: isRoot), Few(self), count: 2)
            return (results[0], results[1])
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }
}
