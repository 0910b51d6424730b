import Foundation
import TestSupport
import Testing
import Torchlight

@Suite struct DistributionEdgeTests {
    private let generator = Generator(seed: 4)

    @Test func certainEventsHaveNoEntropyAndOneOutcome() {
        let certain = Bernoulli(probs: Tensor([0, 1.0]))
        #expect(certain.sample(50, generator: generator).mean(dim: 0).toArray(Double.self) == [0, 1])
        #expect(certain.entropy().abs().max().item() < 1e-5)
        #expect(abs(certain.logProb(Tensor([0, 1.0])).sum().item()) < 1e-5)
        #expect(
            Binomial(totalCount: 5, probs: Tensor([0, 1.0])).sample(generator: generator).toArray(Double.self) == [
                0, 5,
            ])
        #expect(Binomial(totalCount: 0, probs: 0.5).logProb(Tensor(0.0)).item() == 0)
        #expect(Geometric(probs: 1).logProb(Tensor(0.0)).item() == 0)
        #expect(Poisson(rate: 0).logProb(Tensor([0.0, 1])).toArray(Double.self) == [0, -.infinity])
        #expect(Poisson(rate: 0).sample(3, generator: generator).toArray(Double.self) == [0, 0, 0])
        #expect(
            NegativeBinomial(totalCount: 0, probs: 0.5).sample(3, generator: generator).toArray(Double.self) == [
                0, 0, 0,
            ])
        #expect(NegativeBinomial(totalCount: 0, probs: 0.5).logProb(Tensor(0.0)).item() == 0)
    }

    @Test func oneCategoryAndWeightsOfZero() {
        let single = Categorical(probs: Tensor([2.0]))
        #expect(single.sample(5, generator: generator).toArray(Int.self) == [0, 0, 0, 0, 0])
        #expect(abs(single.entropy().item()) < 1e-6 && abs(single.logProb(Tensor(0)).item()) < 1e-6)
        let partial = Categorical(probs: Tensor([0, 1, 0.0]))
        #expect(Set(partial.sample(50, generator: generator).toArray(Int.self)) == [1])
        let counts = Multinomial(totalCount: 7, probs: Tensor([0, 3, 0.0])).sample(generator: generator)
        #expect(counts.toArray(Double.self) == [0, 7, 0])
        #expect(abs(Multinomial(totalCount: 7, probs: Tensor([0, 3, 0.0])).logProb(counts).item()) < 1e-4)
        let infinite = Categorical(logits: Tensor([-Double.infinity, 0]))
        #expect(infinite.entropy().item() == 0)
    }

    @Test func drawsOfTinyConcentrationsAreNumbers() {
        let draws = Dirichlet(concentration: Tensor.full([3], 1e-3)).sample(200, generator: generator)
        #expect(draws.isfinite().all().item(Bool.self))
        #expect((draws.sum(dim: -1) - 1).abs().max().item() < 1e-5)
        let gamma = Gamma(concentration: 1e-3, rate: 1).sample(200, generator: generator)
        #expect((gamma > 0).all().item(Bool.self))
        let beta = Beta(concentration1: 1e-3, concentration0: 1e-3).sample(200, generator: generator)
        #expect(beta.isfinite().all().item(Bool.self))
    }

    @Test func divergencesAreInfiniteOutsideTheSupport() {
        let (normal, gamma) = (Normal(loc: Tensor([0.0, 1]), scale: 1), Gamma(concentration: 2, rate: 1))
        #expect(klDivergence(normal, gamma).toArray(Double.self) == [.infinity, .infinity])
        #expect(klDivergence(Uniform(low: 0, high: 2), Uniform(low: 0, high: 1)).item() == .infinity)
        // The support of the continuous Bernoulli distribution is that of the uniform one.
        let inside = klDivergence(ContinuousBernoulli(probs: 0.3), Uniform(low: 0, high: 1)).item()
        #expect(abs(inside + ContinuousBernoulli(probs: 0.3).entropy().item()) < 1e-6)
        let coins = klDivergence(Bernoulli(probs: Tensor([0, 0.5])), Bernoulli(probs: Tensor([0.5, 0.0])))
        #expect(abs(coins[0].item() - log(2)) < 1e-5 && coins[1].item() == .infinity)
    }

    @Test func pairsCanBeRegistered() {
        expectRefusal(by: "klDivergence", .unsupported) {
            klDivergence(Poisson(rate: 1), Gamma(concentration: 1, rate: 1))
        }
        registerKL(Pareto.self, Weibull.self) { p, _ in p.scale }
        #expect(klDivergence(Pareto(scale: 3, alpha: 1), Weibull(scale: 1, concentration: 1)).item() == 3)
    }

    @Test func argumentsAreChecked() {
        expectRefusal(by: "Normal", .value) { Normal(loc: 0, scale: -1).mean }
        expectRefusal(by: "Normal", .value) { Normal(loc: Double.nan, scale: 1).mean }
        expectRefusal(by: "Normal", .shape) { Normal(loc: Tensor.zeros(2), scale: Tensor.ones(3)).mean }
        expectRefusal(by: "Normal.logProb", .value) { Normal(loc: 0, scale: 1).logProb(Tensor(Double.nan)) }
        expectRefusal(by: "Normal.logProb", .shape) { Normal(loc: Tensor.zeros(3), scale: 1).logProb(Tensor.zeros(2)) }
        expectRefusal(by: "Uniform", .value) { Uniform(low: 1, high: 1).mean }
        expectRefusal(by: "Bernoulli", .value) { Bernoulli().mean }
        expectRefusal(by: "Bernoulli", .value) { Bernoulli(probs: 0.5, logits: 0).mean }
        expectRefusal(by: "Categorical", .value) { Categorical(probs: Tensor([-1.0, 2])).probs }
        expectRefusal(by: "Exponential.icdf", .value) { Exponential(rate: 1).icdf(Tensor(1.5)) }
        expectRefusal(by: "StudentT.cdf", .unsupported) { StudentT(df: 3).cdf(Tensor(0.5)) }
        expectRefusal(by: "Poisson.rsample", .unsupported) { Poisson(rate: 3).rsample(2) }
        expectRefusal(by: "Wishart", .value) { Wishart(df: 0.5, covarianceMatrix: Tensor.eye(2)).mean }
        expectRefusal(by: "MultivariateNormal", .value) {
            MultivariateNormal(loc: Tensor.zeros(2), covarianceMatrix: Tensor([[1, 2], [2, 1.0]])).mean
        }
        expectRefusal(by: "Independent", .value) { Independent(Normal(loc: 0, scale: 1), 1).mean }
        expectRefusal(by: "LKJCholesky", .value) { LKJCholesky(dim: 1).concentration }
        #expect(Normal(loc: 0, scale: -1, validateArgs: false).scale.item() == -1)
        #expect(Exponential(rate: 1, validateArgs: false).logProb(Tensor(-1.0)).item() == 1)
    }

    @Test func shapesAreKnownWithoutValues() {
        withDevice(.meta) {
            let normal = Normal(loc: Tensor.zeros([2, 3]), scale: 1)
            #expect(normal.logProb(Tensor.zeros([4, 2, 3])).shape == [4, 2, 3])
            #expect(normal.rsample(5).shape == [5, 2, 3])
            #expect(Gamma(concentration: Tensor.ones([3]), rate: 2).rsample(2).shape == [2, 3])
        }
    }

    /// With numbers the default dtype counts, beside tensors theirs.
    @Test func numbersTakeTheDtypeOfTensors() {
        #expect(Normal(loc: 0, scale: 1).loc.dtype == .float32)
        #expect(Normal(loc: 0, scale: Tensor(1.0, dtype: .float64)).loc.dtype == .float64)
        #expect(Normal(loc: Tensor([1, 2]), scale: 1).loc.dtype == .float32)
    }
}
