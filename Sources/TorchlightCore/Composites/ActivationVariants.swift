// Activations with learned or random slopes, and the softmax of negated scores.

extension Tensor {
    /// `x` where it is positive, else `weight x`, with one learned slope or one for each channel (He et al. 2015).
    ///
    /// Shapes: `x [*]` or `[N, C, *]`, `weight` one number or `[C] -> ` the shape of `x`.
    public func prelu(_ weight: Tensor) -> Tensor {
        if isAutocasting { return inLowPrecision { $0(self).prelu($0(weight)) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || weight.isPlaceholder { return isPlaceholder ? self : weight }
            let channels = rank < 2 ? 1 : layout.shape[1]
            guard weight.rank <= 1, weight.count == 1 || weight.count == channels else {
                throw TensorError(
                    .shape, in: "prelu", "the slopes do not fit the channels",
                    expected: "one slope, or one for each of the \(channels) channels of dimension 1",
                    operands: [self, weight])
            }
            var shape = Array(repeating: 1, count: rank)
            if weight.count > 1 { shape[1] = channels }
            let slope = weight.count == 1 && rank == 0 ? weight.reshape([]) : weight.reshape(shape)
            return Tensor.where(self > 0, self, self * slope)
        }
    }

    /// `x` where it is positive, else `a x` with the slope `a` drawn anew for each element from `[lower, upper)` in
    /// training, and their mean in evaluation (Xu et al. 2015).
    public func rrelu(
        lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false, generator: Generator = .default
    ) -> Tensor {
        guard lower <= upper else {
            return fail(
                TensorError(
                    .value, in: "rrelu", "the slopes' range is empty", got: "\(lower) ... \(upper)",
                    expected: "lower <= upper", operands: [self]), like: self)
        }
        guard training else { return leakyRelu(negativeSlope: (lower + upper) / 2) }
        if isPlaceholder { return self }
        let slopes = noGrad { Tensor.empty(like: self).uniform_(from: lower, to: upper, generator: generator) }
        return Tensor.where(self > 0, self, self * slopes)
    }

    /// The softmax of `-x`: shares that grow as `x` falls.
    public func softmin(dim: Int, dtype: DType? = nil) -> Tensor { (-self).softmax(dim: dim, dtype: dtype) }
}

/// `x` where it is positive, else `weight x`; one slope, or one for each channel.
public func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor { x.prelu(weight) }
/// `x` where it is positive, else `a x` with random slopes in training.
public func rrelu(
    _ x: Tensor, lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false,
    generator: Generator = .default
) -> Tensor { x.rrelu(lower: lower, upper: upper, training: training, generator: generator) }
/// The softmax of `-x`.
public func softmin(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.softmin(dim: dim, dtype: dtype) }
/// `x - tanh(x)`, element by element.
public func tanhshrink(_ x: Tensor) -> Tensor { x.tanhshrink() }
/// `x` outside `[-lambda, lambda]`, else 0.
public func hardshrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor { x.hardshrink(lambda: lambda) }
/// `x` moved towards 0 by lambda, and 0 within it.
public func softshrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor { x.softshrink(lambda: lambda) }
/// `x` where it exceeds the threshold, else the value.
public func threshold(_ x: Tensor, _ threshold: Double, value: Double) -> Tensor {
    x.threshold(threshold, value: value)
}
