import Testing
import Torchlight

final class Net: Module, Layer {
    let fc1 = Linear(784, 128)
    let fc2 = Linear(128, 10)
    func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x))) }
}

class Base: Module {
    let stem = Linear(2, 2, bias: false)
}

final class Everything: Base, Layer {
    var blocks: [any Layer] = [Linear(2, 2), ReLU(), Linear(2, 2, bias: false)]
    var nested: [[Linear]] = [[Linear(2, 2, bias: false)], []]
    var heads: [String: Linear] = ["b": Linear(2, 1, bias: false), "a": Linear(2, 3, bias: false)]
    var numbered: [Int: Linear] = [10: Linear(2, 1, bias: false), 9: Linear(2, 1, bias: false)]
    var absent: Linear?
    var present: Linear? = Linear(2, 2, bias: false)
    var scale: Tensor = Tensor.ones([2], requiresGrad: true)
    var constant = Tensor.ones(2)
    @Key("gain") var factor = Parameter(Tensor.ones(3))
    @Buffer var mask = Tensor.zeros(2)
    @Buffer("running_mean") var runningMean: Tensor? = Tensor.zeros(4)
    @Buffer(persistent: false) var scratch = Tensor.zeros(5)
    @Key("wrapped") var renamed = Linear(1, 1, bias: false)
    var weights: [Tensor] = [Parameter(Tensor.zeros(1)), Parameter(Tensor.zeros(2))]
    let width = 3
    let table: [Float] = [1, 2, 3]
    lazy var late = Linear(5, 5)
    weak var parent: Module?

    func forward(_ x: Tensor) -> Tensor { x }
}

@Suite struct ModuleTests {
    @Test func namesAreThePropertiesNames() {
        let names = Net().namedParameters().map(\.name)
        #expect(names == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])
        #expect(Net().stateDict()["fc1.weight"]?.shape == [128, 784])
        #expect(Net().parameterCount() == 784 * 128 + 128 + 1280 + 10)
    }

    @Test func reflectionFindsEveryShapeOfProperty() {
        let module = Everything()
        #expect(
            module.namedState().map(\.name) == [
                "scale", "gain", "weights.0", "weights.1", "mask", "running_mean", "stem.weight", "blocks.0.weight",
                "blocks.0.bias", "blocks.2.weight", "nested.0.0.weight", "heads.a.weight", "heads.b.weight",
                "numbered.9.weight", "numbered.10.weight", "present.weight", "wrapped.weight",
            ])
        #expect(module.namedBuffers().map(\.name) == ["mask", "running_mean", "scratch"])
        #expect(!module.parameters().contains(module.constant))
    }

    @Test func changesOfTheStructureAreSeenAtOnce() {
        let module = Everything()
        let before = module.parameters().count
        module.blocks.append(Linear(2, 2))
        #expect(module.parameters().count == before + 2)
        module.absent = Linear(2, 2)
        #expect(module.parameters().count == before + 4)
        module.heads["c"] = Linear(2, 2, bias: false)
        #expect(module.namedParameters().contains { $0.name == "heads.c.weight" })
        module.nested[1].append(Linear(2, 2, bias: false))
        #expect(module.namedParameters().contains { $0.name == "nested.1.0.weight" })
        module.scale = Parameter(Tensor.zeros(7))
        #expect(module.stateDict()["scale"]?.shape == [7])
        module.blocks = []
        #expect(!module.namedParameters().contains { $0.name.hasPrefix("blocks") })
        _ = module.late
        #expect(module.namedParameters().contains { $0.name == "late.weight" })
        for count in 1...5 {
            module.blocks.append(Linear(1, 1, bias: false))
            #expect(module.namedParameters().filter { $0.name.hasPrefix("blocks") }.count == count)
        }
    }

    @Test func aWeakParentIsNotFollowed() {
        let outer = Everything()
        let inner = Everything()
        inner.parent = outer
        let count = inner.parameters().count
        inner.parent = nil
        #expect(inner.parameters().count == count)
        inner.parent = outer
        #expect(!inner.namedModules().contains { $0.module === outer })
    }

    @Test func modulesAreFreedThoughTheirContentsAreKept() {
        weak var seen: Module?
        do {
            let module = Everything()
            _ = module.parameters()
            seen = module
        }
        #expect(seen == nil)
    }

    @Test func sharedParametersCountOnceAndSaveTwice() {
        final class Tied: Module {
            let embedding = Embedding(5, 3)
            let head = Linear(3, 5, bias: false)
            override init() {
                super.init()
                head.weight = embedding.weight
            }
        }
        let module = Tied()
        #expect(module.parameters().count == 1)
        #expect(module.stateDict().keys.sorted() == ["embedding.weight", "head.weight"])
    }

    @Test func frozenParametersStayParameters() {
        let module = Linear(2, 2)
        module.weight.requiresGrad_(false)
        // Freezing before the first look must not lose it.
        #expect(module.parameters().count == 2)
        module.freeze()
        #expect(module.parameters().count == 2)
        #expect(module.parameterCount(trainableOnly: true) == 0)
        module.unfreeze()
        #expect(module.weight.requiresGrad)
    }

    @Test func modesReachEveryModule() {
        let module = Everything()
        module.eval()
        #expect(module.modules().allSatisfy { !$0.isTraining })
        module.train()
        #expect(module.modules().allSatisfy { $0.isTraining })
    }

    @Test func conversionKeepsTheIdentityOfParameters() {
        let module = Linear(2, 2)
        let weight = module.weight
        module.to(.float64)
        #expect(module.weight === weight)
        #expect(weight.dtype == .float64)
        #expect(weight.requiresGrad)
    }

    @Test func applyVisitsTheInnermostFirst() {
        var order: [String] = []
        Sequential(Sequential(ReLU()), Tanh()).apply { order.append("\(type(of: $0))") }
        #expect(order == ["ReLU", "Sequential", "Tanh", "Sequential"])
    }

    @Test func errorsNameThePathOfTheModule() throws {
        final class Block: Module, Layer {
            let fc2 = Linear(4, 2)
            func forward(_ x: Tensor) -> Tensor { fc2(x) }
        }
        final class Encoder: Module, Layer {
            let layers: [any Layer] = [ReLU(), Block()]
            func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
        }
        final class Model: Module, Layer {
            let encoder = Encoder()
            func forward(_ x: Tensor) -> Tensor { encoder(x) }
        }
        let model = Model()
        let error = #expect(throws: TensorError.self) { try checked { _ = model(Tensor.ones(3, 5)) } }
        #expect(error?.modulePath == "encoder.layers.1.fc2")
        #expect(error?.description.hasSuffix("(in encoder.layers.1.fc2)") == true)
        // The path is taken down again after the error.
        let later = #expect(throws: TensorError.self) { try checked { _ = Tensor.ones(2) + Tensor.ones(3) } }
        #expect(later?.modulePath == nil)
    }
}

@Suite struct HookTests {
    @Test func forwardHooksSeeAndReplace() {
        let layer = Identity()
        let before = layer.registerForwardPreHook { _, x in x + 1 }
        let after = layer.registerForwardHook { _, input, output in input + output * 10 }
        #expect(layer(Tensor([1.0])).item() == 22)
        before.remove()
        #expect(layer(Tensor([1.0])).item() == 11)
        after.remove()
        #expect(layer(Tensor([1.0])).item() == 1)
    }

    @Test func backwardHooksSeeBothGradients() {
        let layer = Linear(2, 1, bias: false)
        noGrad { _ = layer.weight.fill_(3) }
        var seen: [Double] = []
        layer.registerFullBackwardHook { _, gradInput, gradOutput in
            seen = [gradInput?.sum().item() ?? .nan, gradOutput.sum().item()]
            return gradInput.map { $0 * 2 }
        }
        let x = Tensor([[1.0, 1.0]], requiresGrad: true)
        layer(x).sum().backward()
        #expect(seen == [6, 1])
        #expect(x.grad?.toArray(Double.self) == [6, 6])
    }
}
