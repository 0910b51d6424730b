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

    /// The inputs of each kind of model: one decoder, encoder, encoder with decoder, image model, and pair of models.
    @Test(arguments: ["gpt2_hub_layout", "bert_labels", "t5_gated_head", "deit_classifier", "clip_pair"])
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
            case "deit_classifier": ["pixel_values", "logits"]
            case "clip_pair":
                ["attention_mask", "input_ids", "pixel_values", "image_embeds", "logits_per_image", "text_embeds"]
            default: ["attention_mask", "input_ids", "logits"]
            }
        #expect(names == expected)
    }
}
