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
    @Option(help: "The part of a model with encoder and decoder: all, encoder or decoder.")
    var part = ExportedPart.all
    @Option(parsing: .unconditional, help: "The version of the operators.")
    var opset = 20
    @Flag(help: "Store the elements of large tensors in the file OUTPUT.data.")
    var externalData = false
    @Flag(help: "Read and run the file, and compare it with the model.")
    var verify = false

    func run() throws {
        let model = try AutoModel.load(model)
        let call = try PretrainedCall(model, part)
        try exportONNX(
            model, call.examples, to: output, opset: opset, dynamic: call.dynamic, externalData: externalData,
            verify: verify, call.function)
        let count = model.parameters().reduce(0) { $0 + $1.count }
        say("\(IOError.oneLine(output, limit: 400)): \(model.modelType), \(quantity(count, "element"))")
    }
}

/// The part of a model with encoder and decoder that is exported.
enum ExportedPart: String, ExpressibleByArgument, CaseIterable {
    case all, encoder, decoder
}

/// The inputs and outputs of a pretrained model by name.
private struct PretrainedCall {
    let examples: [String: Tensor]
    let dynamic: DynamicDimensions
    let function: ([String: Tensor]) -> [String: Tensor]

    init(_ model: PretrainedModel, _ part: ExportedPart) throws {
        let json = model.configuration
        let tokens = Tensor.ones([2, 6], dtype: .int64)
        let text = [0: "batch", 1: "sequence"]
        func images(_ json: JSON) -> Tensor {
            let size = json["image_size"]?.int ?? 224
            return Tensor.zeros([2, json["num_channels"]?.int ?? 3, size, size])
        }
        guard part == .all || model is EncoderDecoderModel else {
            throw Failure("onnx export: \(model.modelType) has no encoder with a decoder; leave out --part")
        }
        switch model {
        case let model as CausalModel:
            examples = ["input_ids": tokens, "attention_mask": tokens]
            dynamic = DynamicDimensions(of: ["input_ids": text, "attention_mask": text])
            function = { ["logits": model($0["input_ids"]!, attentionMask: $0["attention_mask"]).logits] }
        case let model as EncoderModel:
            examples = ["input_ids": tokens, "attention_mask": tokens]
            dynamic = DynamicDimensions(of: ["input_ids": text, "attention_mask": text])
            function = { inputs in
                let result = model(inputs["input_ids"]!, attentionMask: inputs["attention_mask"])
                if let logits = result.logits { return ["logits": logits] }
                var outputs = ["last_hidden_state": result.lastHiddenState]
                outputs["pooler_output"] = result.pooled
                return outputs
            }
        case let model as EncoderDecoderModel:
            (examples, dynamic, function) = try Self.encoderDecoder(model, part, tokens, text)
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
            dynamic = DynamicDimensions(of: [
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
    private typealias Parts = (
        examples: [String: Tensor], dynamic: DynamicDimensions, function: ([String: Tensor]) -> [String: Tensor]
    )

    /// A model with encoder and decoder, or one of both. The decoder alone has the output of the encoder as an input; the names
    /// are those of the files encoder_model.onnx and decoder_model.onnx of Hugging Face's exporter.
    private static func encoderDecoder(
        _ model: EncoderDecoderModel, _ part: ExportedPart, _ tokens: Tensor, _ text: [Int: String]
    ) throws -> Parts {
        let json = model.configuration
        // The input of Whisper are features of a fixed number of frames, without a mask.
        let input = model is Whisper ? "input_features" : "input_ids"
        var source = ["input_ids": tokens, "attention_mask": tokens]
        if model is Whisper {
            let frames = 2 * (json["max_source_positions"]?.int ?? 1500)
            source = ["input_features": Tensor.zeros([2, json["num_mel_bins"]?.int ?? 80, frames])]
        }
        let decoderTokens = Tensor.ones([2, 4], dtype: .int64)
        func sizes(_ examples: [String: Tensor], decoderTokens: String? = nil) -> DynamicDimensions {
            var names = examples.mapValues { _ in model is Whisper ? [0: "batch"] : text }
            if let decoderTokens { names[decoderTokens] = [0: "batch", 1: "decoder_sequence"] }
            return DynamicDimensions(of: names)
        }
        switch part {
        case .encoder:
            return (
                source, sizes(source),
                { ["last_hidden_state": model.encode($0[input]!, attentionMask: $0["attention_mask"])] }
            )
        case .decoder:
            var examples = [
                "input_ids": decoderTokens, "encoder_hidden_states": noGrad { model.encode(source[input]!) },
            ]
            examples["encoder_attention_mask"] = source["attention_mask"]
            return (
                examples, sizes(examples, decoderTokens: "input_ids"),
                { inputs in
                    let output = model(
                        encoderOutput: inputs["encoder_hidden_states"]!,
                        attentionMask: inputs["encoder_attention_mask"], decoderTokens: inputs["input_ids"]!)
                    return ["logits": output.logits]
                }
            )
        case .all:
            let examples = source.merging(["decoder_input_ids": decoderTokens]) { $1 }
            return (
                examples, sizes(examples, decoderTokens: "decoder_input_ids"),
                { inputs in
                    let output = model(
                        inputs[input]!, attentionMask: inputs["attention_mask"],
                        decoderTokens: inputs["decoder_input_ids"]!)
                    return ["logits": output.logits]
                }
            )
        }
    }
}
