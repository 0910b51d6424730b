import TestSupport
import Testing
import Torchlight

@Suite struct CopyingTests {
    private static func values(_ module: Module) -> [String: [Float]] {
        module.stateDict().mapValues { $0.to(.float32).toArray(Float.self) }
    }

    @Test func copiesOfEveryModuleAreItsEqualsAndShareNothing() {
        for entry in EveryModule.calls() {
            let (module, name) = (entry.module, entry.name)
            _ = entry.call()
            module.eval()
            module.parameters().last?.requiresGrad_(false)
            let copy = module.deepCopy()
            #expect(type(of: copy) == type(of: module), "\(name)")
            #expect("\(copy)" == "\(module)", "\(name)")
            #expect(Self.values(copy) == Self.values(module), "\(name)")
            #expect(copy.namedModules().map(\.name) == module.namedModules().map(\.name), "\(name)")
            for (a, b) in zip(copy.modules(), module.modules()) {
                #expect(a !== b && a.isTraining == b.isTraining, "\(name)")
            }
            for (a, b) in zip(copy.parameters(), module.parameters()) {
                #expect(a !== b && a.requiresGrad == b.requiresGrad && a.isLeaf, "\(name)")
            }
            let before = Self.values(module)
            noGrad { for tensor in copy.parameters() + copy.buffers() where tensor.count > 0 { tensor.fill_(1) } }
            #expect(Self.values(module) == before, "\(name)")
        }
    }

    @Test func copiesComputeTheSameAndTrainAlone() {
        let x = Tensor.randn([3, 4], generator: Generator(seed: 1))
        let generator = Generator(seed: 2)
        let layers: [any Layer] = [
            Linear(4, 4, generator: generator), Sequential(Linear(4, 4, generator: generator), BatchNorm1d(4), ReLU()),
            Sequential(["a": Linear(4, 2, generator: generator), "b": Tanh()]),
            TransformerEncoder(
                TransformerEncoderLayer(4, 2, dimFeedforward: 8, dropout: 0, generator: generator), numLayers: 2),
            Linear(4, 4, generator: generator).weightNorm(),
        ]
        for layer in layers {
            let copy = layer.deepCopy()
            #expect(copy(x).allclose(layer(x)), "\(type(of: layer))")
            let before = Self.values(layer)
            let optimizer = SGD(copy.parameters(), lr: 0.1)
            copy(x).square().sum().backward()
            optimizer.step()
            #expect(layer.parameters().allSatisfy { $0.grad == nil }, "\(type(of: layer))")
            layer.eval()
            #expect(Self.values(layer) == before && Self.values(copy) != before, "\(type(of: layer))")
        }
    }

    private final class Inner: Module {
        weak var owner: Outer?
        let weight = Parameter(Tensor.ones(2))
    }

    private final class Outer: Module {
        struct Pair {
            var tensor: Tensor
            var module: Inner
        }
        let inner = Inner()
        let shared: Inner
        let list: [any Module2]
        let byName: [String: Linear?]
        let pair: Pair
        let tuple: (Linear, Int, Tensor?)
        let tied: Tensor
        @Buffer var mask = Tensor([1.0, 0])
        let plain = Tensor([3.0, 4])
        let text = "text"
        let closure: () -> Int
        private var counter = 0

        override init() {
            shared = inner
            list = [Linear2(), Linear2()]
            byName = ["a": Linear(2, 1), "none": nil]
            tuple = (Linear(1, 1), 7, nil)
            tied = inner.weight
            pair = Pair(tensor: Parameter(Tensor.ones(1)), module: inner)
            closure = { 5 }
            super.init()
            inner.owner = self
        }
    }

    fileprivate protocol Module2: Module {}
    private final class Linear2: Module, Module2 {
        let weight = Parameter(Tensor.ones(2))
    }

    @Test func whatIsSharedStaysSharedAndWeakReferencesFollow() {
        let original = Outer()
        original.inner.weight.grad = Tensor([5.0, 6])
        let copy = original.deepCopy()
        #expect(copy.inner !== original.inner && copy.shared === copy.inner && copy.pair.module === copy.inner)
        #expect(copy.inner.owner === copy && original.inner.owner === original)
        #expect(copy.tied === copy.inner.weight && copy.tied !== original.tied)
        #expect(copy.tied.grad?.toArray(Double.self) == [5, 6] && copy.tied.grad !== original.tied.grad)
        #expect(copy.list[0] !== original.list[0] && copy.byName["a"]! !== original.byName["a"]!)
        #expect(copy.tuple.0 !== original.tuple.0 && copy.tuple.1 == 7)
        #expect(
            copy.pair.tensor !== original.pair.tensor && copy.mask !== original.mask && copy.plain !== original.plain)
        #expect(copy.plain.toArray(Double.self) == [3, 4] && copy.text == "text" && copy.closure() == 5)
        #expect(copy.namedParameters().map(\.name) == original.namedParameters().map(\.name))
    }

    @Test func hooksAreCopiedAndThenApart() {
        let layer = Linear(2, 2)
        var calls: [ObjectIdentifier] = []
        layer.registerForwardHook { module, _, _ in
            calls.append(ObjectIdentifier(module))
            return nil
        }
        let copy = layer.deepCopy()
        copy.registerForwardHook { _, _, _ in
            calls.append(ObjectIdentifier(copy))
            return nil
        }
        _ = layer(Tensor.ones(1, 2))
        _ = copy(Tensor.ones(1, 2))
        #expect(calls == [ObjectIdentifier(layer), ObjectIdentifier(copy), ObjectIdentifier(copy)])
    }

    @Test func copiesAreFreed() {
        weak var kept: Outer?
        do {
            let original = Outer()
            let copy = original.deepCopy()
            kept = copy
            #expect(kept != nil)
        }
        #expect(kept == nil)
    }

    @Test func whatCannotBeCopiedIsRefused() {
        final class Owner: Module {}
        final class Unowned: Module {
            unowned let owner: Owner
            init(_ owner: Owner) { self.owner = owner }
        }
        final class Cased: Module {
            enum Choice { case one(Linear) }
            let choice = Choice.one(Linear(1, 1))
        }
        final class Computed: Module {
            var value = Parameter(Tensor.ones(1)) * 2
        }
        let owner = Owner()
        expectRefusal(by: "deepCopy") { Unowned(owner).deepCopy() }
        expectRefusal(by: "deepCopy") { Cased().deepCopy() }
        expectRefusal(by: "deepCopy", .autograd) { Computed().deepCopy() }
    }
}
