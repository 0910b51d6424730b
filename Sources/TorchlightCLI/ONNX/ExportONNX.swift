import ArgumentParser
import Torchlight
import TorchlightIO
import TorchlightModels
import TorchlightONNX

/// The command `torchlight onnx export`.
struct ExportONNX: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a pretrained model as an ONNX file.",
        discussion: """
            The model is a folder in the layout of Hugging Face's save_pretrained, or a GGUF file. The sizes of batches and \
            sequences are dynamic. Inputs and outputs have the names that Hugging Face's models give them, such as input_ids, \
            attention_mask and logits.
            """)

    @Argument(help: "The folder of the model, or a GGUF file.")
    var model: String
    @Argument(help: "The output file; it is created complete or not at all.")
    var output: String
    @Option(parsing: .unconditional, help: "The version of the operators.")
    var opset = 20
    @Flag(help: "Store the elements of large tensors in the file OUTPUT.data.")
    var externalData = false
    @Flag(help: "Read and run the file, and compare it with the model.")
    var verify = false

    func run() throws {
        let model = try AutoModel.load(model)
        let call = try PretrainedCall(model)
        try exportONNX(
            model, call.examples, to: output, opset: opset, dynamic: call.dynamic, externalData: externalData,
            verify: verify, call.function)
        let count = model.parameters().reduce(0) { $0 + $1.count }
        say("\(IOError.oneLine(output, limit: 400)): \(model.modelType), \(quantity(count, "element"))")
    }
}

/// The inputs and outputs of a pretrained model by name.
private struct PretrainedCall {
    let examples: [String: Tensor]
    let dynamic: DynamicSizes
    let function: ([String: Tensor]) -> [String: Tensor]

    init(_ model: PretrainedModel) throws {
        let json = model.configuration
        let tokens = Tensor.ones([2, 6], dtype: .int64)
        let text = [0: "batch", 1: "sequence"]
        func images(_ json: JSON) -> Tensor {
            let size = json["image_size"]?.int ?? 224
            return Tensor.zeros([2, json["num_channels"]?.int ?? 3, size, size])
        }
        switch model {
        case let model as CausalModel:
            examples = ["input_ids": tokens, "attention_mask": tokens]
            dynamic = DynamicSizes(byInput: ["input_ids": text, "attention_mask": text])
            function = { ["logits": model($0["input_ids"]!, attentionMask: $0["attention_mask"]).logits] }
        case let model as EncoderModel:
            examples = ["input_ids": tokens, "attention_mask": tokens]
            dynamic = DynamicSizes(byInput: ["input_ids": text, "attention_mask": text])
            function = { inputs in
                let result = model(inputs["input_ids"]!, attentionMask: inputs["attention_mask"])
                if let logits = result.logits { return ["logits": logits] }
                var outputs = ["last_hidden_state": result.lastHiddenState]
                outputs["pooler_output"] = result.pooled
                return outputs
            }
        case let model as Whisper:
            let frames = 2 * (json["max_source_positions"]?.int ?? 1500)
            examples = [
                "input_features": Tensor.zeros([2, json["num_mel_bins"]?.int ?? 80, frames]),
                "decoder_input_ids": tokens,
            ]
            dynamic = DynamicSizes(byInput: ["input_features": [0: "batch"], "decoder_input_ids": text])
            function = { ["logits": model($0["input_features"]!, decoderTokens: $0["decoder_input_ids"]!).logits] }
        case let model as EncoderDecoderModel:
            examples = [
                "input_ids": tokens, "attention_mask": tokens, "decoder_input_ids": Tensor.ones([2, 4], dtype: .int64),
            ]
            dynamic = DynamicSizes(byInput: [
                "input_ids": text, "attention_mask": text, "decoder_input_ids": [0: "batch", 1: "decoder_sequence"],
            ])
            function = { inputs in
                [
                    "logits": model(
                        inputs["input_ids"]!, attentionMask: inputs["attention_mask"],
                        decoderTokens: inputs["decoder_input_ids"]!
                    ).logits
                ]
            }
        case let model as ViT:
            examples = ["pixel_values": images(json)]
            dynamic = ["batch"]
            function = { inputs in
                let result = model(inputs["pixel_values"]!)
                return result.logits.map { ["logits": $0] } ?? ["last_hidden_state": result.lastHiddenState]
            }
        case let model as CLIP:
            examples = [
                "input_ids": tokens, "attention_mask": tokens, "pixel_values": images(json["vision_config"] ?? json),
            ]
            dynamic = DynamicSizes(byInput: [
                "input_ids": [0: "texts", 1: "sequence"], "attention_mask": [0: "texts", 1: "sequence"],
                "pixel_values": [0: "images"],
            ])
            function = { inputs in
                let result = model(
                    inputs["input_ids"]!, attentionMask: inputs["attention_mask"], images: inputs["pixel_values"]!)
                return [
                    "logits_per_image": result.logitsPerImage, "text_embeds": result.textEmbeddings,
                    "image_embeds": result.imageEmbeddings,
                ]
            }
        default:
            throw Failure("onnx export: the inputs of a model of the type \(model.modelType) are not known")
        }
    }
}
