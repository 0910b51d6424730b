extension Tensor {
    /// Draws positions along the last dimension, each with a probability proportional to its weight.
    ///
    /// Shapes: weights `[m] -> [count]`, `[n, m] -> [n, count]`; int64. Weights are floating-point numbers that need not sum to 1;
    /// a position of weight 0 is never drawn. No gradient passes.
    ///
    ///     Tensor([0, 10, 3, 0.0]).multinomial(4, replacement: true)       // tensor([2, 1, 1, 1])
    ///
    /// - Parameters:
    ///   - count: The draws for each row.
    ///   - replacement: Whether a position may be drawn again; without it there are at least `count` positive weights.
    public func multinomial(_ count: Int, replacement: Bool = false, generator: Generator = .default) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try checkFloating(self, in: "multinomial")
            guard rank == 1 || rank == 2, let choices = shape.last, choices > 0 else {
                throw TensorError(
                    .shape, in: "multinomial", "the weights are not rows", expected: "[m] or [n, m] with m > 0",
                    operands: [self])
            }
            guard count > 0, replacement || count <= choices else {
                throw TensorError(
                    .value, in: "multinomial", "the number of draws is out of range", got: "\(count)",
                    expected: replacement
                        ? "at least 1" : "1 to \(choices), the number of weights, without replacement",
                    operands: [self])
            }
            return try noGrad { () throws(TensorError) -> Tensor in
                let weights = detach().to(.float64)
                if device.hasValues { try checkWeights(weights, replacement ? 1 : count) }
                return replacement
                    ? drawWithReplacement(weights, count, generator) : drawOnce(weights, count, generator)
            }
        }
    }

    private func checkWeights(_ weights: Tensor, _ needed: Int) throws(TensorError) {
        // NaN compares false, and an infinite sum shows infinite weights and too large ones.
        let isValid = (weights >= 0).all(dim: -1).logicalAnd(weights.sum(dim: -1) < Double.infinity)
        guard isValid.all().item(Bool.self) else {
            throw TensorError(
                .value, in: "multinomial", "the weights are not a distribution",
                expected: "finite numbers of at least 0 with a finite sum", operands: [self])
        }
        guard ((weights > 0).sum(dim: -1) >= needed).all().item(Bool.self) else {
            throw TensorError(
                .value, in: "multinomial", "a row has too few positive weights", expected: "at least \(needed)",
                fix: needed > 1 ? "draw less, or with replacement" : nil, operands: [self])
        }
    }
}

/// The first positions whose sums of weights are beyond uniform numbers.
private func drawWithReplacement(_ weights: Tensor, _ count: Int, _ generator: Generator) -> Tensor {
    let sums = weights.cumsum(dim: -1)
    let total = sums.narrow(-1, start: sums.shape[sums.rank - 1] - 1, length: 1)
    let shape = Array(weights.shape.dropLast()) + [count]
    let targets = Tensor.rand(shape, dtype: .float64, device: weights.device, generator: generator) * total
    // A product that was rounded up to the whole sum would lie behind the last position.
    let below = targets.minimum(total.nextafter(Tensor.zeros([], dtype: .float64, device: weights.device)))
    return sums.searchsorted(below, right: true)
}

/// The positions of the largest quotients of weights and exponentially distributed numbers: those that come first in a race
/// in which each runs at its weight's rate (Efraimidis and Spirakis 2006).
private func drawOnce(_ weights: Tensor, _ count: Int, _ generator: Generator) -> Tensor {
    let uniform = Tensor.rand(weights.shape, dtype: .float64, device: weights.device, generator: generator)
    // In logarithms, so that neither tiny weights nor tiny times leave the range.
    let times = (-(1 - uniform).log()).clamp(min: 1e-300)
    return (weights.log() - times.log()).topk(count, dim: -1).indices
}
