import Foundation
import TestSupport
import Testing
import Torchlight

@Suite struct DistributionGradientTests {
    /// The derivative of a number by one of its arguments, by central differences.
    private func slope(_ x: Double, _ function: (Tensor) -> Tensor) -> Double {
        let step = 1e-5 * max(1, abs(x))
        func value(_ x: Double) -> Double { function(Tensor(x, dtype: .float64)).item() }
        return (value(x + step) - value(x - step)) / (2 * step)
    }

    private func gradient(_ x: Double, _ function: (Tensor) -> Tensor) -> Double {
        let leaf = Tensor(x, dtype: .float64).requiresGrad_()
        function(leaf).backward()
        return leaf.grad?.item() ?? .nan
    }

    /// Log probabilities and entropies by each parameter.
    @Test(arguments: SamplingTests.continuous.indices)
    func parametersHaveTheirGradients(_ index: Int) throws {
        let (name, parameters) = SamplingTests.continuous[index]
        let point = try Families.make(name, parameters).sample(generator: Generator(seed: 5))
        for (parameter, value) in parameters {
            func with(_ function: @escaping (any Distribution) -> Tensor) -> (Tensor) -> Tensor {
                { x in
                    // The names are those of the table, so that the distribution exists.
                    function(try! Families.make(name, parameters, replacing: parameter, by: x))
                }
            }
            let logProb = with { $0.logProb(point) }
            #expect(isClose(gradient(value, logProb), slope(value, logProb)), "\(name).logProb by \(parameter)")
            // The entropy does not depend on the place.
            if parameter == "loc", name != "LogNormal" { continue }
            let entropy = with { $0.entropy() }
            #expect(isClose(gradient(value, entropy), slope(value, entropy)), "\(name).entropy by \(parameter)")
        }
    }

    private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * (1 + abs(b)) }

    /// The mean gradient of reparameterised draws is the gradient of the mean.
    @Test func gradientsOfDrawsAverageToThoseOfMeans() {
        let count = 20_000
        let cases: [(String, Double, (Tensor) -> any Distribution)] = [
            ("Normal", 1.5, { Normal(loc: 0.5, scale: $0) }), ("Gamma", 0.6, { Gamma(concentration: $0, rate: 2) }),
            ("Gamma", 12, { Gamma(concentration: $0, rate: 2) }),
            ("Beta", 1.7, { Beta(concentration1: $0, concentration0: 2.5) }),
            ("Exponential", 3, { Exponential(rate: $0) }),
            ("Laplace", 2, { Laplace(loc: $0, scale: 1) }),
            ("Weibull", 2, { Weibull(scale: $0, concentration: 1.5) }), ("Chi2", 3, { Chi2(df: $0) }),
        ]
        for (name, value, make) in cases {
            let x = Tensor(value, dtype: .float64).requiresGrad_()
            make(x).rsample(count, generator: Generator(seed: 31)).square().mean().backward()
            let expected = slope(value) { x in
                let distribution = make(x)
                return distribution.variance + distribution.mean.square()
            }
            let got = x.grad?.item() ?? .nan
            #expect(abs(got - expected) < 0.08 * (1 + abs(expected)), "\(name)(\(value)): \(got) and \(expected)")
        }
    }

    @Test func straightThroughDrawsHaveTheGradientOfTheProbabilities() {
        let logits = Tensor([0.1, 0.5, -0.3], dtype: .float64).requiresGrad_()
        let distribution = OneHotCategoricalStraightThrough(logits: logits)
        let weights = Tensor([1, 2, 4.0], dtype: .float64)
        let draw = distribution.rsample(generator: Generator(seed: 2))
        #expect(draw.detach().sum().item() == 1)
        (draw * weights).sum().backward()
        let plain = Tensor([0.1, 0.5, -0.3], dtype: .float64).requiresGrad_()
        (plain.softmax(dim: -1) * weights).sum().backward()
        #expect(logits.grad!.allclose(plain.grad!))
    }
}
