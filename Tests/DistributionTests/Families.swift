import Torchlight

/// The distributions of the tests by name, from numbers.
enum Families {
    struct Unknown: Error { let name: String }

    /// The distribution of these parameters, of which a tensor may take the place of one.
    static func make(
        _ name: String, _ parameters: [String: Double], replacing replaced: String? = nil, by tensor: Tensor? = nil
    ) throws -> any Distribution {
        func p(_ name: String) -> Tensor {
            if let tensor, name == replaced { return tensor }
            return Tensor(parameters[name] ?? .nan, dtype: .float64)
        }
        switch name {
        case "Normal": return Normal(loc: p("loc"), scale: p("scale"))
        case "LogNormal": return LogNormal(loc: p("loc"), scale: p("scale"))
        case "HalfNormal": return HalfNormal(scale: p("scale"))
        case "Cauchy": return Cauchy(loc: p("loc"), scale: p("scale"))
        case "HalfCauchy": return HalfCauchy(scale: p("scale"))
        case "Laplace": return Laplace(loc: p("loc"), scale: p("scale"))
        case "Gumbel": return Gumbel(loc: p("loc"), scale: p("scale"))
        case "Uniform": return Uniform(low: p("low"), high: p("high"))
        case "StudentT": return StudentT(df: p("df"), loc: p("loc"), scale: p("scale"))
        case "FisherSnedecor": return FisherSnedecor(df1: p("df1"), df2: p("df2"))
        case "Gamma": return Gamma(concentration: p("concentration"), rate: p("rate"))
        case "InverseGamma": return InverseGamma(concentration: p("concentration"), rate: p("rate"))
        case "Chi2": return Chi2(df: p("df"))
        case "Exponential": return Exponential(rate: p("rate"))
        case "Pareto": return Pareto(scale: p("scale"), alpha: p("alpha"))
        case "Weibull": return Weibull(scale: p("scale"), concentration: p("concentration"))
        case "Beta": return Beta(concentration1: p("concentration1"), concentration0: p("concentration0"))
        case "Kumaraswamy":
            return Kumaraswamy(concentration1: p("concentration1"), concentration0: p("concentration0"))
        case "ContinuousBernoulli": return ContinuousBernoulli(probs: p("probs"))
        case "VonMises": return VonMises(loc: p("loc"), concentration: p("concentration"))
        case "GeneralizedPareto":
            return GeneralizedPareto(loc: p("loc"), scale: p("scale"), concentration: p("concentration"))
        case "Bernoulli": return Bernoulli(probs: p("probs"))
        case "Geometric": return Geometric(probs: p("probs"))
        case "Poisson": return Poisson(rate: p("rate"))
        case "Binomial": return Binomial(totalCount: p("totalCount"), probs: p("probs"))
        case "NegativeBinomial": return NegativeBinomial(totalCount: p("totalCount"), probs: p("probs"))
        default: throw Unknown(name: name)
        }
    }

    static func hasCDF(_ name: String) -> Bool { !["Beta", "StudentT", "FisherSnedecor", "VonMises"].contains(name) }
    static func hasICDF(_ name: String) -> Bool {
        hasCDF(name) && !["Gamma", "Chi2", "InverseGamma"].contains(name)
    }
    static func hasEntropy(_ name: String) -> Bool {
        !["Poisson", "NegativeBinomial", "FisherSnedecor", "VonMises"].contains(name)
    }
}
