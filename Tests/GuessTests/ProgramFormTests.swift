import Testing
import Torchlight

/// Errors, values and statistics of forms that PyTorch users write.
@Suite("Forms of whole programs")
struct ProgramFormTests {
    @Test("Wrong calls are errors")
    func errors() {
        let x = zeros(2, 3)
        #expect(throws: TensorError.self) {
            try checked {
                let (a, b) = x.chunk(3, dim: 1)
                return a + b
            }
        }
        #expect(throws: TensorError.self) { try checked { x.tolist() as [Double] } }
        #expect(throws: TensorError.self) { try checked { Linear(3, 2).getParameter("7.bias") } }
        #expect(throws: TensorError.self) { try checked { RandomCrop(5)(zeros(1, 4, 4)) } }
        #expect(throws: TensorError.self) { try checked { RandomHorizontalFlip(2) } }
    }

    @Test("Parts at random positions are those of the generator, and all positions occur")
    func randomCrops() {
        let image = arange(9.0).reshape(1, 3, 3)
        func firsts(_ seed: UInt64) -> [Int] {
            Generator(seed: seed).asDefault { (0..<100).map { _ in RandomCrop(2)(image)[0, 0, 0].item() } }
        }
        #expect(firsts(1) == firsts(1))
        #expect(Set(firsts(1)) == [0, 1, 3, 4])
        let flipped = Generator(seed: 2).asDefault {
            (0..<1000).filter { _ in RandomHorizontalFlip(0.3)(image)[0, 0, 0].item() == 2 }.count
        }
        #expect((250...350).contains(flipped), "\(flipped)")
    }

    @Test("Distributions take their parameters without labels")
    func distributions() {
        expect(Beta(2.0, 3.0).mean, 0.4)
        expect(Exponential(2.0).mean, 0.5)
        expect(Gamma(2.0, 4.0).mean, 0.5)
        expect(Poisson(3.0).mean, 3)
        expect(Laplace(1.0, 2.0).mean, 1)
        expect(MultivariateNormal(zeros(2), eye(2)).logProb(zeros(2)), -1.837877)
        expect(MixtureSameFamily(Categorical(ones(2)), Normal(zeros(2), ones(2))).mean, 0)
    }

    private func expect(_ got: Tensor, _ expected: Double, at location: SourceLocation = #_sourceLocation) {
        #expect(abs(got.item() - expected) < 1e-5, "got \(got)", sourceLocation: location)
    }
}
