import Foundation
import TestSupport
import Testing
import Torchlight

@Suite struct QuantizationTests {
    private final class Net: Module, Layer {
        let embedding: Embedding
        let layers: [Linear]
        let head: Linear

        init(seed: UInt64 = 1) {
            let generator = Generator(seed: seed)
            embedding = Embedding(20, 64, generator: generator)
            layers = [Linear(64, 96, generator: generator), Linear(96, 64, bias: false, generator: generator)]
            head = Linear(64, 20, generator: generator)
            super.init()
        }

        func forward(_ x: Tensor) -> Tensor { head(layers.reduce(embedding(x)) { relu($1($0)) }) }
    }

    private static let schemes: [WeightQuantization] = [
        .int8(), .int8(group: 64), .int8(symmetric: false), .int4(group: 32), .int4(group: 64, symmetric: false),
        .int4(group: 128), .int8(inputs: .float), .int4(inputs: .float),
    ]

    private func relativeError(_ a: Tensor, _ b: Tensor) -> Double {
        Double(((a - b).square().mean() / b.square().mean()).sqrt().item())
    }

    @Test(arguments: schemes) func answersAlmostAsBefore(_ scheme: WeightQuantization) {
        let net = Net()
        let tokens = Tensor([[1, 5, 19], [0, 7, 3]])
        let before = noGrad { net(tokens) }
        quantize(net, scheme, embeddings: true)
        let after = noGrad { net(tokens) }
        let error = relativeError(after, before)
        #expect(error < (scheme.bits == 8 ? 0.02 : 0.3), "\(scheme): \(error)")
        // What is stored is what is computed with.
        dequantize(net)
        let exact = relativeError(noGrad { net(tokens) }, after)
        #expect(exact < (scheme.inputs == .float ? 1e-5 : 0.02), "\(scheme): \(exact)")
        #expect(net.quantizedLayers.isEmpty)
        #expect(net.parameters().count == 6)
    }

    @Test func takesLessMemory() throws {
        let layer = Linear(1024, 1024, bias: false, generator: Generator(seed: 1))
        quantize(layer, .int4(group: 64))
        let bytes = try #require(layer.quantizedWeight).byteCount
        #expect(bytes == 1024 * 1024 / 2 + 1024 * 16 * 2)
        #expect(layer.parameters().isEmpty)
        #expect(layer.buffers().count == 2)
    }

    @Test func choosesLayersByName() throws {
        let net = quantize(Net(), .int8(), matching: ["layers.*", "head"], excluding: ["head"])
        #expect(net.quantizedLayers.map(\.name) == ["layers.0", "layers.1"])
        quantize(net, .int4())
        #expect(net.quantizedLayers.map(\.scheme) == [.int8(), .int8(), .int4()])
        #expect(throws: TensorError.self) { try checked { quantize(Net(), .int8(), matching: ["layer.*"]) } }
        #expect(throws: TensorError.self) { try checked { quantize(Net(), .int4(group: 48)) } }
        let error = try #require(throws: TensorError.self) {
            try checked { quantize(Sequential(LazyLinear(3)), .int8()) }
        }
        #expect("\(error)".contains("exclude"), "\(error)")
    }

    @Test func isPrinted() {
        let layer = quantize(Linear(64, 32), .int4(group: 64))
        #expect(layer.description == "QuantizedLinear(in_features=64, out_features=32, bias=True, int4, group 64)")
        #expect(
            quantize(Embedding(10, 32), .int8(), embeddings: true).description == "QuantizedEmbedding(10, 32, int8)")
        #expect(
            quantize(Linear(64, 32, bias: false), .int8(symmetric: false, inputs: .float)).description
                == "QuantizedLinear(in_features=64, out_features=32, bias=False, int8, asymmetric, float inputs)")
    }

    /// A state dictionary with integers makes the layers quantised, whatever they were.
    @Test(arguments: schemes) func isLoadedIntoAnyModel(_ scheme: WeightQuantization) throws {
        let net = quantize(Net(), scheme, excluding: ["head"], embeddings: true)
        let state = net.stateDict()
        #expect(state["layers.0.weight.codes"] != nil && state["layers.0.weight"] == nil)
        let tokens = Tensor([[1, 5, 19]])
        let expected = noGrad { net(tokens) }
        for other in [Net(seed: 2), quantize(Net(seed: 3), .int8()), quantize(Net(seed: 4), scheme, embeddings: true)] {
            if other.head.quantizedWeight != nil { dequantize(other.head) }
            try other.load(stateDict: state)
            let scheme = try #require(other.layers[0].quantizedWeight?.scheme)
            #expect(scheme.bits == net.layers[0].quantizedWeight?.scheme.bits)
            if scheme.inputs == net.layers[0].quantizedWeight?.scheme.inputs {
                #expect(noGrad { other(tokens) }.equal(expected), "\(scheme)")
            }
        }
        // A model stays as it is if loading fails.
        var broken = state
        broken["head.weight"] = nil
        let other = Net(seed: 5)
        let before = noGrad { other(tokens) }
        #expect(throws: StateDictError.self) { try other.load(stateDict: broken) }
        #expect(noGrad { other(tokens) }.equal(before))
        #expect(other.parameters().count == 6)
    }

    @Test func isSavedInAFile() throws {
        let folder = TemporaryFolder()
        let net = quantize(Net(), .int4(group: 32), embeddings: true)
        let path = folder("net.safetensors")
        try Safetensors.save(net.stateDict(), to: path)
        let other = Net(seed: 2)
        try other.load(stateDict: TensorFile.load(path))
        let tokens = Tensor([[1, 5, 19]])
        #expect(noGrad { other(tokens).equal(net(tokens)) })
    }

    @Test func keepsGradientsOfInputsAndBiases() throws {
        let layer = Linear(64, 32, generator: Generator(seed: 1))
        let x = Tensor.randn([3, 64], generator: Generator(seed: 2)).requiresGrad_()
        let target = Tensor.randn([3, 32], generator: Generator(seed: 3))
        quantize(layer, .int8())
        (layer(x) * target).sum().backward()
        let weight = try #require(layer.quantizedWeight).dequantized()
        let gradient = try #require(x.grad), expected = noGrad { matmul(target, weight) }
        #expect(relativeError(gradient, expected) < 1e-5)
        #expect(relativeError(try #require(layer.bias?.grad), target.sum(dim: 0)) < 1e-5)
    }

    @Test func refusesToTrainTheWeight() throws {
        let layer = quantize(Linear(64, 32), .int8())
        layer.weight.requiresGrad_()
        let error = try #require(throws: TensorError.self) { try checked { layer(Tensor.ones([1, 64])) } }
        #expect("\(error)".contains("dequantize"), "\(error)")
        let embedding = quantize(Embedding(8, 32), .int8(), embeddings: true)
        embedding.weight.requiresGrad_()
        #expect(throws: TensorError.self) { try checked { embedding(Tensor([1])) } }
    }

    @Test(arguments: [DType.bfloat16, .float16, .float64]) func isConverted(_ dtype: DType) {
        let net = quantize(Net(), .int4(group: 64), embeddings: true)
        let tokens = Tensor([[1, 5, 19]])
        let before = noGrad { net(tokens) }
        net.to(dtype)
        let after = noGrad { net(tokens) }
        #expect(after.dtype == dtype)
        let error = relativeError(after.to(.float32), before)
        #expect(error < 0.03, "\(dtype): \(error)")
        #expect(net.layers[0].quantizedWeight?.scales.dtype == .bfloat16)
    }

    @Test func isCopiedAndMoved() {
        let net = quantize(Net(), .int8(group: 32), embeddings: true)
        let copy = net.deepCopy()
        let tokens = Tensor([[2, 4]])
        #expect(noGrad { copy(tokens).equal(net(tokens)) })
        #expect(copy.layers[0].quantizedWeight?.codes !== net.layers[0].quantizedWeight?.codes)
        net.to(Device.meta)
        #expect(net.layers[0].quantizedWeight?.codes.device == .meta)
        #expect(noGrad { net(tokens.to(.meta)) }.shape == [1, 2, 20])
    }

    @Test func transformerLayersAreQuantised() {
        let layer = TransformerEncoderLayer(64, 4, dimFeedforward: 96, dropout: 0, generator: Generator(seed: 1)).eval()
        let x = Tensor.randn([2, 5, 64], generator: Generator(seed: 2))
        let before = noGrad { layer(x) }
        quantize(layer, .int8())
        #expect(relativeError(noGrad { layer(x) }, before) < 0.03)
    }

    /// Predicts a character from the eight before it.
    private final class CharacterModel: Module, Layer {
        let embedding: Embedding
        let hidden: Linear
        let head: Linear

        init(_ count: Int) {
            let generator = Generator(seed: 11)
            embedding = Embedding(count, 32, generator: generator)
            hidden = Linear(8 * 32, 256, generator: generator)
            head = Linear(256, count, generator: generator)
            super.init()
        }

        func forward(_ x: Tensor) -> Tensor { head(gelu(hidden(embedding(x).flatten(from: 1)))) }
    }

    /// After training, the perplexity of a text changes by at most 1 % with 8 bits and 5 % with 4 bits.
    @Test func perplexityStaysClose() throws {
        let url = SourceTree.root.appending(path: "CONTRIBUTING.md")
        let text = Array(try String(contentsOf: url, encoding: .utf8).utf8.prefix(6000))
        let alphabet = Set(text).sorted()
        let ids = text.map { alphabet.firstIndex(of: $0)! }
        let starts = 0..<(ids.count - 8)
        let inputs = Tensor(starts.flatMap { ids[$0..<$0 + 8].map { Int64($0) } }, shape: [starts.count, 8])
        let targets = Tensor(starts.map { Int64(ids[$0 + 8]) }, shape: [starts.count])
        let model = CharacterModel(alphabet.count)
        let optimizer = Adam(model.parameters(), lr: 3e-3)
        for step in 0..<120 {
            let start = step * 512 % (starts.count - 512)
            optimizer.zeroGrad()
            crossEntropy(
                model(inputs.narrow(0, start: start, length: 512)), targets.narrow(0, start: start, length: 512)
            ).backward()
            optimizer.step()
        }
        func perplexity(_ model: CharacterModel) -> Double {
            Double(noGrad { crossEntropy(model(inputs), targets).exp() }.item())
        }
        let plain = perplexity(model)
        #expect(plain < 20, "the model has learned: \(plain)")
        let bounds: [(WeightQuantization, Double)] = [
            (.int8(), 0.01), (.int8(group: 64, symmetric: false), 0.01), (.int4(group: 32), 0.05),
            (.int4(group: 64), 0.05), (.int4(group: 64, symmetric: false), 0.05), (.int4(group: 128), 0.05),
        ]
        for (scheme, bound) in bounds {
            let quantized = perplexity(quantize(model.deepCopy(), scheme, embeddings: true))
            #expect(abs(quantized / plain - 1) < bound, "\(scheme): \(quantized) instead of \(plain)")
        }
    }
}
