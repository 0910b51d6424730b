import Testing
import TestSupport
import Torchlight
import TorchlightIO
import TorchlightONNX

@testable import TorchlightCLI

struct ONNXCommandTests {
    private static let fixtures =
        FileSystem.directory(of: FileSystem.directory(of: #filePath)) + "/ONNXTests/Fixtures"

    @Test func `The tensors of a model are listed and converted`() throws {
        let folder = TemporaryFolder()
        let file = Self.fixtures + "/cnn_bn.onnx"
        let listing = try FileListing(file)
        #expect(listing.format == "onnx")
        #expect(!listing.entries.isEmpty)
        let command = try Convert.parse([file, folder("w.safetensors")])
        try command.run()
        let tensors = try Safetensors.load(folder("w.safetensors"))
        #expect(Set(tensors.keys) == Set(listing.entries.map(\.name)))
    }

    /// An option that has no effect, or that is given twice with two values, is an error.
    @Test func `Sizes, inputs and outputs are those of the model`() throws {
        let folder = TemporaryFolder()
        let file = Self.fixtures + "/cnn_bn.onnx"
        try NumpyFile.save(Tensor.zeros([1]), to: folder("x.npy"))
        for (arguments, expected) in [
            (["--size", "nope=3"], "no dynamic size 'nope'"),
            (["--size", "n=3", "--size", "n=4"], "two sizes for 'n'"),
            (["--input", "input=\(folder("x.npy"))", "--input", "input=other.npy"], "two files for the input 'input'"),
            (["--output", folder("y.onnx")], "suffix"), (["--output", folder("missing/y.npz")], "missing"),
        ] {
            let error = #expect(throws: (any Error).self, "\(arguments)") {
                try RunONNX.parse([file] + arguments).run()
            }
            let text = (error as? Failure)?.text ?? "\(error as Any)"
            #expect(text.contains(expected), "\(arguments): \(text)")
        }
        #expect(folder.names == ["x.npy"])
    }

    @Test func `A model is checked, inspected, simplified and run`() throws {
        let folder = TemporaryFolder()
        let file = Self.fixtures + "/cnn_bn.onnx"
        let values = try Safetensors.load(Self.fixtures + "/cnn_bn.expected.safetensors")
        let input = try #require(values["input"])
        try NumpyFile.save(input, to: folder("x.npy"))
        let check = try CheckONNX.parse([file])
        try check.run()
        let inspect = try InspectONNX.parse([file])
        try inspect.run()
        let simplify = try SimplifyONNX.parse([file, folder("s.onnx")])
        try simplify.run()
        let run = try RunONNX.parse(
            [folder("s.onnx"), "--input", "input=\(folder("x.npy"))", "--times", "--output", folder("y.safetensors")])
        try run.run()
        let found = try #require(try Safetensors.load(folder("y.safetensors"))["output"])
        #expect(found.allclose(try #require(values["output"]), rtol: 1e-4, atol: 1e-5))
    }

    @Test func `A model runs compiled, with the results of operators one by one`() throws {
        let folder = TemporaryFolder()
        for (name, arguments) in [("plain", ["--runs", "1"]), ("compiled", ["--runs", "3", "--compiled"])] {
            let command = try RunONNX.parse(
                [Self.fixtures + "/cnn_bn.onnx", "--output", folder("\(name).safetensors")]
                    + arguments)
            try command.run()
        }
        let plain = try Safetensors.load(folder("plain.safetensors"))
        let compiled = try Safetensors.load(folder("compiled.safetensors"))
        #expect(!plain.isEmpty && plain.keys == compiled.keys)
        for (name, tensor) in plain { #expect(tensor.equal(try #require(compiled[name])), "\(name)") }
        #expect(throws: (any Error).self) { try RunONNX.parse(["m.onnx", "--compiled", "--times"]) }
    }

    @Test func `Encoder and decoder of a model are exported apart`() throws {
        let folder = TemporaryFolder()
        let models = FileSystem.directory(of: FileSystem.directory(of: #filePath)) + "/ModelTests/Models/"
        let expected = [
            "t5_gated_head": [
                "encoder": ["attention_mask", "input_ids", "last_hidden_state"],
                "decoder": ["encoder_attention_mask", "encoder_hidden_states", "input_ids", "logits"],
            ],
            "whisper_speech": [
                "encoder": ["input_features", "last_hidden_state"],
                "decoder": ["encoder_hidden_states", "input_ids", "logits"],
            ],
        ]
        for (name, parts) in expected {
            for (part, names) in parts {
                let export = try ExportONNX.parse([models + name, folder("m.onnx"), "--part", part, "--verify"])
                try export.run()
                let model = try ONNXModel(folder("m.onnx"))
                #expect((model.inputs + model.outputs).map(\.name) == names, "\(name) \(part)")
            }
        }
        #expect(throws: (any Error).self) {
            try ExportONNX.parse([models + "gpt2_hub_layout", folder("m.onnx"), "--part", "decoder"]).run()
        }
    }

    /// The inputs of each kind of model: one decoder, encoder, encoder with decoder, image model, and pair of models.
    @Test(arguments: [
        "gpt2_hub_layout", "bert_labels", "t5_gated_head", "whisper_speech", "deit_classifier", "clip_pair",
    ])
    func `A pretrained model is exported with the names of its inputs and outputs`(_ name: String) throws {
        let folder = TemporaryFolder()
        let models = FileSystem.directory(of: FileSystem.directory(of: #filePath)) + "/ModelTests/Models/"
        let export = try ExportONNX.parse([models + name, folder("m.onnx"), "--verify"])
        try export.run()
        let model = try ONNXModel(folder("m.onnx"))
        let names = (model.inputs + model.outputs).map(\.name)
        let expected =
            switch name {
            case "t5_gated_head": ["attention_mask", "decoder_input_ids", "input_ids", "logits"]
            case "whisper_speech": ["decoder_input_ids", "input_features", "logits"]
            case "deit_classifier": ["pixel_values", "logits"]
            case "clip_pair":
                ["attention_mask", "input_ids", "pixel_values", "image_embeds", "logits_per_image", "text_embeds"]
            default: ["attention_mask", "input_ids", "logits"]
            }
        #expect(names == expected)
    }
}
