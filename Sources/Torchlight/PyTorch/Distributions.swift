// Distributions whose parameters have no labels, as in `Normal(0, 1)`.

extension Normal {
    /// Creates a normal distribution: `init(loc:scale:)`.
    public init(_ loc: any DistributionParameter, _ scale: any DistributionParameter) {
        self.init(loc: loc, scale: scale)
    }
}
extension Uniform {
    /// Creates a uniform distribution: `init(low:high:)`.
    public init(_ low: any DistributionParameter, _ high: any DistributionParameter) {
        self.init(low: low, high: high)
    }
}
extension TorchlightDistributions.Bernoulli {
    /// Creates a Bernoulli distribution of probabilities: `init(probs:)`.
    public init(_ probs: any DistributionParameter) { self.init(probs: probs) }
}
extension Categorical {
    /// Creates a categorical distribution of probabilities: `init(probs:)`.
    public init(_ probs: Tensor) { self.init(probs: probs) }
}
