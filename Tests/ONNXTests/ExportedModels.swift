import TestSupport
import Torchlight
import TorchlightIO
@testable import TorchlightCLI
@testable import TorchlightModels
@testable import TorchlightONNX

/// The models of the benchmarks, at a small size where it is a setting, and the recorded models of `TorchlightModels`.
enum ExportedModels {
    static let all = benchmarks + pretrained

    private static let benchmarks: [NamedCase] = [
        .layer("MLP", [784]) { MLP() }, .layer("CNN", [1, 28, 28]) { CNN() },
        .layer("ResNet18", [3, 32, 32]) { ResNet18() },
        NamedCase("CharLSTM") { tokens(CharLSTM(), below: 65) },
        NamedCase("GPT") {
            tokens(GPT(GPT.Size(vocabulary: 65, context: 32, width: 16, heads: 2, blocks: 2)), below: 65)
        },
        NamedCase("GPTCheckpointed") {
            tokens(
                GPT(GPT.Size(vocabulary: 65, context: 32, width: 16, heads: 2, blocks: 1), isCheckpointed: true),
                below: 65)
        },
    ]

    /// A model of tokens `[batch, sequence]`.
    private static func tokens(_ model: any Layer, below limit: Int) -> ExportCase {
        ExportCase(
            model, dynamic: ["batch", "sequence"], [2, 6], [3, 9],
            inputs: { [ExportCase.tokens([$0[0], $0[1]], below: limit)] }, run: { [model($0[0])] })
    }

    private static let pretrained: [NamedCase] = {
        let root = SourceTree.root.appending(path: "Tests/ModelTests/Models").path
        let whole = FileSystem.names(in: root).sorted().map { name in
            NamedCase(name) { try load("\(root)/\(name)") }
        }
        return whole
            + ["t5_gated_head", "whisper_speech"].flatMap { name in
                [
                    NamedCase("\(name)_encoder") { try encoder("\(root)/\(name)") },
                    NamedCase("\(name)_decoder") { try decoder("\(root)/\(name)") },
                ]
            }
    }()

    /// Makes the input of an encoder for a batch and a length; Whisper has a fixed number of frames.
    private static func source(_ model: EncoderDecoderModel, _ batch: Int, _ length: Int) -> Tensor {
        guard model is Whisper else { return ExportCase.tokens([batch, length], below: 30) }
        let json = model.configuration
        return ExportCase.numbers([batch, json["num_mel_bins"]!.int!, 2 * json["max_source_positions"]!.int!])
    }

    private static func encoder(_ folder: String) throws -> ExportCase {
        let model = try EncoderDecoderModel.load(folder)
        return ExportCase(
            model, dynamic: model is Whisper ? ["batch"] : ["batch", "sequence"], [2, 6], [3, 8],
            inputs: { [source(model, $0[0], $0[1])] }, run: { [model.encode($0[0])] })
    }

    private static func decoder(_ folder: String) throws -> ExportCase {
        let model = try EncoderDecoderModel.load(folder)
        let memory = model is Whisper ? [0: "batch"] : [0: "batch", 1: "sequence"]
        return ExportCase(
            model, dynamic: ["x0": memory, "x1": [0: "batch", 1: "target"]], [2, 6, 4], [3, 8, 5],
            inputs: { sizes in
                let encoded = noGrad { model.encode(source(model, sizes[0], sizes[1])) }
                return [encoded, ExportCase.tokens([sizes[0], sizes[2]], below: 30)]
            }, run: { [model(encoderOutput: $0[0], decoderTokens: $0[1]).logits] })
    }

    private static func load(_ folder: String) throws -> ExportCase {
        let model = try AutoModel.load(folder)
        var sizes = ([2, 6], [3, 8])
        // The frequencies of these are computed on the host from the length.
        let isFixed = folder.hasSuffix("dynamic_rope") || folder.hasSuffix("longrope_6")
        let names: DynamicDimensions = isFixed ? ["batch"] : ["batch", "sequence"]
        if isFixed { sizes.1[1] = sizes.0[1] }
        func tokens(_ sizes: [Int]) -> [Tensor] { [ExportCase.tokens([sizes[0], sizes[1]], below: 30)] }
        switch model {
        case let model as CausalModel:
            return ExportCase(
                model, dynamic: names, sizes.0, sizes.1, inputs: tokens, run: { [model($0[0]).logits] })
        case let model as EncoderModel:
            return ExportCase(
                model, dynamic: names, sizes.0, sizes.1, inputs: tokens,
                run: {
                    let output = model($0[0])
                    return [output.logits ?? output.lastHiddenState]
                })
        case let model as EncoderDecoderModel:
            let input = model is Whisper ? [0: "batch"] : [0: "batch", 1: "sequence"]
            return ExportCase(
                model, dynamic: ["x0": input, "x1": [0: "batch", 1: "target"]],
                sizes.0 + [4], sizes.1 + [5],
                inputs: { [source(model, $0[0], $0[1])] + tokens([$0[0], $0[2]]) },
                run: { [model($0[0], decoderTokens: $0[1]).logits] })
        case let model as ViT:
            let shape = try imageShape(folder)
            return ExportCase(
                model, inputs: { [ExportCase.numbers([$0[0]] + shape)] },
                run: {
                    let output = model($0[0])
                    return [output.logits ?? output.lastHiddenState]
                })
        case let model as CLIP:
            let shape = try imageShape(folder)
            return ExportCase(
                model, inputs: { [ExportCase.tokens([$0[0], 6], below: 30), ExportCase.numbers([$0[0]] + shape)] },
                run: {
                    let output = model($0[0], images: $0[1])
                    return [output.logitsPerImage, output.textEmbeddings, output.imageEmbeddings]
                })
        default: throw UnknownModel(name: "\(type(of: model))")
        }
    }

    /// The shape of an image of the recorded calls.
    private static func imageShape(_ folder: String) throws -> [Int] {
        let tensors = try TensorFile.load("\(folder)/expected.safetensors")
        return Array(tensors.first { $0.key.hasSuffix("pixel_values") }!.value.shape.dropFirst())
    }

    private struct UnknownModel: Error { let name: String }
}
