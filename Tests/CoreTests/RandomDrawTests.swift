import TestSupport
import Testing
import TorchlightCore

@Suite("Random draws")
struct RandomDrawTests {
    private let count = 40_000

    /// The mean and the median of draws.
    private func summary(_ x: Tensor) -> (mean: Double, median: Double) {
        let values = x.to(.float64)
        return (values.mean().item(), values.median().item())
    }

    @Test("In-place draws have the mean or the median of their distribution", arguments: [DType.float32, .float64])
    func distributions(_ dtype: DType) {
        let generator = Generator(seed: 17)
        func fresh() -> Tensor { Tensor.empty([count], dtype: dtype) }
        let exponential = fresh().exponential_(lambd: 2, generator: generator)
        #expect(abs(summary(exponential).mean - 0.5) < 0.02 && (exponential > 0).all().item() == 1)
        let cauchy = summary(fresh().cauchy_(median: 3, sigma: 2, generator: generator))
        #expect(abs(cauchy.median - 3) < 0.1)
        let logNormal = summary(fresh().logNormal_(mean: 0.5, std: 0.25, generator: generator))
        #expect(abs(logNormal.median - 1.6487) < 0.03)
        let geometric = fresh().geometric_(0.25, generator: generator)
        #expect(abs(summary(geometric).mean - 4) < 0.1 && geometric.min().item() == 1)
        let trials = Tensor.empty([count], dtype: .int8).geometric_(1e-4, generator: generator)
        #expect(trials.max().item() == 127 && trials.min().item() >= 1)
        let likely = Tensor.empty([count], dtype: dtype).bernoulli_(
            p: Tensor([0.25]).expand(count), generator: generator)
        #expect(abs(summary(likely).mean - 0.25) < 0.02)
        #expect(abs(summary(fresh().bernoulli(p: 0.75, generator: generator)).mean - 0.75) < 0.02)
    }

    @Test("Integers over the range of a dtype")
    func integers() {
        let generator = Generator(seed: 2)
        let bytes = Tensor.empty([count], dtype: .uint8).random_(generator: generator)
        #expect(bytes.max().item() == 255 && bytes.min().item() == 0)
        #expect(Tensor.empty([100], dtype: .bool).random_(generator: generator).any().item() == 1)
        let halves = Tensor.empty([count], dtype: .float16).random_(generator: generator)
        #expect(halves.max().item() <= 2048 && halves.equal(halves.round()))
        #expect(
            Tensor.empty([9], dtype: .int64).random_(1, generator: generator).toArray(Int.self) == [
                0, 0, 0, 0, 0, 0, 0, 0, 0,
            ])
        let like = Tensor.randint(like: Tensor.zeros(2, 2), 4, 5, generator: generator)
        #expect(like.dtype == .float32 && like.toArray(Int.self) == [4, 4, 4, 4])
    }

    @Test("Normal numbers for each mean and deviation")
    func normals() {
        let generator = Generator(seed: 5)
        let mean = Tensor([1.0, -2]).unsqueeze(1).expand(2, count)
        let x = Tensor.normal(mean: mean, std: Tensor([0.5], dtype: .float32), generator: generator)
        let means = x.mean(dim: 1).toArray(Double.self), deviations = x.std(dim: 1).toArray(Double.self)
        #expect(abs(means[0] - 1) < 0.02 && abs(means[1] + 2) < 0.02 && abs(deviations[0] - 0.5) < 0.02)
        #expect(Tensor.normal(mean: Tensor([1.0, 2]), std: 0).toArray(Double.self) == [1, 2])
        #expect(Tensor.normal(mean: 3, std: Tensor([0.0], dtype: .float64)).dtype == .float64)
        #expect(!Tensor.normal(mean: Tensor([1.0]).requiresGrad_(), std: 1).requiresGrad)
        expectRefusal(by: "normal", .value) { Tensor.normal(mean: Tensor([1.0]), std: -1) }
        expectRefusal(by: "normal", .dtype) { Tensor.normal(mean: Tensor([1]), std: Tensor([1.0])) }
    }

    @Test("Complex numbers have random parts")
    func complexNumbers() {
        let z = Tensor.randn([count], dtype: .complex64, generator: Generator(seed: 8))
        #expect(z.dtype == .complex64 && abs(z.real.var().item() - 0.5) < 0.02 && abs(z.imag.var().item() - 0.5) < 0.02)
        let u = Tensor.rand([count], dtype: .complex128, requiresGrad: true, generator: Generator(seed: 8))
        #expect(u.requiresGrad && abs(u.detach().imag.mean().item() - 0.5) < 0.01)
        #expect(Tensor.randn(like: z).dtype == .complex64)
    }

    @Test("Parameters out of range are refused")
    func refusals() {
        let x = Tensor([1.0, 2]), n = Tensor([1, 2])
        expectRefusal(by: "exponential_", .value) { x.exponential_(lambd: 0) }
        expectRefusal(by: "exponential_", .dtype) { n.exponential_() }
        expectRefusal(by: "cauchy_", .value) { x.cauchy_(sigma: 0) }
        expectRefusal(by: "logNormal_", .value) { x.logNormal_(std: -1) }
        expectRefusal(by: "geometric_", .value) { n.geometric_(1) }
        expectRefusal(by: "geometric_", .dtype) { Tensor([true]).geometric_(0.5) }
        expectRefusal(by: "gumbelSoftmax", .value) { gumbelSoftmax(x, tau: 0) }
        expectRefusal(by: "bernoulli", .value) { x.bernoulli_(p: Tensor([2.0])) }
        let leaf = Tensor([1.0]).requiresGrad_()
        expectRefusal(by: "exponential_", .autograd) { leaf.exponential_() }
    }

    @Test("Gumbel-softmax draws each category with its probability")
    func gumbel() {
        let logits = Tensor([0.1, 0.6, 0.3]).log().expand(count, 3)
        let hard = gumbelSoftmax(logits, tau: 0.5, hard: true, generator: Generator(seed: 9))
        let shares = hard.mean(dim: 0).toArray(Double.self)
        for (share, expected) in zip(shares, [0.1, 0.6, 0.3]) { #expect(abs(share - expected) < 0.02) }
        let leaf = Tensor([[0.1, 0.2]]).requiresGrad_()
        let soft = gumbelSoftmax(leaf, generator: Generator(seed: 1))
        #expect(abs(soft.sum().item() - 1) < 1e-6)
        gumbelSoftmax(leaf, hard: true, generator: Generator(seed: 1))[0, 0].backward()
        let expected = soft[0, 0] * soft[0, 1]
        #expect(abs(leaf.grad![0, 0].item() - expected.item()) < 1e-6)
    }

    @Test("The state of the default generator can be kept and put back")
    func states() {
        Generator(seed: 4).asDefault {
            #expect(initialSeed() == 4 && Generator.default.initialSeed() == 4)
            let state = getRNGState()
            let first = Tensor.rand(3)
            setRNGState(state)
            #expect(Tensor.rand(3).equal(first))
            forkRNG { _ = Tensor.rand(5) }
            let generator = Generator(seed: 4)
            generator.setState(Generator.default.getState())
            #expect(Tensor.rand([2], generator: generator).equal(Tensor.rand(2)))
            let new = seed()
            #expect(initialSeed() == new)
        }
    }
}
