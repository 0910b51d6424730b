import Foundation
import TestSupport
import Testing

@testable import TorchlightCore

@Suite struct VariateTests {
    private static let count = 40_000

    /// Mean and variance of draws with these parameters, beside those of the distribution.
    @Test(arguments: [
        (RandomVariates.Distribution.gamma, [0.05], 0.05, 0.05), (.gamma, [0.9], 0.9, 0.9), (.gamma, [7.5], 7.5, 7.5),
        (.poisson, [0.3], 0.3, 0.3), (.poisson, [9.5], 9.5, 9.5), (.poisson, [10.5], 10.5, 10.5),
        (.poisson, [4000], 4000, 4000), (.binomial, [7, 0.2], 1.4, 1.12), (.binomial, [100, 0.7], 70, 21),
        (.binomial, [5000, 0.004], 20, 19.92),
    ])
    func momentsAreThoseOfTheDistribution(
        _ distribution: RandomVariates.Distribution, _ parameters: [Double], _ mean: Double, _ variance: Double
    ) {
        let tensors = parameters.map { Tensor.full([Self.count], $0, dtype: .float64) }
        let draws = Tensor.variates(distribution, tensors, generator: Generator(seed: 17))
        let error = (variance / Double(Self.count)).squareRoot()
        #expect(abs(draws.mean().item() - mean) < 4 * error, "\(distribution) \(parameters)")
        #expect(abs(draws.var().item() / variance - 1) < 0.15, "\(distribution) \(parameters)")
    }

    /// Counts of small values beside their probabilities, by the chi-squared statistic.
    @Test(arguments: [2.5, 14.0])
    func poissonCountsFollowTheProbabilities(_ rate: Double) {
        let draws = Tensor.full([Self.count], rate, dtype: .float64).poisson(generator: Generator(seed: 3))
        var counts: [Int: Double] = [:]
        for k in draws.toArray(Int.self) { counts[k, default: 0] += 1 }
        var (statistic, cells) = (0.0, 0)
        for k in 0..<60 {
            let expected = Double(Self.count) * exp(Double(k) * log(rate) - rate - lgamma(Double(k) + 1))
            guard expected >= 10 else { continue }
            statistic += pow((counts[k] ?? 0) - expected, 2) / expected
            cells += 1
        }
        // The 99.99 % quantile of chi-squared lies below this.
        #expect(statistic < Double(cells) + 6 * (2 * Double(cells)).squareRoot(), "rate \(rate)")
    }

    /// The distribution function of gamma draws is uniform, by the Kolmogorov-Smirnov statistic.
    @Test(arguments: [0.2, 1, 3, 80])
    func gammaDrawsFollowTheDistributionFunction(_ shape: Double) {
        let a = Tensor.full([Self.count], shape, dtype: .float64)
        let draws = Tensor.variates(.gamma, [a], generator: Generator(seed: 5))
        let sorted = a.igamma(draws).toArray(Double.self).sorted()
        let distance = sorted.enumerated().map { abs($1 - (Double($0) + 0.5) / Double(Self.count)) }.max() ?? 1
        #expect(distance < 1.95 / Double(Self.count).squareRoot(), "shape \(shape)")
    }

    @Test func drawsDoNotDependOnTheNumberOfThreads() {
        let a = Tensor.full([10_000], 2.5)
        func draw() -> [Float] {
            Tensor.variates(.gamma, [a], generator: Generator(seed: 8)).toArray(Float.self)
        }
        let many = draw()
        let threads = TorchlightCore.numThreads
        TorchlightCore.numThreads = 1
        defer { TorchlightCore.numThreads = threads }
        #expect(draw() == many)
    }

    @Test func edges() {
        let generator = Generator(seed: 1)
        #expect(Tensor([0.0, 0]).poisson(generator: generator).toArray(Double.self) == [0, 0])
        let counts = Tensor([0.0, 5, 5]).binomial(probs: Tensor([0.5, 0, 1]), generator: generator)
        #expect(counts.toArray(Double.self) == [0, 0, 5])
        #expect(Tensor.zeros([0, 3]).poisson(generator: generator).shape == [0, 3])
        let tiny = Tensor.variates(.logGamma, [Tensor.full([1000], 1e-4)], generator: generator)
        #expect(tiny.isfinite().all().item(Bool.self))
        expectRefusal(by: "poisson", .value) { Tensor([1.0, -1]).poisson() }
        expectRefusal(by: "poisson", .dtype) { Tensor([1, 2]).poisson() }
        expectRefusal(by: "binomial", .value) { Tensor([3.0]).binomial(probs: Tensor([1.5])) }
    }

    /// The gradient of a draw by the shape keeps the value of the distribution function.
    @Test(arguments: [0.05, 0.7, 2, 30, 900, 1500])
    func gammaGradientKeepsTheDistributionFunction(_ shape: Double) {
        let a = Tensor.full([200], shape, dtype: .float64, requiresGrad: true)
        let x = Tensor.variates(.gamma, [a], generator: Generator(seed: 21))
        x.sum().backward()
        let (values, gradient) = (x.detach(), a.grad!)
        let step = 1e-4 * shape
        let moved =
            (a.detach() + step).igamma(values + gradient * step) - (a.detach() - step).igamma(values - gradient * step)
        #expect(moved.abs().max().item() < 1e-6, "shape \(shape)")
    }
}
