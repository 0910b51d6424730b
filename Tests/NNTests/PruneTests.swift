import TestSupport
import Testing
import Torchlight

@Suite struct PruneTests {
    private static func linear() -> Linear { Linear(4, 3, generator: Generator(seed: 1)) }
    private static func zeros(_ weight: Tensor) -> Int { (weight .== 0).sum().item(Int.self) }

    private static func mask(_ module: Module, _ name: String = "weight") -> Tensor {
        module.namedBuffers().first { $0.name == name + "_mask" }!.tensor
    }

    @Test func theSmallestMagnitudesArePruned() {
        let layer = Self.linear()
        let weight = layer.weight.detach().clone()
        Prune.l1Unstructured(layer, amount: 5)
        #expect(Self.zeros(layer.weight) == 5)
        let kept = layer.weight.abs().flatten().sort().values[5]
        let removed = (weight - layer.weight).abs().max()
        #expect(removed.item() <= kept.item())
        #expect(Prune.isPruned(layer) && !Prune.isPruned(Self.linear()))
    }

    @Test func prunedElementsStayZeroInTraining() throws {
        let layer = Prune.l1Unstructured(Self.linear(), amount: 0.5)
        #expect(layer.namedParameters().map(\.name) == ["bias", "weight_orig"])
        #expect(layer.stateDict().keys.sorted() == ["bias", "weight_mask", "weight_orig"])
        let optimizer = SGD(layer.parameters(), lr: 0.1)
        let x = Tensor.randn([5, 4], generator: Generator(seed: 2))
        let before = layer.weight.detach().clone()
        for _ in 0..<3 {
            optimizer.zeroGrad()
            (layer(x) - 1).square().sum().backward()
            optimizer.step()
        }
        let expected = layer(x)
        #expect(Self.zeros(layer.weight) == 6 && !layer.weight.allclose(before))
        let other = Prune.identity(Self.linear())
        try other.load(stateDict: layer.stateDict())
        #expect(other(x).allclose(expected))
        let copy = layer.deepCopy()
        #expect(copy(x).allclose(expected) && copy.namedParameters().map(\.name) == ["bias", "weight_orig"])
        Prune.remove(layer)
        #expect(layer(x).allclose(expected) && layer.stateDict().keys.sorted() == ["bias", "weight"])
        #expect(!Prune.isPruned(layer))
    }

    @Test func aSecondPruningCountsWhatIsLeft() {
        let layer = Prune.l1Unstructured(Self.linear(), amount: 0.5)
        let first = Self.mask(layer)
        Prune.l1Unstructured(layer, amount: 0.5)
        #expect(Self.zeros(Self.mask(layer)) == 9)
        #expect((Self.mask(layer) * first).equal(Self.mask(layer)), "what was pruned stays pruned")
        Prune.randomUnstructured(layer, amount: 2, generator: Generator(seed: 3))
        #expect(Self.zeros(Self.mask(layer)) == 11)
    }

    @Test func channelsArePruned() {
        let layer = Conv2d(3, 6, kernelSize: 2, generator: Generator(seed: 1))
        let norms = LinAlg.vectorNorm(layer.weight.detach(), dim: [1, 2, 3])
        Prune.lnStructured(layer, amount: 2, n: 2, dim: 0)
        func kept(_ dim: [Int]) -> [Bool] { (Self.mask(layer).sum(dim: dim) > 0).toArray(Bool.self) }
        let smallest = norms.argsort().toArray(Int.self).prefix(2)
        #expect(kept([1, 2, 3]) == (0..<6).map { !smallest.contains($0) })
        Prune.randomStructured(layer, amount: 0.34, dim: 1, generator: Generator(seed: 2))
        #expect(kept([0, 2, 3]).count { $0 } == 2)
        Prune.lnStructured(layer, amount: 1.0, n: 2, dim: 0)
        #expect(Self.mask(layer).sum().item() == 0)
    }

    @Test func severalParametersAreComparedTogether() {
        let (a, b) = (Self.linear(), Conv1d(2, 3, kernelSize: 2, generator: Generator(seed: 4)))
        noGrad { _ = b.weight.fill_(7) }
        Prune.globalUnstructured([(a, "weight"), (b, "weight")], amount: 0.5)
        #expect(Self.zeros(a.weight) == 12 && Self.zeros(b.weight) == 0)
        Prune.globalUnstructured(
            [(a, "weight"), (b, "weight")], method: .randomUnstructured, amount: 4, generator: Generator(seed: 5))
        #expect(Self.zeros(b.weight) == 4, "only elements that are left are chosen")
    }

    @Test func masksOfRecurrentLayersArePruned() {
        let layer = LSTM(3, 4, generator: Generator(seed: 1))
        Prune.l1Unstructured(layer, "weight_hh_l0", amount: 0.25)
        let x = Tensor.randn([2, 1, 3], generator: Generator(seed: 2))
        layer(x).output.sum().backward()
        let original = layer.namedParameters().first { $0.name == "weight_hh_l0_orig" }!.tensor
        #expect((original.grad! * (1 - Self.mask(layer, "weight_hh_l0"))).abs().max().item() == 0)
    }

    @Test func wrongCallsAreErrors() {
        let calls: [(String, () -> Module)] = [
            ("more than all", { Prune.l1Unstructured(Self.linear(), amount: 13) }),
            ("a fraction above 1", { Prune.l1Unstructured(Self.linear(), amount: 1.5) }),
            ("a negative number", { Prune.randomUnstructured(Self.linear(), amount: -1) }),
            ("a vector", { Prune.lnStructured(Self.linear(), "bias", amount: 1, n: 2, dim: 0) }),
            ("a dimension", { Prune.randomStructured(Self.linear(), amount: 1, dim: 2) }),
            ("a name", { Prune.l1Unstructured(Self.linear(), "weights", amount: 1) }),
            ("a mask", { Prune.customFromMask(Self.linear(), mask: Tensor.ones(3)) }),
            ("scores", { Prune.l1Unstructured(Self.linear(), amount: 1, importanceScores: Tensor.ones(3)) }),
            ("nothing to remove", { Prune.remove(Self.linear()) }),
            ("two rules", { Prune.l1Unstructured(Self.linear().weightNorm(), amount: 1) }),
        ]
        for (name, call) in calls { #expect(throws: TensorError.self, "\(name)") { try checked(call) } }
    }
}
