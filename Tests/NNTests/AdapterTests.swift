import TestSupport
import Testing
import Torchlight

/// Low-rank adapters of layers of any model.
@Suite struct LowRankAdapterTests {
    private final class Net: Module, Layer {
        let embedding: Embedding
        let conv: Conv1d
        let fc: Linear
        let head: Linear
        init(seed: UInt64 = 1) {
            let generator = Generator(seed: seed)
            embedding = Embedding(11, 6, generator: generator)
            conv = Conv1d(6, 8, kernelSize: 3, padding: 2, dilation: 2, generator: generator)
            fc = Linear(8, 5, generator: generator)
            head = Linear(5, 3, bias: false, generator: generator)
            super.init()
        }
        func forward(_ x: Tensor) -> Tensor {
            let h = conv(embedding(x).transpose(1, 2)).transpose(1, 2)
            return head(relu(fc(relu(h))))
        }
    }

    private static let tokens = Tensor([[3, 7, 0, 10], [1, 2, 3, 4]])

    private static func random(_ targets: ModulePattern, rank: Int = 2, dora: Bool = false) -> LoRAConfig {
        var config = LoRAConfig(rank: rank, alpha: 3, targets: targets)
        config.initialization = .random
        config.usesDoRA = dora
        return config
    }

    @Test func aNewAdapterChangesNothingAndIsAllThatIsTrained() {
        for dora in [false, true] {
            let net = Net()
            let before = net(Self.tokens)
            var config = LoRAConfig(rank: 2, targets: ["embedding", "conv", "fc"])
            config.usesDoRA = dora
            let paths = net.addAdapter(config, generator: Generator(seed: 2))
            #expect(paths == ["embedding", "conv", "fc"])
            #expect(net(Self.tokens).allclose(before, rtol: 1e-5, atol: 1e-6), "DoRA \(dora)")
            let trained = net.namedParameters().filter { $0.tensor.requiresGrad }.map(\.name)
            #expect(trained.allSatisfy { $0.contains(".lora.default.lora_") } && trained.count == (dora ? 9 : 6))
            net(Self.tokens).square().sum().backward()
            #expect(net.parameters().allSatisfy { ($0.grad != nil) == $0.requiresGrad }, "DoRA \(dora)")
        }
    }

    @Test(arguments: [false, true]) func mergedLayersGiveTheSame(dora: Bool) {
        let net = Net()
        net.addAdapter(Self.random(["embedding", "conv", "fc", "head"], dora: dora), generator: Generator(seed: 3))
        let weights = net.namedParameters().filter { !$0.name.contains("lora") }.map { $0.tensor.detach().clone() }
        let adapted = net(Self.tokens)
        net.mergeAdapters()
        #expect(net(Self.tokens).allclose(adapted, rtol: 1e-4, atol: 1e-5))
        net.unmergeAdapters()
        let after = net.namedParameters().filter { !$0.name.contains("lora") }.map(\.tensor)
        for (old, new) in zip(weights, after) { #expect(old.equal(new.detach())) }
        #expect(net(Self.tokens).equal(adapted))
    }

    @Test func convolutionsOfAllDimensionsAndGroupsAreAdapted() {
        func check(_ layer: any Layer, _ x: Tensor, merges: Bool, _ label: String) {
            let model = Sequential(layer)
            let before = model(x)
            model.addAdapter(Self.random(["0"], rank: 4), generator: Generator(seed: 4))
            let adapted = model(x)
            #expect(adapted.shape == before.shape && !adapted.allclose(before), "\(label)")
            if merges {
                model.mergeAdapters()
                #expect(model(x).allclose(adapted, rtol: 1e-4, atol: 1e-5), "\(label)")
            } else {
                #expect(throws: TensorError.self, "\(label)") { try checked { _ = model.mergeAdapters() } }
            }
        }
        let generator = Generator(seed: 5)
        func randn(_ shape: [Int]) -> Tensor { Tensor.randn(shape, generator: generator) }
        check(Conv1d(3, 4, kernelSize: 3, stride: 2), randn([2, 3, 9]), merges: true, "1d")
        check(
            Conv2d(3, 4, kernelSize: [3, 2], padding: 1, paddingMode: .reflect), randn([2, 3, 6, 5]), merges: true, "2d"
        )
        check(Conv3d(2, 4, kernelSize: 2, padding: .same), randn([1, 2, 4, 4, 4]), merges: true, "3d")
        check(Conv2d(4, 8, kernelSize: 3, groups: 2), randn([2, 4, 6, 6]), merges: false, "groups")
        check(Conv2d(3, 4, kernelSize: 3), randn([3, 6, 6]), merges: true, "without a batch")
    }

    @Test func namesPatternsAndExpressionsChooseLayers() {
        func paths(_ targets: ModulePattern, _ change: (inout LoRAConfig) -> Void = { _ in }) -> [String] {
            let model = Sequential(
                Sequential(Linear(2, 2), ReLU(), Linear(2, 2)), Sequential(Linear(2, 2)), Linear(2, 2))
            var config = LoRAConfig(rank: 1, targets: targets)
            change(&config)
            return model.addAdapter(config)
        }
        #expect(paths(.allLinear) == ["0.0", "0.2", "1.0", "2"])
        #expect(paths(["2"]) == ["0.2", "2"], "the last component")
        #expect(paths(["0.*"]) == ["0.0", "0.2"], "not the activation")
        #expect(paths(.regex(#"\d\.0"#)) == ["0.0", "1.0"])
        #expect(paths(.allLinear) { $0.excluded = ["0"] } == ["0.2", "2"])
        #expect(paths(.allLinear) { $0.modulesToSave = ["1"] } == ["0.0", "0.2", "2"])
    }

    @Test func ranksAndScalingFollowThePatterns() {
        let net = Net()
        var config = LoRAConfig(rank: 4, alpha: 8, targets: ["fc", "head", "conv"])
        config.rankPattern = [("f.", 2), ("fc", 3)]
        config.alphaPattern = [("head", 2)]
        net.addAdapter(config)
        func adapter(_ path: String) -> LoRAAdapter { net.module(at: "\(path).lora.default") as! LoRAAdapter }
        #expect(adapter("fc").rank == 2 && adapter("fc").scaling == 4, "the first pattern")
        #expect(adapter("head").rank == 4 && adapter("head").scaling == 0.5)
        #expect(adapter("conv").scaling == 2)
        net.unloadAdapters()
        config.usesRSLoRA = true
        net.addAdapter(config)
        #expect(adapter("conv").scaling == 4)
    }

    @Test func modulesAndBiasesThatAreTrainedBelongToTheirAdapter() {
        let net = Net()
        let base = net(Self.tokens)
        let bias = net.fc.bias!
        var config = Self.random(["fc"])
        config.bias = .loraOnly
        config.modulesToSave = ["head"]
        net.addAdapter(config, name: "a", generator: Generator(seed: 6))
        #expect(net.fc.bias! !== bias && net.fc.bias!.requiresGrad && net.head.weight.requiresGrad)
        #expect(!net.conv.bias!.requiresGrad)
        noGrad {
            _ = net.fc.bias!.add_(1)
            _ = net.head.weight.mul_(2)
        }
        let changed = net(Self.tokens)
        net.addAdapter(Self.random(["conv"]), name: "b", generator: Generator(seed: 7))
        #expect(net.fc.bias! === bias, "the value of the model")
        net.setAdapters([])
        #expect(net(Self.tokens).equal(base))
        net.setAdapters(["a"])
        #expect(net(Self.tokens).equal(changed))
        net.addAdapter(config, name: "c")
        #expect(throws: TensorError.self) { try checked { _ = net.setAdapters(["a", "c"]) } }
        net.unloadAdapters()
        #expect(net(Self.tokens).equal(base) && net.fc.bias! === bias)
    }

    @Test func copiesAndSavedStatesHaveTheAdapters() throws {
        let net = Net()
        net.addAdapter(Self.random(["fc", "conv"], dora: true), name: "a", generator: Generator(seed: 8))
        let adapted = net(Self.tokens)
        let copy = net.deepCopy()
        #expect(copy(Self.tokens).equal(adapted) && copy.adapterNames == ["a"])
        noGrad { for parameter in copy.parameters() { _ = parameter.mul_(2) } }
        #expect(net(Self.tokens).equal(adapted), "the original")
        copy.unloadAdapters()
        #expect(net.adapterNames == ["a"])
        let other = Net(seed: 9)
        other.addAdapter(Self.random(["fc", "conv"], dora: true), name: "a")
        try other.load(stateDict: net.stateDict())
        #expect(other(Self.tokens).equal(adapted))
    }

    @Test func hooksSeeTheOutputWithTheAdapter() {
        let net = Net()
        var seen: Tensor?
        net.fc.registerForwardHook { _, _, y in
            seen = y
            return nil
        }
        _ = net(Self.tokens)
        let before = seen!
        net.addAdapter(Self.random(["fc"]), generator: Generator(seed: 10))
        _ = net(Self.tokens)
        #expect(!seen!.equal(before))
        net.unloadAdapters()
        _ = net(Self.tokens)
        #expect(seen!.equal(before))
    }

    @Test func dropoutActsInTrainingOnly() {
        for dora in [false, true] {
            let net = Net()
            var config = Self.random(["fc"], dora: dora)
            config.dropout = 0.5
            net.addAdapter(config, generator: Generator(seed: 11))
            net.eval()
            let expected = net(Self.tokens)
            #expect(net(Self.tokens).equal(expected), "DoRA \(dora)")
            net.train()
            #expect((0..<8).contains { _ in !net(Self.tokens).equal(expected) }, "DoRA \(dora)")
        }
    }

    @Test(arguments: [false, true]) func aQuantisedBaseIsAdaptedWithoutChangingIt(dora: Bool) throws {
        let schemes: [WeightQuantization] = [.int8(inputs: .float), .int4(group: 32, symmetric: false, inputs: .float)]
        for scheme in schemes {
            let net = Net(seed: 12)
            quantize(net, scheme, embeddings: true)
            let rounded = net.deepCopy()
            dequantize(rounded)
            let codes = net.stateDict().filter { $0.key.hasSuffix("codes") }.mapValues { $0.clone() }
            #expect(codes.count == 3)
            for model in [net, rounded] {
                model.addAdapter(Self.random(["embedding", "fc", "head"], dora: dora), generator: Generator(seed: 13))
                model(Self.tokens).square().sum().backward()
            }
            #expect(net(Self.tokens).allclose(rounded(Self.tokens), rtol: 1e-4, atol: 1e-5), "\(scheme)")
            let trained = [net, rounded].map { $0.namedParameters().filter { $0.tensor.requiresGrad } }
            #expect(trained[0].map(\.name) == trained[1].map(\.name) && trained[0].count == (dora ? 9 : 6))
            for (one, other) in zip(trained[0], trained[1]) {
                #expect(
                    try #require(one.tensor.grad).allclose(other.tensor.grad!, rtol: 1e-3, atol: 1e-4),
                    "\(scheme), \(one.name)")
            }
            let state = net.stateDict()
            for (name, tensor) in codes { #expect(try #require(state[name]).equal(tensor), "\(name)") }
        }
    }

    @Test func integersAreNotMergedInto() throws {
        let net = Net()
        quantize(net, .int8(inputs: .float))
        net.addAdapter(Self.random(["fc"]), generator: Generator(seed: 14))
        let adapted = net(Self.tokens)
        do {
            try checked { _ = net.mergeAdapters() }
            Issue.record("merged")
        } catch { #expect("\(error)".contains("dequantize(model)"), "\(error)") }
        #expect(net(Self.tokens).equal(adapted))
        dequantize(net)
        net.mergeAndUnloadAdapters()
        #expect(net(Self.tokens).allclose(adapted, rtol: 1e-4, atol: 1e-5))
    }

    /// A layer of another type, which tells the adapter what it needs.
    private final class PackedLinear: Module, Layer, AdaptableLayer {
        @Buffer var packed: Tensor
        @Buffer var scale: Tensor
        init(_ linear: Linear) {
            let largest = linear.weight.detach().abs().amax(dim: 1, keepdim: true)
            scale = largest / 127
            packed = (linear.weight.detach() / (largest / 127)).round().to(.int8)
            super.init()
        }
        var layerMapping: LayerMapping { .linear(inFeatures: packed.shape[1], outFeatures: packed.shape[0]) }
        var denseWeight: Tensor { packed.to(.float32) * scale }
        var layerBias: Tensor? { nil }
        func forward(_ x: Tensor) -> Tensor { linear(x, denseWeight) }
    }

    @Test(arguments: [false, true]) func aLayerOfAnotherTypeIsAdaptedByItsMapping(dora: Bool) throws {
        let dense = Linear(6, 4, bias: false, generator: Generator(seed: 12))
        let model = Sequential(PackedLinear(dense))
        let rounded = Sequential(Linear(6, 4, bias: false))
        noGrad { _ = (rounded.layers[0] as! Linear).weight.copy_((model.layers[0] as! PackedLinear).denseWeight) }
        for model in [model, rounded] {
            model.addAdapter(Self.random(["0"], dora: dora), generator: Generator(seed: 13))
        }
        let x = Tensor.randn([3, 6], generator: Generator(seed: 14))
        #expect(model(x).allclose(rounded(x), rtol: 1e-5, atol: 1e-6))
        model(x).square().sum().backward()
        rounded(x).square().sum().backward()
        let pairs = zip(model.parameters().filter(\.requiresGrad), rounded.parameters().filter(\.requiresGrad))
        for (one, other) in pairs { #expect(one.grad!.allclose(other.grad!, rtol: 1e-4, atol: 1e-5)) }
        #expect(throws: TensorError.self) { try checked { _ = model.mergeAdapters() } }
    }

    @Test func wrongCallsNameWhatIsWrong() {
        func error(_ body: @escaping (Net) -> Void) -> String {
            let net = Net()
            do {
                try checked { body(net) }
                return ""
            } catch { return "\(error)" }
        }
        #expect(error { $0.addLoRA(rank: 0, targets: ["fc"]) }.contains("the rank must be positive, got 0"))
        #expect(error { $0.addLoRA(targets: ["nothing"]) }.contains("such as conv, embedding, fc, head"))
        #expect(error { $0.addLoRA(targets: ["fc"], dropout: 1) }.contains("dropout"))
        #expect(error { $0.addLoRA(targets: ["fc"], name: "a.b") }.contains("without dots"))
        #expect(error { $0.addLoRA(targets: .regex("(")) }.contains("not a regular expression"))
        #expect(error { $0.setAdapters(["x"]) }.contains("no adapter of this name"))
        #expect(
            error {
                $0.addLoRA(targets: ["fc"])
                $0.addLoRA(targets: ["fc"])
            }.contains("already has an adapter"))
        #expect(
            error {
                var config = LoRAConfig(targets: ["fc"])
                config.modulesToSave = ["tail"]
                $0.addAdapter(config)
            }.contains("\"tail\""))
        let tied = Sequential(Linear(3, 3), Linear(3, 3))
        (tied.layers[1] as! Linear).weight = (tied.layers[0] as! Linear).weight
        tied.addLoRA(rank: 1, targets: ["0"])
        #expect(throws: TensorError.self) { try checked { _ = tied.mergeAdapters() } }
        let attention = MultiheadAttention(4, 2)
        #expect(throws: TensorError.self) { try checked { _ = attention.addLoRA(targets: .allLinear) } }
    }

    @Test func parametersAreFrozenByPattern() {
        let net = Net()
        #expect(net.freeze(matching: "conv.*") == ["conv.weight", "conv.bias"])
        #expect(net.parameters().filter { !$0.requiresGrad }.count == 2)
        #expect(net.unfreeze(matching: "**.bias") == ["conv.bias", "fc.bias"])
        #expect(net.conv.bias!.requiresGrad && !net.conv.weight.requiresGrad)
        #expect(throws: TensorError.self) { try checked { _ = net.freeze(matching: "nothing.*") } }
    }
}
