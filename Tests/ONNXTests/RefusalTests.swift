import Glibc
import Testing
import TestSupport
import TorchlightCore
import TorchlightIO
@testable import TorchlightONNX

/// Files that cannot be run: the error names the problem, and nothing else happens.
struct RefusalTests {
    /// The error of reading a model and running it on an input of ones.
    private func error(_ proto: ModelProto, shape: [Int] = [1, 4]) -> String {
        error { try load(proto) }
    }

    private func error(_ make: () throws -> ONNXModel, shape: [Int] = [1, 4]) -> String {
        do {
            let model = try make()
            var inputs: [String: Tensor] = [:]
            for input in model.inputs { inputs[input.name] = Tensor.ones(shape) }
            _ = try model.run(inputs)
            return "no error"
        } catch { return "\(error)" }
    }

    private func model(
        _ nodes: [NodeProto], outputs: [String] = ["y"], initializers: [TensorProto] = [], opset: Int = 17
    ) -> ModelProto {
        ONNXTests.model(nodes, inputs: ["x"], outputs: outputs, initializers: initializers, opset: opset)
    }

    @Test func `Files of other kinds are named`() {
        for (bytes, expected) in [
            (Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".utf8), "git lfs pull"),
            (Array("<!DOCTYPE html><html>404</html>".utf8), "web page"),
            ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] + [UInt8](repeating: 0, count: 60), "HDF5"),
            (Array("{\"error\":\"not found\"}".utf8), "JSON"),
        ] {
            let text = error { try ONNXModel(bytes: bytes) }
            #expect(text.contains(expected), "\(text)")
        }
    }

    @Test func `Graphs that cannot run are refused with the node`() {
        var named = node("Add", ["x", "b"], ["a"])
        named.name = "first"
        #expect(error(model([named, node("Neg", ["a"], ["b"])], outputs: ["a"])).contains("cycle"))
        #expect(error(model([named])).contains("node 'first' (Add): no node computes the input 'b'"))
        #expect(error(model([node("Neg", ["x"], ["z"])])).contains("no node computes the output 'y'"))
        #expect(error(model([node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])])).contains("computed twice"))
        #expect(error(model([node("Add", ["x"], ["y"])])).contains("1 input; expected 2"))
        #expect(error(model([node("Relu", ["x"], ["y"])], opset: 9999)).contains("version 9999"))
        let alpha = [("alpha", AttributeProto.Value.string(Array("a".utf8)))]
        #expect(error(model([node("LeakyRelu", ["x"], ["y"], alpha)])).contains("attribute alpha is of type string"))
        let integers = initializer("w", Tensor([1]))
        #expect(
            error(model([node("Add", ["x", "w"], ["y"])], initializers: [integers])).contains("types float and int64"))
    }

    @Test func `All unknown operators are named at once`() {
        let text = error(
            model([node("Foo", ["x"], ["a"]), node("Bar", ["a"], ["b"]), node("Foo", ["b"], ["y"])]))
        #expect(text.contains("'Foo' of ai.onnx version 17 (2 nodes)") && text.contains("'Bar'"))
        #expect(error(model([node("Mish", ["x"], ["y"])], opset: 17)).contains("not supported"))
    }

    @Test func `Results of any size that a value asks for are refused`() {
        for size in [1 << 40, 1 << 62] {
            let shape = initializer("s", Tensor([size, size]))
            let make = node("ConstantOfShape", ["s"], ["z"])
            #expect(error(model([make, node("Neg", ["z"], ["y"])], initializers: [shape])).contains("ConstantOfShape"))
        }
        let repeats = initializer("s", Tensor([1 << 30, 1 << 30]))
        #expect(error(model([node("Tile", ["x", "s"], ["y"])], initializers: [repeats])).contains("Tile"))
        let limits = [initializer("a", Tensor(0)), initializer("b", Tensor(Int.max)), initializer("c", Tensor(1))]
        #expect(error(model([node("Range", ["a", "b", "c"], ["y"])], initializers: limits)).contains("Range"))
    }

    @Test func `Tensors whose bytes do not fit are refused`() {
        for (dims, rest) in [
            ([-4, -4], "shape"), ([1 << 40, 1 << 40], "shape"), ([5], "16 bytes of float; expected 20"),
        ] {
            var tensor = initializer("w", Tensor.ones([4]))
            tensor.dims = dims
            let text = error(model([node("Add", ["x", "w"], ["y"])], initializers: [tensor]))
            #expect(text.contains("'w'") && text.contains(rest), "\(dims): \(text)")
        }
        var unknown = initializer("w", Tensor.ones([4]))
        unknown.dataType = 99
        #expect(error(model([node("Add", ["x", "w"], ["y"])], initializers: [unknown])).contains("type 99"))
    }

    @Test func `Messages nested too deep are refused`() {
        var graph = GraphProto()
        graph.outputs = [tensorInfo("o", nil)]
        for _ in 0..<200 {
            var outer = GraphProto()
            outer.nodes = [
                node("If", ["c"], ["o"], [("then_branch", .graph(graph)), ("else_branch", .graph(GraphProto()))])
            ]
            outer.outputs = [tensorInfo("o", nil)]
            graph = outer
        }
        var proto = model([])
        proto.graph = graph
        #expect(error(proto).contains("nested"))
    }

    @Test func `A file of many small parts takes little memory`() {
        // 4 million empty tensors of two bytes, and as many numbers of one byte.
        var graph = ProtobufWriter()
        for _ in 0..<(4 << 20) { graph.data(5, []) }
        var file = ProtobufWriter()
        file.data(7, graph.bytes)
        #expect(error { try ONNXModel(bytes: file.bytes) }.contains("64 MB"))
        var packed = ProtobufWriter()
        packed.string(1, "a")
        packed.data(8, [UInt8](repeating: 1, count: 16 << 20))
        var operation = ProtobufWriter()
        operation.string(4, "Neg")
        operation.data(5, packed.bytes)
        graph = ProtobufWriter()
        graph.data(1, operation.bytes)
        file = ProtobufWriter()
        file.data(7, graph.bytes)
        #expect(error { try ONNXModel(bytes: file.bytes) }.contains("64 MB"))
    }

    @Test func `Functions that call themselves are refused`() {
        var function = FunctionProto(name: "F", domain: "local", inputs: ["a"], outputs: ["b"])
        function.nodes = [node("F", ["a"], ["b"], domain: "local")]
        var proto = model([node("F", ["x"], ["y"], domain: "local")])
        proto.functions = [function]
        #expect(error(proto).contains("calls itself"))
    }

    @Test func `External data stays in the folder`() throws {
        let folder = TemporaryFolder()
        let outside = TemporaryFolder()
        let bytes = Tensor.ones([4]).withUnsafeBytes { Array($0) }
        try AtomicFile.write(bytes, to: folder("w.bin"))
        try AtomicFile.write(bytes, to: outside("w.bin"))
        symlink(outside("w.bin"), folder("link.bin"))
        for (location, expected) in [
            ("w.bin", "no error"), (outside("w.bin"), "outside"), ("../w.bin", "outside"), ("link.bin", "outside"),
            ("a/../../w.bin", "outside"), ("none.bin", "No such file"), ("", "outside"),
        ] {
            var tensor = initializer("w", Tensor.ones([4]))
            tensor.rawData = nil
            tensor.isExternal = true
            tensor.externalData = [("location", location)]
            let proto = model([node("Add", ["x", "w"], ["y"])], initializers: [tensor])
            try AtomicFile.write(proto.serialized(), to: folder("m.onnx"))
            let text = error { try ONNXModel(folder("m.onnx")) }
            #expect(text.contains(expected), "\(location): \(text)")
        }
    }

    @Test func `Every cut of a file is an error or runs, and never ends the process`() throws {
        let bytes = try FileSystem.read(testFolder + "/Fixtures/cnn_bn.onnx")
        for count in stride(from: 0, to: bytes.count, by: 13) {
            let text = error({ try ONNXModel(bytes: Array(bytes[..<count])) }, shape: [1, 1, 8, 8])
            #expect(!text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 })
        }
        let seed: UInt64 = 20_260
        var state = seed
        for _ in 0..<200 {
            var changed = bytes
            for _ in 0..<4 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                changed[Int(state >> 33) % changed.count] = UInt8(truncatingIfNeeded: state >> 25)
            }
            let text = error({ try ONNXModel(bytes: changed) }, shape: [1, 1, 8, 8])
            #expect(text.utf8.allSatisfy { $0 >= 0x20 }, "seed \(seed)")
        }
    }

    @Test func `Hostile files are refused`() throws {
        for entry in Interop.cases("hostile/onnx") where entry.expected == "error" {
            let text = error { try ONNXModel(entry.path) }
            #expect(text != "no error", "\(entry.path)")
        }
    }
}
