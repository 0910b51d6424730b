import Foundation
import TestSupport
import Testing
import Torchlight

@Suite struct SamplingTests {
    private static let count = 20_000

    /// Families with a distribution function, and parameters.
    static let continuous: [(String, [String: Double])] = [
        ("Normal", ["loc": 1, "scale": 2]), ("LogNormal", ["loc": 0, "scale": 0.5]), ("HalfNormal", ["scale": 2]),
        ("Cauchy", ["loc": 1, "scale": 2]), ("HalfCauchy", ["scale": 3]), ("Laplace", ["loc": -1, "scale": 2]),
        ("Gumbel", ["loc": 1, "scale": 0.5]), ("Uniform", ["low": -1, "high": 3]),
        ("Gamma", ["concentration": 0.3, "rate": 2]), ("InverseGamma", ["concentration": 3, "rate": 2]),
        ("Chi2", ["df": 3]), ("Exponential", ["rate": 4]), ("Pareto", ["scale": 2, "alpha": 3]),
        ("Weibull", ["scale": 2, "concentration": 1.5]), ("Kumaraswamy", ["concentration1": 2, "concentration0": 3]),
        ("ContinuousBernoulli", ["probs": 0.2]), ("ContinuousBernoulli", ["probs": 0.5]),
        ("GeneralizedPareto", ["loc": 1, "scale": 2, "concentration": -0.3]),
    ]

    /// The distribution function of draws is uniform, by the Kolmogorov-Smirnov statistic at its 99.9 % quantile.
    @Test(arguments: continuous.indices)
    func drawsFollowTheDistributionFunction(_ index: Int) throws {
        let (name, parameters) = Self.continuous[index]
        let distribution = try Families.make(name, parameters)
        let draws = distribution.sample(Self.count, generator: Generator(seed: 40 + UInt64(index)))
        let sorted = distribution.cdf(draws).toArray(Double.self).sorted()
        let distance = sorted.enumerated().map { abs($1 - (Double($0) + 0.5) / Double(Self.count)) }.max() ?? 1
        #expect(distance < 1.95 / Double(Self.count).squareRoot(), "\(name): \(distance)")
    }

    static let moments: [(String, [String: Double])] = [
        ("Beta", ["concentration1": 0.5, "concentration0": 2]), ("StudentT", ["df": 8, "loc": 1, "scale": 2]),
        ("FisherSnedecor", ["df1": 5, "df2": 14]), ("Bernoulli", ["probs": 0.3]), ("Geometric", ["probs": 0.3]),
        ("Poisson", ["rate": 3.5]), ("Binomial", ["totalCount": 12, "probs": 0.6]),
        ("NegativeBinomial", ["totalCount": 4, "probs": 0.4]),
    ]

    @Test(arguments: moments.indices)
    func momentsAreThoseOfTheDistribution(_ index: Int) throws {
        let (name, parameters) = Self.moments[index]
        let distribution = try Families.make(name, parameters)
        let draws = distribution.sample(Self.count, generator: Generator(seed: 90 + UInt64(index)))
        let (mean, variance) = (distribution.mean.item(), distribution.variance.item())
        #expect(abs(draws.mean().item() - mean) < 4 * (variance / Double(Self.count)).squareRoot(), "\(name)")
        #expect(abs(draws.var().item() / variance - 1) < 0.15, "\(name)")
    }

    @Test func vectorsAndMatricesHaveTheirMoments() {
        let generator = Generator(seed: 12)
        let covariance = Tensor([[2, 0.6], [0.6, 1.0]])
        let distributions: [(String, any Distribution)] = [
            ("MultivariateNormal", MultivariateNormal(loc: Tensor([1, -1.0]), covarianceMatrix: covariance)),
            (
                "LowRankMultivariateNormal",
                LowRankMultivariateNormal(
                    loc: Tensor([1, -1.0]), covFactor: Tensor([[1], [0.5]]), covDiag: Tensor([0.5, 0.3]))
            ),
            ("Dirichlet", Dirichlet(concentration: Tensor([0.5, 2, 3.0]))),
            ("Multinomial", Multinomial(totalCount: 9, probs: Tensor([0.2, 0.5, 0.3]))),
            ("OneHotCategorical", OneHotCategorical(probs: Tensor([0.2, 0.5, 0.3]))),
            ("Wishart", Wishart(df: 5, covarianceMatrix: covariance)),
            (
                "MixtureSameFamily",
                MixtureSameFamily(
                    mixtureDistribution: Categorical(probs: Tensor([0.3, 0.7])),
                    componentDistribution: Normal(loc: Tensor([-2, 3.0]), scale: Tensor([0.5, 1.0])))
            ),
        ]
        for (name, distribution) in distributions {
            let draws = distribution.sample(Self.count, generator: generator)
            let error = (distribution.variance / Double(Self.count)).sqrt() * 4.5
            #expect(((draws.mean(dim: 0) - distribution.mean).abs() <= error).all().item(Bool.self), "\(name)")
            let ratio = draws.var(dim: 0) / distribution.variance
            #expect(((ratio - 1).abs() < 0.2).all().item(Bool.self), "\(name)")
        }
    }

    @Test func categoriesFollowTheirProbabilities() {
        let probs = Tensor([[0.1, 0.2, 0.7, 0], [0.25, 0.25, 0.25, 0.25]])
        let draws = Categorical(probs: probs).sample(Self.count, generator: Generator(seed: 6))
        #expect(draws.shape == [Self.count, 2] && draws.dtype == .int64)
        for row in 0..<2 {
            var statistic = 0.0
            for k in 0..<4 {
                let expected = probs[row, k].item() * Double(Self.count)
                let got = (draws.select(1, row) .== k).sum().item()
                if expected == 0 {
                    #expect(got == 0)
                } else {
                    statistic += (got - expected) * (got - expected) / expected
                }
            }
            // The 99.9 % quantile of chi-squared with three degrees of freedom.
            #expect(statistic < 16.3, "row \(row)")
        }
    }

    @Test func correlationMatricesAreOnes() {
        for dim in [2, 4] {
            let distribution = LKJCholesky(dim: dim, concentration: 2)
            let factors = distribution.sample(500, generator: Generator(seed: 3))
            #expect(factors.shape == [500, dim, dim])
            #expect(Constraint.corrCholesky.check(factors).all().item(Bool.self), "\(dim)")
            // Off-diagonal correlations have variance 1 / (2 concentration + dim - 1).
            let correlation = factors.matmul(factors.mT).select(-1, 0).select(-1, 1)
            let variance = 1 / Double(4 + dim - 1)
            #expect(abs(correlation.var().item() / variance - 1) < 0.3, "\(dim)")
        }
    }

    @Test func anglesLieInTheCircleAndPointToTheMean() {
        for (loc, concentration) in [(0.0, 1.0), (3, 4), (-2, 100)] {
            let draws = VonMises(loc: loc, concentration: concentration).sample(
                Self.count, generator: Generator(seed: 9))
            #expect(draws.min().item() >= -Double.pi && draws.max().item() < Double.pi + 1e-6)
            let (sine, cosine) = (draws.sin().mean().item(), draws.cos().mean().item())
            #expect(abs(remainder(atan2(sine, cosine) - loc, 2 * Double.pi)) < 0.05)
            let length = VonMises(loc: loc, concentration: concentration).variance.item()
            #expect(abs(1 - hypot(sine, cosine) - length) < 0.02)
        }
    }

    @Test func relaxedDrawsApproachCornersAsTheTemperatureFalls() {
        let generator = Generator(seed: 2)
        let coins = RelaxedBernoulli(temperature: 0.05, probs: Tensor([0.3])).sample(4000, generator: generator)
        #expect(abs((coins > 0.5).to(.float64).mean().item() - 0.3) < 0.03)
        let dice = RelaxedOneHotCategorical(temperature: 0.05, probs: Tensor([0.2, 0.8])).sample(
            4000, generator: generator)
        #expect(abs((dice.select(-1, 0) > 0.5).to(.float64).mean().item() - 0.2) < 0.03)
        #expect((dice.sum(dim: -1) - 1).abs().max().item() < 1e-5)
    }

    /// Draws are a function of the generator's state alone.
    @Test func drawsDoNotDependOnTheNumberOfThreads() throws {
        func draw() throws -> [[Double]] {
            try (Self.continuous + Self.moments).map { name, parameters in
                try Families.make(name, parameters).sample(3000, generator: Generator(seed: 77)).toArray(Double.self)
            }
        }
        let many = try draw()
        let threads = numThreads
        numThreads = 1
        defer { numThreads = threads }
        #expect(try draw() == many)
    }

    @Test func shapesOfDraws() {
        let generator = Generator(seed: 1)
        let normal = Normal(loc: Tensor.zeros(2, 1), scale: Tensor.ones(3))
        #expect(normal.batchShape == [2, 3])
        #expect(normal.sample(generator: generator).shape == [2, 3])
        #expect(normal.sample([4, 5], generator: generator).shape == [4, 5, 2, 3])
        #expect(normal.expand([7, 2, 3]).sample(generator: generator).shape == [7, 2, 3])
        #expect(Independent(normal, 1).eventShape == [3])
        #expect(Dirichlet(concentration: Tensor.ones(2, 3)).sample(4, generator: generator).shape == [4, 2, 3])
        #expect(
            Multinomial(totalCount: 3, probs: Tensor.ones(2, 4)).sample(5, generator: generator).shape == [5, 2, 4])
        #expect(Normal(loc: 0, scale: 1).sample([0], generator: generator).shape == [0])
        #expect(Categorical(probs: Tensor.ones(2, 4)).sample([0], generator: generator).shape == [0, 2])
    }
}
