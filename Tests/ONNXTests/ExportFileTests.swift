import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightONNX

@Suite struct ExportFileTests {
    let folder = TemporaryFolder()

    private func read(_ path: String) throws -> GraphProto {
        try #require(try ModelProto(ByteSlice(try FileSystem.read(path))).graph)
    }

    private func model() -> Sequential {
        let model = Sequential(Linear(40, 30), ReLU(), Linear(30, 2))
        model.eval()
        return model
    }

    @Test func `Parameters have their paths, and the file has metadata, shapes and dynamic sizes`() throws {
        let path = folder("model.onnx")
        try exportONNX(
            model(), Tensor.ones([2, 40]), to: path, opset: 17, dynamic: ["batch"], metadata: ["author": "me"])
        let read = try ONNXModel(path)
        #expect(read.namedParameters().map(\.name).sorted() == ["0.bias", "0.weight", "2.bias", "2.weight"])
        #expect(read.opsets == ["ai.onnx": 17])
        #expect(read.metadata == ["author": "me"])
        #expect("\(read.inputs)" == "[input: float [batch, 40]]")
        #expect("\(read.outputs)" == "[output: float [batch, 2]]")
        let graph = try self.read(path)
        #expect(graph.nodes.map(\.opType) == ["Gemm", "Relu", "Gemm"])
        #expect(graph.valueInfos.count == 2)
        #expect(graph.nodes.map(\.name) == ["/0/Gemm", "/1/Relu", "/2/Gemm"])
    }

    @Test func `Weights are stored in another file on request`() throws {
        let (path, source) = (folder("model.onnx"), model())
        let x = Tensor.ones([2, 40])
        try exportONNX(source, x, to: path, externalData: true, verify: true)
        #expect(FileSystem.isFile(path + ".data"))
        #expect(try FileSystem.read(path).count < 2000)
        #expect(
            try #require(try ONNXModel(path).run(["input": x])["output"]).allclose(source(x), rtol: 1e-4, atol: 1e-5))
    }

    @Test func `Weights that do not fit into the file are stored in another one`() throws {
        let (path, source) = (folder("model.onnx"), model())
        let x = Tensor.ones([2, 40])
        try exportONNX(source, x, to: path)
        let bytes = try FileSystem.read(path)
        let proto = try ModelProto(ByteSlice(bytes))
        let count = source.parameters().reduce(0) { $0 + $1.count * 4 }
        for (maximum, isExternal) in [(count, false), (count - 1, true)] {
            let other = folder("\(maximum).onnx")
            try proto.write(to: other, externalData: false, maximumBytes: maximum)
            #expect(FileSystem.isFile(other + ".data") == isExternal)
            #expect(
                try #require(try ONNXModel(other).run(["input": x])["output"]).allclose(
                    source(x), rtol: 1e-4, atol: 1e-5))
        }
    }

    @Test func `Ranges of dynamic sizes limit the sizes that are recorded`() throws {
        let positions = Tensor.randn(10, 4, generator: Generator(seed: 2))
        // Sizes above 9 take another branch.
        let function = { (x: Tensor) in
            x.size(1) > 9 ? x.exp() : x + positions.narrow(0, start: 0, length: x.size(1))
        }
        let path = folder("model.onnx")
        try exportONNX(
            Tensor.ones([2, 8, 4]), to: path, dynamic: ["sequence": 1...9, "input": [1: "sequence"]], verify: true
        ) { function($0) }
        let model = try ONNXModel(path)
        #expect("\(model.inputs)" == "[input: float [2, sequence, 4]]")
        for length in [1, 5, 9] {
            let x = Tensor.ones([2, length, 4])
            #expect(try #require(try model.run(["input": x])["output"]).allclose(function(x)), "\(length)")
        }
    }

    @Test func `What depends on parameters alone is computed when the model is exported`() throws {
        let linear = Linear(3, 2)
        linear.weightNorm()
        linear.eval()
        let path = folder("model.onnx")
        try exportONNX(linear, Tensor.ones([2, 3]), to: path, verify: true)
        #expect(try read(path).nodes.map(\.opType) == ["Gemm"])
    }

    @Test func `Dictionaries name inputs and outputs, and absent optionals are left out`() throws {
        let path = folder("model.onnx")
        let x = ["b": Tensor.ones([2, 3]), "a": Tensor.full([2, 3], 4.0)]
        let bias: Tensor? = nil
        try exportONNX(x, bias, to: path, dynamic: ["batch"], verify: true) { inputs, bias in
            let sum = inputs["a"]! + inputs["b"]! * 2
            return ["sum": bias.map { sum + $0 } ?? sum, "product": inputs["a"]! * inputs["b"]!]
        }
        let model = try ONNXModel(path)
        #expect("\(model.inputs)" == "[a: float [batch, 3], b: float [batch, 3]]")
        #expect("\(model.outputs)" == "[product: float [batch, 3], sum: float [batch, 3]]")
        #expect(try model.run(x)["sum"]?.equal(Tensor.full([2, 3], 6.0)) == true)
    }

    @Test func `The same model gives the same bytes`() throws {
        let (first, second, source) = (folder("first.onnx"), folder("second.onnx"), model())
        for path in [first, second] {
            try exportONNX(source, Tensor.ones([2, 40]), to: path, dynamic: ["batch"], metadata: ["a": "1", "b": "2"])
        }
        #expect(try FileSystem.read(first) == FileSystem.read(second))
    }

    @Test func `Quantised weights are stored as integers, also after a simplification`() throws {
        let (path, small) = (folder("model.onnx"), folder("small.onnx"))
        let source = Sequential(Linear(64, 32), ReLU(), Linear(32, 32))
        source.eval()
        quantize(source, .int8(), matching: ["0"])
        quantize(source, .int4(group: 32), matching: ["2"])
        try exportONNX(source, Tensor.ones([2, 64]), to: path, opset: 21, dynamic: ["batch"], verify: true)
        _ = try ONNXModel.simplify(path, to: small)
        for file in [path, small] {
            let graph = try read(file)
            let types = Set(graph.initializers.filter { $0.dims.count == 2 }.map(\.dataType))
            #expect(types.isSuperset(of: [ONNXElementType.int8.rawValue, ONNXElementType.int4.rawValue]), "\(file)")
            #expect(graph.nodes.count { $0.opType == "DequantizeLinear" } == 2, "\(file)")
            #expect(try FileSystem.read(file).count < 8000, "\(file)")
        }
    }

    @Test(arguments: [DType.float16, .bfloat16, .float64])
    func `Other dtypes are exported`(_ dtype: DType) throws {
        let path = folder("model.onnx")
        let model = Sequential(Linear(4, 8), LayerNorm(8), GELU(), Linear(8, 2))
        model.eval()
        _ = model.to(dtype)
        try exportONNX(model, Tensor.ones([2, 4]).to(dtype), to: path, dynamic: ["batch"], verify: true)
        #expect(try ONNXModel(path).inputs[0].elementType == ONNXElementType(dtype))
    }

    @Test func `An imported model trains and is exported again`() throws {
        let (first, second) = (folder("first.onnx"), folder("second.onnx"))
        let x = Tensor.ones([2, 40])
        try exportONNX(model(), x, to: first)
        let read = try ONNXModel(first)
        noGrad { for parameter in read.parameters() { _ = parameter.mul_(0.5) } }
        try exportONNX(read, x, to: second, verify: true)
        #expect(
            try ONNXModel(second).namedParameters().map(\.name).sorted() == [
                "0.bias", "0.weight", "2.bias", "2.weight",
            ])
    }

    /// Functions of tensors of sizes that depend on one another.
    @Test func `Sizes are computed from the dynamic sizes`() throws {
        let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
            ("last", { $0.select(1, $0.shape[1] - 1) }), ("merged", { $0.reshape([$0.shape[0] * $0.shape[1], 4]) }),
            ("positions", { $0 + Tensor.arange($0.shape[1]).unsqueeze(1) }),
            ("mean", { $0.sum(dim: 1) / Double($0.shape[1]) }), ("scaled", { $0 * Double($0.shape[1]) }),
            ("causal", { $0.matmul($0.mT).masked($0.shape[1]) }), ("padded", { $0.pad([0, 0, 0, $0.shape[1]]) }),
            ("halves", { $0.narrow(1, start: $0.shape[1] - 2, length: 2) }),
            (
                "written",
                { x in
                    let y = x.clone()
                    _ = y.narrow(1, start: 1, length: x.shape[1] - 1).mul_(2)
                    return y
                }
            ),
            ("flipped", { $0.flip([1]) }), ("rolled", { $0.roll(1, dims: 1) }),
            ("windows", { $0.unfold(1, size: 3, step: 1) }),
            ("ones", { Tensor.ones([$0.shape[1], 3]) * $0.sum() }),
            (
                "strided",
                { conv1d($0.transpose(1, 2), Tensor.ones([2, 4, 3]), stride: 2).transpose(1, 2).reshape([-1, 2]) }
            ),
            ("variance", { $0.var(dim: 1) }), ("sorted", { $0.sort(dim: 1).values }),
            ("top", { $0.topk(2, dim: 1).values }), ("cumulative", { $0.cumprod(dim: 1) }),
        ]
        for (name, function) in functions {
            let path = folder("\(name).onnx")
            let inputs = [[2, 6, 4], [3, 9, 4], [1, 5, 4]].map { ExportCase.numbers($0) }
            do {
                try exportONNX(inputs[0], to: path, dynamic: ["batch", "sequence"], verify: true) { function($0) }
                let model = try ONNXModel(path)
                for x in inputs {
                    let result = try #require(try model.run(["input": x])["output"])
                    let expected = function(x)
                    #expect(result.shape == expected.shape, "\(name) \(x.shape)")
                    if result.shape == expected.shape {
                        #expect(result.allclose(expected, rtol: 1e-4, atol: 1e-5), "\(name) \(x.shape)")
                    }
                }
            } catch { Issue.record("\(name): \(error)") }
        }
    }
}

extension Tensor {
    /// The scores of a causal attention, with -1 for elements that are not seen.
    fileprivate func masked(_ length: Int) -> Tensor {
        maskedFill(Tensor.ones([length, length], dtype: .bool).tril().logicalNot(), -1)
    }
}
