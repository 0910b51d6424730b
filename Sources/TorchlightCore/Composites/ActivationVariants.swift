// Activations with learnable or random slopes, and softmin.

extension Tensor {
    /// Parametric ReLU: `x` if `x > 0`, else `weight x` (He et al., 2015).
    ///
    /// Shapes: `x [*]` or `[N, C, *]`, `weight` with one element or `[C]`; the result has the shape of `x`.
    ///
    /// - Parameter weight: the learnable slope for negative elements, one for all channels or one for each.
    public func prelu(_ weight: Tensor) -> Tensor {
        if isAutocasting { return inLowPrecision { $0(self).prelu($0(weight)) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || weight.isPlaceholder { return isPlaceholder ? self : weight }
            let channels = rank < 2 ? 1 : layout.shape[1]
            guard weight.rank <= 1, weight.count == 1 || weight.count == channels else {
                throw TensorError(
                    .shape, in: "prelu", "the number of slopes is neither 1 nor the number of channels",
                    expected: "one slope, or one for each of the \(quantity(channels, "channel")) of dimension 1",
                    operands: [self, weight])
            }
            var shape = Array(repeating: 1, count: rank)
            if weight.count > 1 { shape[1] = channels }
            let slope = weight.count == 1 && rank == 0 ? weight.reshape([]) : weight.reshape(shape)
            return sloped(slope)
        }
    }

    /// Randomised leaky ReLU: `x` if `x > 0`, else `a x` (Xu et al., 2015). In training `a` is drawn for each element
    /// from the uniform distribution over `[lower, upper)`; otherwise `a = (lower + upper) / 2`.
    ///
    /// - Parameters:
    ///   - lower: the lower bound of the slope. Default: 1/8.
    ///   - upper: the upper bound of the slope. Default: 1/3.
    ///   - training: whether slopes are random. Default: false.
    ///   - generator: the random number generator.
    public func rrelu(
        lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false, generator: Generator = .default
    ) -> Tensor {
        guard lower <= upper else {
            return fail(
                TensorError(
                    .value, in: "rrelu", "lower is greater than upper", got: "\(lower) ... \(upper)",
                    expected: "lower <= upper", operands: [self]), like: self)
        }
        guard training else { return leakyRelu(negativeSlope: (lower + upper) / 2) }
        if isPlaceholder { return self }
        let slopes = noGrad { Tensor.empty(like: self).uniform_(from: lower, to: upper, generator: generator) }
        return sloped(slopes)
    }

    /// `x` where it is positive, otherwise `slope x`. Positive elements are excluded from the product: the gradient of
    /// the slope there is 0, at infinity too.
    private func sloped(_ slope: Tensor) -> Tensor {
        let isPositive = noGrad { self > 0 }
        return Tensor.where(isPositive, self, maskedFill(isPositive, 0) * slope)
    }

    /// The softmax of `-x` along a dimension: `exp(-x[i]) / sum over j of exp(-x[j])`. The shape is that of `x`.
    public func softmin(dim: Int, dtype: DType? = nil) -> Tensor { (-self).softmax(dim: dim, dtype: dtype) }
}

/// Parametric ReLU: `x` if `x > 0`, else `weight x`. `weight` has one element or one for each channel.
public func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor { x.prelu(weight) }
/// Randomised leaky ReLU: `x` if `x > 0`, else `a x`, with `a` drawn from `[lower, upper)` in training.
public func rrelu(
    _ x: Tensor, lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false,
    generator: Generator = .default
) -> Tensor { x.rrelu(lower: lower, upper: upper, training: training, generator: generator) }
/// The softmax of `-x` along a dimension.
public func softmin(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.softmin(dim: dim, dtype: dtype) }
/// `x - tanh(x)`, element by element.
public func tanhshrink(_ x: Tensor) -> Tensor { x.tanhshrink() }
/// Hard shrinkage: `x` if `|x| > lambda`, else 0. Default: `lambda` 0.5.
public func hardshrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor { x.hardshrink(lambda: lambda) }
/// Soft shrinkage: `sign(x) max(|x| - lambda, 0)`. Default: `lambda` 0.5.
public func softshrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor { x.softshrink(lambda: lambda) }
/// `x` if `x > threshold`, else `value`, element by element.
public func threshold(_ x: Tensor, _ threshold: Double, value: Double) -> Tensor {
    x.threshold(threshold, value: value)
}
