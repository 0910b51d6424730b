import Testing
import TestSupport
import TorchlightCore
import TorchlightIO
import TorchlightNN
@testable import TorchlightONNX

struct ModelTests {
    private func expectClose(_ a: Tensor, _ b: Tensor, rtol: Double = 1e-4, atol: Double = 1e-5, _ label: String) {
        #expect(a.shape == b.shape, "\(label)")
        if a.shape == b.shape { #expect(a.allclose(b, rtol: rtol, atol: atol), "\(label)") }
    }

    @Test func `A model of PyTorch gives PyTorch's output`() throws {
        let model = try ONNXModel(testFolder + "/Fixtures/cnn_bn.onnx")
        let values = try Safetensors.load(testFolder + "/Fixtures/cnn_bn.expected.safetensors")
        let results = try model.run(["input": #require(values["input"])])
        expectClose(try #require(results["output"]), try #require(values["output"]), "cnn_bn")
        #expect(model.opsets == ["ai.onnx": 14])
        #expect(model.operatorCounts["Conv"] == 2)
    }

    static let recorded = FileSystem.names(in: testFolder + "/Fixtures").filter { $0.hasSuffix(".onnx") }.sorted()

    @Test(arguments: recorded)
    func `The recorded models give PyTorch's outputs, with other batch sizes too`(_ file: String) throws {
        let name = String(file.dropLast(".onnx".count))
        let model = try ONNXModel("\(testFolder)/Fixtures/\(file)")
        let values = try Safetensors.load("\(testFolder)/Fixtures/\(name).expected.safetensors")
        var calls = 0
        for suffix in ["", ".larger_batch"] {
            var inputs: [String: Tensor] = [:]
            for input in model.inputs { inputs[input.name] = values[input.name + suffix] }
            if inputs.isEmpty { continue }
            let results = try model.run(inputs)
            for output in model.outputs {
                expectClose(
                    try #require(results[output.name]), try #require(values[output.name + suffix]),
                    "\(name)\(suffix) \(output.name)")
            }
            calls += 1
        }
        #expect(calls > 0)
    }

    /// Some of them compute shapes from `Shape`, which the host reads, and look up indices that are arguments.
    @Test(arguments: recorded)
    func `The recorded models give the same bits as compiled functions`(_ file: String) throws {
        let name = String(file.dropLast(".onnx".count))
        let model = try ONNXModel("\(testFolder)/Fixtures/\(file)")
        let values = try Safetensors.load("\(testFolder)/Fixtures/\(name).expected.safetensors")
        var inputs: [String: Tensor] = [:]
        for input in model.inputs { inputs[input.name] = values[input.name] }
        let step = compile { (x: [String: Tensor]) in try model.run(x) }
        try noGrad {
            for call in 0..<3 {
                // Other elements than those that were recorded: the rows in another order.
                if call == 1 { inputs = inputs.mapValues { $0.flip([0]) } }
                let eager = try model.run(inputs)
                let compiled = try checked { try step(inputs) }
                for output in model.outputs {
                    let (a, b) = (try #require(eager[output.name]), try #require(compiled[output.name]))
                    #expect(hasSameBits(a, b), "\(output.name) of call \(call)")
                }
            }
        }
        #expect(step.report.graphs == 1)
    }

    /// Plain layers run in the primitive of the library. A clip that is never reached keeps them to the steps of the standard.
    @Test(arguments: ["LSTM", "GRU", "RNN"], ["forward", "reverse", "bidirectional"])
    func `Plain recurrent layers equal the steps of the standard`(_ kind: String, _ direction: String) throws {
        var random = TestRandom("\(kind) \(direction)")
        let (steps, batch, features, hidden) = (5, 3, 4, 6)
        let directions = direction == "bidirectional" ? 2 : 1
        let gates = ["LSTM": 4, "GRU": 3, "RNN": 1][kind]!
        func draw(_ shape: [Int]) -> Tensor { Tensor(random.values(shape.reduce(1, *)), shape: shape, dtype: .float32) }
        let state = [directions, batch, hidden]
        let names = ["x", "w", "r", "b", "", "h"] + (kind == "LSTM" ? ["c"] : [])
        var values = [
            "x": draw([steps, batch, features]), "w": draw([directions, gates * hidden, features]),
            "r": draw([directions, gates * hidden, hidden]), "b": draw([directions, 2 * gates * hidden]),
            "h": draw(state), "c": draw(state),
        ].filter { names.contains($0.key) }
        let outputs = ["y", "last"] + (kind == "LSTM" ? ["cell"] : [])
        for isBatchFirst in [false, true] {
            if isBatchFirst {
                for name in ["x", "h", "c"] { values[name] = values[name]?.transpose(0, 1).contiguous() }
            }
            func run(clip: Float?) throws -> [String: Tensor] {
                var attributes: [(String, AttributeProto.Value)] = [
                    ("hidden_size", .int(hidden)), ("direction", .string(Array(direction.utf8))),
                    ("layout", .int(isBatchFirst ? 1 : 0)),
                ]
                if kind == "GRU" { attributes.append(("linear_before_reset", .int(1))) }
                if let clip { attributes.append(("clip", .float(clip))) }
                let layer = node(kind, names, outputs, attributes)
                return try load(ONNXTests.model([layer], inputs: Array(values.keys), outputs: outputs)).run(values)
            }
            let (plain, stepwise) = (try run(clip: nil), try run(clip: 1e30))
            for name in outputs {
                expectClose(try #require(plain[name]), try #require(stepwise[name]), "\(name), layout \(isBatchFirst)")
            }
        }
    }

    @Test func `Indices are checked in each run of a compiled model`() throws {
        let model = try load(
            ONNXTests.model(
                [
                    node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "first"], ["rows"], [("axis", .int(0))]),
                    node("Gather", ["x", "i"], ["picked"], [("axis", .int(0))]),
                    node("Cast", ["rows"], ["count"], [("to", .int(1))]), node("Div", ["picked", "count"], ["y"]),
                ],
                inputs: ["x"], outputs: ["y"], initializers: [initializer("first", Tensor(0))],
                more: [tensorInfo("i", nil, type: .int64)]))
        let step = compile { (x: Tensor, i: Tensor) in try model.run(["x": x, "i": i])["y"]! }
        let x = Tensor([[1.0, 2], [3, 4], [5, 6], [7, 8]])
        for rows in [[0, 3], [-1, -4], [2, -2]] {
            let y = try checked { try step(x, Tensor(rows)) }
            #expect(y.toArray(Double.self) == rows.flatMap { x[$0].toArray(Double.self).map { $0 / 4 } })
        }
        for rows in [[0, 4], [-5, 0]] {
            let text = errorText { _ = try step(x, Tensor(rows)) }
            #expect(text.contains("indices from -4 to 3"), "\(text)")
        }
        #expect(step.report.graphs == 1)
    }

    private func linear(_ generator: Generator = Generator(seed: 3)) -> ModelProto {
        // Not negative, so that no unit of the ReLU is always 0.
        let weight = Tensor.rand([2, 3], generator: generator)
        return ONNXTests.model(
            [
                node("MatMul", ["x", "layer.weight"], ["h"]), node("Add", ["h", "layer.bias"], ["s"]),
                node("Relu", ["s"], ["y"]),
            ],
            inputs: ["x"], outputs: ["y"],
            initializers: [initializer("layer.weight", weight), initializer("layer.bias", Tensor([0.5, 0.25, 0.125]))])
    }

    @Test func `The initialisers are parameters that train`() throws {
        let model = try load(linear())
        #expect(model.namedParameters().map(\.name) == ["layer.weight", "layer.bias"])
        #expect(!model.isTraining)
        let x = Tensor([[1.0, 2.0]])
        let before = try #require(try model.run(["x": x])["y"])
        let loss = (model(x) - 1).square().sum()
        loss.backward()
        for (name, parameter) in model.namedParameters() {
            #expect(parameter.grad != nil, "\(name)")
            if let gradient = parameter.grad { noGrad { _ = parameter.sub_(gradient, alpha: 0.01) } }
        }
        let after = try #require(try model.run(["x": x])["y"])
        #expect((after - 1).square().sum().item() < (before - 1).square().sum().item())
        #expect("\(model)".contains("x: float"))
    }

    @Test func `A copy and a state dictionary have the parameters`() throws {
        let model = try load(linear())
        let copy = model.deepCopy()
        noGrad { _ = copy.parameters()[0].fill_(0) }
        let x = Tensor([[1.0, 2.0]])
        #expect(copy(x).allclose(Tensor([[0.5, 0.25, 0.125]])))
        #expect(!model(x).allclose(copy(x)))
        try copy.load(stateDict: model.stateDict())
        #expect(model(x).allclose(copy(x)))
        #expect(model.to(.float64).parameters().allSatisfy { $0.dtype == .float64 })
    }

    @Test func `A file survives writing and reading`() throws {
        var original = linear()
        original.metadata = [("key", "value")]
        original.producerName = "test"
        original.functions = [FunctionProto(name: "F", domain: "local", inputs: ["a"], outputs: ["a"])]
        let again = try ModelProto(ByteSlice(original.serialized()))
        #expect(again.serialized() == original.serialized())
        #expect(again.metadata.first?.value == "value")
        #expect(try load(original).metadata == ["key": "value"])
    }

    @Test func `Every element type survives writing and reading`() throws {
        for type in ONNXElementType.allCases where type != .string {
            let dtype = try #require(type.dtype)
            // Powers of two alone have no zero.
            let zero = type == .float8e8m0 ? 1 : 0
            let numbers = Tensor([zero, 1, 1, zero, 1], dtype: .float64).to(dtype)
            let proto = try #require(ONNXValue.tensor(ONNXTensor(numbers, type)).proto(named: "t"))
            guard case .tensor(let read) = try proto.value() else {
                Issue.record("\(type) is no tensor")
                continue
            }
            #expect(read.type == type)
            #expect(read.tensor.equal(numbers), "\(type)")
        }
    }

    @Test func `Subgraphs read the values around them, and a function its attributes`() throws {
        var branch = GraphProto()
        branch.nodes = [node("Mul", ["x", "two"], ["doubled"])]
        branch.outputs = [tensorInfo("doubled", nil)]
        var other = GraphProto()
        other.nodes = [node("Neg", ["x"], ["negative"])]
        other.outputs = [tensorInfo("negative", nil)]
        var function = FunctionProto(
            name: "Leak", domain: "local", inputs: ["a"], outputs: ["b"], attributes: ["slope"])
        var leaky = node("LeakyRelu", ["a"], ["b"])
        leaky.attributes = [AttributeProto(name: "alpha", reference: "slope", value: .float(0))]
        function.nodes = [leaky]
        function.opsetImports = [OperatorSetProto(domain: "", version: 16)]
        var proto = ONNXTests.model(
            [
                node("ReduceSum", ["x"], ["sum"], [("keepdims", .int(0))]),
                node("Greater", ["sum", "zero"], ["positive"]),
                node(
                    "If", ["positive"], ["chosen"], [("then_branch", .graph(branch)), ("else_branch", .graph(other))]),
                node("Leak", ["chosen"], ["y"], domain: "local", [("slope", .float(0.5))]),
            ],
            inputs: ["x"], outputs: ["y"],
            initializers: [initializer("zero", Tensor(0.0)), initializer("two", Tensor(2.0))])
        proto.functions = [function]
        proto.opsetImports.append(OperatorSetProto(domain: "local", version: 1))
        let model = try load(proto)
        #expect(try model.run(["x": Tensor([3.0, -1.0])])["y"]?.toArray(Float.self) == [6, -1])
        #expect(try model.run(["x": Tensor([-3.0, 1.0])])["y"]?.toArray(Float.self) == [3, -0.5])
    }

    @Test func `Nodes in any order run, and intermediate values are freed`() throws {
        let count = 64
        let nodes = (0..<count).map { node("Add", ["v\($0)", "v\($0)"], ["v\($0 + 1)"]) }
        let model = try load(
            ONNXTests.model(nodes.reversed(), inputs: ["v0"], outputs: ["v\(count)"]))
        #expect(try model.run(["v0": Tensor([1.0])])["v\(count)"]?.item() == 0x1p64)
        #expect(model.program.main.nodes.allSatisfy { $0.releases.count == 1 })
    }

    @Test func `A simplified model computes the same with fewer nodes`() throws {
        let folder = TemporaryFolder()
        let proto = ONNXTests.model(
            [
                node("Constant", [], ["c"], [("value_ints", .ints([2, 3]))]),
                node("Cast", ["c"], ["f"], [("to", .int(1))]),
                node("ReduceSum", ["f"], ["total"], [("keepdims", .int(0))]), node("Identity", ["x"], ["same"]),
                node("Mul", ["same", "total"], ["y"]), node("Neg", ["x"], ["unused"]),
            ],
            inputs: ["x"], outputs: ["y"])
        try AtomicFile.write(proto.serialized(), to: folder("a.onnx"))
        let result = try ONNXModel.simplify(folder("a.onnx"), to: folder("b.onnx"))
        #expect(result.foldedNodes == 3)
        let simple = try ONNXModel(folder("b.onnx"))
        #expect(simple.operatorCounts == ["Mul": 1])
        #expect(try simple.run(["x": Tensor([1.0, 2.0])])["y"]?.toArray(Float.self) == [5, 10])
    }
}
