extension Tensor {
    /// Samples indices of the last dimension, with probabilities proportional to the weights.
    ///
    /// Shapes: weights `[m] -> [count]`, `[n, m] -> [n, count]`; int64. Weights are non-negative floating-point numbers
    /// that need not sum to 1. An index of weight 0 is never sampled. There is no gradient.
    ///
    ///     Tensor([0, 10, 3, 0.0]).multinomial(4, replacement: true)       // tensor([2, 1, 1, 1])
    ///
    /// - Parameters:
    ///   - count: the number of samples for each row.
    ///   - replacement: whether an index may be sampled again. Default: false, which needs at least `count` positive
    ///     weights in each row.
    ///   - generator: the random number generator.
    public func multinomial(_ count: Int, replacement: Bool = false, generator: Generator = .default) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try checkFloating(self, in: "multinomial")
            guard rank == 1 || rank == 2, let choices = shape.last, choices > 0 else {
                throw TensorError(
                    .shape, in: "multinomial", "the weights are not one or two-dimensional",
                    expected: "[m] or [n, m] with m > 0",
                    operands: [self])
            }
            guard count > 0, replacement || count <= choices else {
                throw TensorError(
                    .value, in: "multinomial", "the number of samples is out of range", got: "\(count)",
                    expected: replacement
                        ? "at least 1" : "1 to \(choices), the number of weights, without replacement",
                    operands: [self])
            }
            return try noGrad { () throws(TensorError) -> Tensor in
                let weights = detach().to(.float64)
                let needed = replacement ? 1 : count
                try checkValues("multinomial", [weights]) { operands throws(TensorError) in
                    try operands[0].checkWeights(needed)
                }
                return replacement
                    ? drawWithReplacement(weights, count, generator) : drawOnce(weights, count, generator)
            }
        }
    }

    private func checkWeights(_ needed: Int) throws(TensorError) {
        // NaN compares as false, and an infinite sum indicates infinite or too large weights.
        let isValid = (self >= 0).all(dim: -1).logicalAnd(sum(dim: -1) < Double.infinity)
        guard isValid.all().item(Bool.self) else {
            throw TensorError(
                .value, in: "multinomial", "the weights are not finite and non-negative",
                expected: "finite numbers of at least 0 with a finite sum", operands: [self])
        }
        guard ((self > 0).sum(dim: -1) >= needed).all().item(Bool.self) else {
            throw TensorError(
                .value, in: "multinomial", "a row has too few positive weights", expected: "at least \(needed)",
                fix: needed > 1 ? "draw fewer samples, or pass replacement: true" : nil, operands: [self])
        }
    }
}

/// The first indices whose cumulative weight exceeds a uniform random number.
private func drawWithReplacement(_ weights: Tensor, _ count: Int, _ generator: Generator) -> Tensor {
    let sums = weights.cumsum(dim: -1)
    let total = sums.narrow(-1, start: sums.shape[sums.rank - 1] - 1, length: 1)
    let shape = Array(weights.shape.dropLast()) + [count]
    let targets = Tensor.rand(shape, dtype: .float64, device: weights.device, generator: generator) * total
    // A product that was rounded up to the total would give an index out of range.
    let below = targets.minimum(total.nextafter(Tensor.zeros([], dtype: .float64, device: weights.device)))
    return sums.searchsorted(below, right: true)
}

/// The indices of the largest quotients of weights and exponentially distributed random numbers (Efraimidis and
/// Spirakis, 2006).
private func drawOnce(_ weights: Tensor, _ count: Int, _ generator: Generator) -> Tensor {
    let uniform = Tensor.rand(weights.shape, dtype: .float64, device: weights.device, generator: generator)
    // In logarithms, so that tiny weights or numbers do not underflow.
    let times = (-(1 - uniform).log()).clamp(min: 1e-300)
    return (weights.log() - times.log()).topk(count, dim: -1).indices
}
