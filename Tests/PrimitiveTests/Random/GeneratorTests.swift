import Foundation
import TestSupport
import Testing

@testable import TorchlightCore

@Suite struct GeneratorTests {
    @Test func sameSeedSameNumbers() {
        let a = Generator(seed: 7)
        let b = Generator(seed: 7)
        #expect(Tensor.rand(3, 5, generator: a).equal(.rand(3, 5, generator: b)))
        #expect(Tensor.randn(101, generator: a).equal(.randn(101, generator: b)))
        #expect(!Tensor.rand(8, generator: a).equal(.rand(8, generator: a)))
        #expect(!Tensor.rand(8, generator: Generator(seed: 8)).equal(.rand(8, generator: Generator(seed: 7))))
    }

    @Test func goesOnWhereItWasSaved() throws {
        let generator = Generator(seed: 3)
        _ = Tensor.rand(4, generator: generator)
        let saved = try JSONEncoder().encode(generator.state)
        let expected = Tensor.rand(4, generator: generator)
        let restored = Generator(state: try JSONDecoder().decode(Generator.State.self, from: saved))
        #expect(Tensor.rand(4, generator: restored).equal(expected))
        generator.manualSeed(3)
        _ = Tensor.rand(4, generator: generator)
        #expect(Tensor.rand(4, generator: generator).equal(expected))
    }

    @Test func forksAreIndependentOfTheirParentsPlace() {
        let generator = Generator(seed: 5)
        let before = generator.fork(1)
        _ = Tensor.rand(4, generator: generator)
        #expect(generator.fork(1).seed == before.seed)
        #expect(generator.fork(2).seed != before.seed)
        #expect(Set((-50..<50).map { generator.fork($0).seed }).count == 100)
    }

    @Test func moments() {
        let generator = Generator(seed: 11)
        let uniform = Tensor.rand([100_000], dtype: .float64, generator: generator)
        #expect(uniform.min().item() >= 0 && uniform.max().item() < 1)
        #expect(abs(uniform.mean().item() - 0.5) < 0.005)
        #expect(abs(uniform.var().item() - 1.0 / 12) < 0.002)
        let normal = Tensor.normal(mean: 2, std: 3, [100_000], generator: generator)
        #expect(abs(normal.mean().item() - 2) < 0.05)
        #expect(abs(normal.std().item() - 3) < 0.05)
        let whole = Tensor.randint(-2, 3, [50_000], generator: generator)
        #expect(whole.min().item() == -2 && whole.max().item() == 2 && whole.dtype == .int64)
        #expect(abs(whole.to(.float64).mean().item()) < 0.05)
        for dtype in [DType.float16, .bfloat16] {
            let half = Tensor.rand([10_000], dtype: dtype, generator: generator)
            #expect(half.max().item() < 1 && half.min().item() >= 0, "\(dtype)")
        }
    }

    @Test func permutations() {
        let generator = Generator(seed: 2)
        let order = Tensor.randperm(1000, generator: generator).toArray(Int.self)
        #expect(order.sorted() == Array(0..<1000))
        #expect(order != Array(0..<1000))
        #expect(Tensor.randperm(0, generator: generator).numel == 0)
    }

    @Test func stridedTargetsGetTheSameNumbers() {
        let dense = Tensor.zeros([3, 4]).uniform_(generator: Generator(seed: 4))
        let strided = Tensor.zeros([4, 3]).T.uniform_(generator: Generator(seed: 4))
        #expect(dense.equal(strided))
    }

    @Test func refusesWhatMakesNoSense() {
        expectRefusal(by: "randint", .value) { Tensor.randint(3, 3, [2]) }
        expectRefusal(by: "randint", .value) { Tensor.randint(0, 300, [2], dtype: .uint8) }
        expectRefusal(by: "normal", .value) { Tensor.zeros([2]).normal_(std: -1) }
        expectRefusal(by: "uniform", .value) { Tensor.zeros([2]).uniform_(from: 1, to: 0) }
        expectRefusal(by: "uniform", .dtype) { Tensor.zeros([2], dtype: .int64).uniform_() }
        expectRefusal(by: "rand", .shape) { Tensor.rand([-1]) }
        expectRefusal(by: "bernoulli", .value) { Tensor([0.5, 1.5]).bernoulli() }
        let w = Tensor.zeros([2], requiresGrad: true)
        expectRefusal(by: "uniform_", .autograd) { w.uniform_() }
    }

    @Test func bernoulliFollowsItsProbabilities() {
        let generator = Generator(seed: 6)
        let p = Tensor([0.0, 1, 0.3]).expand([20_000, 3])
        let mean = p.bernoulli(generator: generator).mean(dim: 0).toArray(Double.self)
        #expect(mean[0] == 0 && mean[1] == 1 && abs(mean[2] - 0.3) < 0.02)
        #expect(abs(Tensor.zeros([20_000]).bernoulli_(p: 0.25, generator: generator).mean().item() - 0.25) < 0.02)
    }
}

@Suite struct DropoutTests {
    @Test func keepsTheExpectation() {
        let x = Tensor.ones([50_000])
        let y = dropout(x, p: 0.2, generator: Generator(seed: 1))
        let values = Set(y.toArray(Float.self))
        #expect(values == [0, 1.25])
        #expect(abs(y.mean().item() - 1) < 0.02)
    }

    @Test func gradientUsesTheSameMask() {
        let x = Tensor.ones([1000], requiresGrad: true)
        let y = dropout(x, p: 0.5, generator: Generator(seed: 1))
        y.sum().backward()
        #expect(x.grad!.equal(y.detach()))
    }

    @Test func edges() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        #expect(dropout(x, p: 0.5, training: false) === x)
        #expect(dropout(x, p: 0) === x)
        let y = dropout(x, p: 1)
        #expect(y.toArray(Double.self) == [0, 0])
        y.sum().backward()
        #expect(x.grad!.toArray(Double.self) == [0, 0])
        expectRefusal(by: "dropout", .value) { dropout(x, p: 1.5) }
        expectRefusal(by: "dropout", .dtype) { dropout(Tensor([1, 2]), p: 0.5) }
    }
}
