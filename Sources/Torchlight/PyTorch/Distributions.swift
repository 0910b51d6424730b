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
extension TorchlightDistributions.Beta {
    /// Creates a beta distribution: `init(concentration1:concentration0:)`.
    public init(_ concentration1: any DistributionParameter, _ concentration0: any DistributionParameter) {
        self.init(concentration1: concentration1, concentration0: concentration0)
    }
}
extension TorchlightDistributions.Binomial {
    /// Creates a binomial distribution: `init(totalCount:probs:)`.
    public init(_ totalCount: any DistributionParameter, _ probs: any DistributionParameter) {
        self.init(totalCount: totalCount, probs: probs)
    }
}
extension TorchlightDistributions.Cauchy {
    /// Creates a Cauchy distribution: `init(loc:scale:)`.
    public init(_ loc: any DistributionParameter, _ scale: any DistributionParameter) {
        self.init(loc: loc, scale: scale)
    }
}
extension TorchlightDistributions.ContinuousBernoulli {
    /// Creates a continuous Bernoulli distribution: `init(probs:)`.
    public init(_ probs: any DistributionParameter) { self.init(probs: probs) }
}
extension TorchlightDistributions.Dirichlet {
    /// Creates a Dirichlet distribution: `init(concentration:)`.
    public init(_ concentration: Tensor) { self.init(concentration: concentration) }
}
extension TorchlightDistributions.Exponential {
    /// Creates an exponential distribution: `init(rate:)`.
    public init(_ rate: any DistributionParameter) { self.init(rate: rate) }
}
extension TorchlightDistributions.FisherSnedecor {
    /// Creates a Fisher-Snedecor distribution: `init(df1:df2:)`.
    public init(_ df1: any DistributionParameter, _ df2: any DistributionParameter) { self.init(df1: df1, df2: df2) }
}
extension TorchlightDistributions.Gamma {
    /// Creates a gamma distribution: `init(concentration:rate:)`.
    public init(_ concentration: any DistributionParameter, _ rate: any DistributionParameter) {
        self.init(concentration: concentration, rate: rate)
    }
}
extension TorchlightDistributions.Geometric {
    /// Creates a geometric distribution: `init(probs:)`.
    public init(_ probs: any DistributionParameter) { self.init(probs: probs) }
}
extension TorchlightDistributions.Gumbel {
    /// Creates a Gumbel distribution: `init(loc:scale:)`.
    public init(_ loc: any DistributionParameter, _ scale: any DistributionParameter) {
        self.init(loc: loc, scale: scale)
    }
}
extension TorchlightDistributions.HalfCauchy {
    /// Creates a half-Cauchy distribution: `init(scale:)`.
    public init(_ scale: any DistributionParameter) { self.init(scale: scale) }
}
extension TorchlightDistributions.HalfNormal {
    /// Creates a half-normal distribution: `init(scale:)`.
    public init(_ scale: any DistributionParameter) { self.init(scale: scale) }
}
extension TorchlightDistributions.InverseGamma {
    /// Creates an inverse gamma distribution: `init(concentration:rate:)`.
    public init(_ concentration: any DistributionParameter, _ rate: any DistributionParameter) {
        self.init(concentration: concentration, rate: rate)
    }
}
extension TorchlightDistributions.Kumaraswamy {
    /// Creates a Kumaraswamy distribution: `init(concentration1:concentration0:)`.
    public init(_ concentration1: any DistributionParameter, _ concentration0: any DistributionParameter) {
        self.init(concentration1: concentration1, concentration0: concentration0)
    }
}
extension TorchlightDistributions.Laplace {
    /// Creates a Laplace distribution: `init(loc:scale:)`.
    public init(_ loc: any DistributionParameter, _ scale: any DistributionParameter) {
        self.init(loc: loc, scale: scale)
    }
}
extension TorchlightDistributions.LogNormal {
    /// Creates a log-normal distribution: `init(loc:scale:)`.
    public init(_ loc: any DistributionParameter, _ scale: any DistributionParameter) {
        self.init(loc: loc, scale: scale)
    }
}
extension TorchlightDistributions.LogisticNormal {
    /// Creates a logistic-normal distribution: `init(loc:scale:)`.
    public init(_ loc: any DistributionParameter, _ scale: any DistributionParameter) {
        self.init(loc: loc, scale: scale)
    }
}
extension TorchlightDistributions.LowRankMultivariateNormal {
    /// Creates a low-rank multivariate normal distribution: `init(loc:covFactor:covDiag:)`.
    public init(_ loc: Tensor, _ covFactor: Tensor, _ covDiag: Tensor) {
        self.init(loc: loc, covFactor: covFactor, covDiag: covDiag)
    }
}
extension TorchlightDistributions.MixtureSameFamily {
    /// Creates a mixture: `init(mixtureDistribution:componentDistribution:)`.
    public init(_ mixtureDistribution: Categorical, _ componentDistribution: any Distribution) {
        self.init(mixtureDistribution: mixtureDistribution, componentDistribution: componentDistribution)
    }
}
extension TorchlightDistributions.Multinomial {
    /// Creates a multinomial distribution: `init(totalCount:probs:)`.
    public init(_ totalCount: Int, _ probs: Tensor) { self.init(totalCount: totalCount, probs: probs) }
}
extension TorchlightDistributions.MultivariateNormal {
    /// Creates a multivariate normal distribution: `init(loc:covarianceMatrix:)`.
    public init(_ loc: Tensor, _ covarianceMatrix: Tensor) { self.init(loc: loc, covarianceMatrix: covarianceMatrix) }
}
extension TorchlightDistributions.NegativeBinomial {
    /// Creates a negative binomial distribution: `init(totalCount:probs:)`.
    public init(_ totalCount: any DistributionParameter, _ probs: any DistributionParameter) {
        self.init(totalCount: totalCount, probs: probs)
    }
}
extension TorchlightDistributions.OneHotCategorical {
    /// Creates a one-hot categorical distribution: `init(probs:)`.
    public init(_ probs: Tensor) { self.init(probs: probs) }
}
extension TorchlightDistributions.Pareto {
    /// Creates a Pareto distribution: `init(scale:alpha:)`.
    public init(_ scale: any DistributionParameter, _ alpha: any DistributionParameter) {
        self.init(scale: scale, alpha: alpha)
    }
}
extension TorchlightDistributions.Poisson {
    /// Creates a Poisson distribution: `init(rate:)`.
    public init(_ rate: any DistributionParameter) { self.init(rate: rate) }
}
extension TorchlightDistributions.RelaxedBernoulli {
    /// Creates a relaxed Bernoulli distribution: `init(temperature:probs:)`.
    public init(_ temperature: any DistributionParameter, _ probs: any DistributionParameter) {
        self.init(temperature: temperature, probs: probs)
    }
}
extension TorchlightDistributions.RelaxedOneHotCategorical {
    /// Creates a relaxed one-hot categorical distribution: `init(temperature:probs:)`.
    public init(_ temperature: any DistributionParameter, _ probs: Tensor) {
        self.init(temperature: temperature, probs: probs)
    }
}
extension TorchlightDistributions.StudentT {
    /// Creates Student's t-distribution: `init(df:loc:scale:)`.
    public init(
        _ df: any DistributionParameter, _ loc: any DistributionParameter = 0, _ scale: any DistributionParameter = 1
    ) { self.init(df: df, loc: loc, scale: scale) }
}
extension TorchlightDistributions.VonMises {
    /// Creates a von Mises distribution: `init(loc:concentration:)`.
    public init(_ loc: any DistributionParameter, _ concentration: any DistributionParameter) {
        self.init(loc: loc, concentration: concentration)
    }
}
extension TorchlightDistributions.Weibull {
    /// Creates a Weibull distribution: `init(scale:concentration:)`.
    public init(_ scale: any DistributionParameter, _ concentration: any DistributionParameter) {
        self.init(scale: scale, concentration: concentration)
    }
}
