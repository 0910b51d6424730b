import Torchlight

typealias DistributionConstructor = @Sendable (Fields) throws -> any Distribution
typealias TransformConstructor = @Sendable (Fields) throws -> any DistributionTransform

/// The distributions by PyTorch's names: how their keyword arguments map to the public interface.
let distributionConstructors = continuous.merging(discrete) { $1 }.merging(multivariate) { $1 }

private let continuous: [String: DistributionConstructor] = [
    "Normal": { Normal(loc: try $0.parameter("loc"), scale: try $0.parameter("scale")) },
    "LogNormal": { LogNormal(loc: try $0.parameter("loc"), scale: try $0.parameter("scale")) },
    "HalfNormal": { HalfNormal(scale: try $0.parameter("scale")) },
    "Cauchy": { Cauchy(loc: try $0.parameter("loc"), scale: try $0.parameter("scale")) },
    "HalfCauchy": { HalfCauchy(scale: try $0.parameter("scale")) },
    "Laplace": { Laplace(loc: try $0.parameter("loc"), scale: try $0.parameter("scale")) },
    "Gumbel": { Gumbel(loc: try $0.parameter("loc"), scale: try $0.parameter("scale")) },
    "Uniform": { Uniform(low: try $0.parameter("low"), high: try $0.parameter("high")) },
    "StudentT": {
        StudentT(
            df: try $0.parameter("df"), loc: try $0.parameter("loc", default: 0),
            scale: try $0.parameter("scale", default: 1))
    },
    "FisherSnedecor": { FisherSnedecor(df1: try $0.parameter("df1"), df2: try $0.parameter("df2")) },
    "Gamma": { Gamma(concentration: try $0.parameter("concentration"), rate: try $0.parameter("rate")) },
    "InverseGamma": { InverseGamma(concentration: try $0.parameter("concentration"), rate: try $0.parameter("rate")) },
    "Chi2": { Chi2(df: try $0.parameter("df")) },
    "Exponential": { Exponential(rate: try $0.parameter("rate")) },
    "Pareto": { Pareto(scale: try $0.parameter("scale"), alpha: try $0.parameter("alpha")) },
    "Weibull": { Weibull(scale: try $0.parameter("scale"), concentration: try $0.parameter("concentration")) },
    "Beta": {
        Beta(
            concentration1: try $0.parameter("concentration1"), concentration0: try $0.parameter("concentration0"))
    },
    "Kumaraswamy": {
        Kumaraswamy(
            concentration1: try $0.parameter("concentration1"), concentration0: try $0.parameter("concentration0"))
    },
    "ContinuousBernoulli": {
        ContinuousBernoulli(probs: try $0.optional("probs"), logits: try $0.optional("logits"))
    },
    "VonMises": { VonMises(loc: try $0.parameter("loc"), concentration: try $0.parameter("concentration")) },
    "GeneralizedPareto": {
        GeneralizedPareto(
            loc: try $0.parameter("loc"), scale: try $0.parameter("scale"),
            concentration: try $0.parameter("concentration"))
    },
    "RelaxedBernoulli": {
        RelaxedBernoulli(
            temperature: try $0.parameter("temperature"), probs: try $0.optional("probs"),
            logits: try $0.optional("logits"))
    },
    "TransformedDistribution": {
        TransformedDistribution(try $0.distribution("base_distribution"), try $0.transforms("transforms"))
    },
]

private let discrete: [String: DistributionConstructor] = [
    "Bernoulli": { Bernoulli(probs: try $0.optional("probs"), logits: try $0.optional("logits")) },
    "Geometric": { Geometric(probs: try $0.optional("probs"), logits: try $0.optional("logits")) },
    "Poisson": { Poisson(rate: try $0.parameter("rate")) },
    "Binomial": {
        Binomial(
            totalCount: try $0.parameter("total_count", default: 1), probs: try $0.optional("probs"),
            logits: try $0.optional("logits"))
    },
    "NegativeBinomial": {
        NegativeBinomial(
            totalCount: try $0.parameter("total_count"), probs: try $0.optional("probs"),
            logits: try $0.optional("logits"))
    },
    "Categorical": { Categorical(probs: try $0.tensor("probs"), logits: try $0.tensor("logits")) },
    "OneHotCategorical": { OneHotCategorical(probs: try $0.tensor("probs"), logits: try $0.tensor("logits")) },
    "OneHotCategoricalStraightThrough": {
        OneHotCategoricalStraightThrough(probs: try $0.tensor("probs"), logits: try $0.tensor("logits"))
    },
    "Multinomial": {
        Multinomial(
            totalCount: try $0.int("total_count", default: 1), probs: try $0.tensor("probs"),
            logits: try $0.tensor("logits"))
    },
]

private let multivariate: [String: DistributionConstructor] = [
    "Dirichlet": { Dirichlet(concentration: try $0.neededTensor("concentration")) },
    "MultivariateNormal": {
        MultivariateNormal(
            loc: try $0.neededTensor("loc"), covarianceMatrix: try $0.tensor("covariance_matrix"),
            precisionMatrix: try $0.tensor("precision_matrix"), scaleTril: try $0.tensor("scale_tril"))
    },
    "LowRankMultivariateNormal": {
        LowRankMultivariateNormal(
            loc: try $0.neededTensor("loc"), covFactor: try $0.neededTensor("cov_factor"),
            covDiag: try $0.neededTensor("cov_diag"))
    },
    "Wishart": {
        Wishart(
            df: try $0.parameter("df"), covarianceMatrix: try $0.tensor("covariance_matrix"),
            precisionMatrix: try $0.tensor("precision_matrix"), scaleTril: try $0.tensor("scale_tril"))
    },
    "LKJCholesky": {
        LKJCholesky(dim: try $0.int("dim"), concentration: try $0.parameter("concentration", default: 1))
    },
    "LogisticNormal": { LogisticNormal(loc: try $0.parameter("loc"), scale: try $0.parameter("scale")) },
    "RelaxedOneHotCategorical": {
        RelaxedOneHotCategorical(
            temperature: try $0.parameter("temperature"), probs: try $0.tensor("probs"),
            logits: try $0.tensor("logits"))
    },
    "Independent": {
        Independent(try $0.distribution("base_distribution"), try $0.int("reinterpreted_batch_ndims"))
    },
    "MixtureSameFamily": {
        guard let mixture = try $0.distribution("mixture_distribution") as? Categorical else {
            throw NotSupported("the mixture distribution is not categorical")
        }
        return MixtureSameFamily(
            mixtureDistribution: mixture, componentDistribution: try $0.distribution("component_distribution"))
    },
]

/// The transforms by PyTorch's names.
let transformConstructors: [String: TransformConstructor] = [
    "ExpTransform": { _ in ExpTransform() },
    "PowerTransform": { PowerTransform(exponent: try $0.parameter("exponent")) },
    "SigmoidTransform": { _ in SigmoidTransform() },
    "SoftplusTransform": { _ in SoftplusTransform() },
    "TanhTransform": { _ in TanhTransform() },
    "AbsTransform": { _ in AbsTransform() },
    "AffineTransform": {
        AffineTransform(
            loc: try $0.parameter("loc"), scale: try $0.parameter("scale"),
            eventDim: try $0.int("event_dim", default: 0))
    },
    "CumulativeDistributionTransform": { CumulativeDistributionTransform(try $0.distribution("distribution")) },
    "SoftmaxTransform": { _ in SoftmaxTransform() },
    "StickBreakingTransform": { _ in StickBreakingTransform() },
    "LowerCholeskyTransform": { _ in LowerCholeskyTransform() },
    "PositiveDefiniteTransform": { _ in PositiveDefiniteTransform() },
    "CorrCholeskyTransform": { _ in CorrCholeskyTransform() },
    "ComposeTransform": { ComposeTransform(try $0.transforms("parts")) },
    "IndependentTransform": {
        IndependentTransform(try $0.transform("base_transform"), try $0.int("reinterpreted_batch_ndims"))
    },
    "ReshapeTransform": {
        ReshapeTransform(inShape: try $0.ints("in_shape") ?? [], outShape: try $0.ints("out_shape") ?? [])
    },
    "CatTransform": {
        CatTransform(try $0.transforms("tseq"), dim: try $0.int("dim", default: 0), lengths: try $0.ints("lengths"))
    },
    "StackTransform": { StackTransform(try $0.transforms("tseq"), dim: try $0.int("dim", default: 0)) },
]
