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
        return FileSystem.names(in: root).sorted().map { name in
            NamedCase(name) { try load("\(root)/\(name)") }
        }
    }()

    private static func load(_ folder: String) throws -> ExportCase {
        let model = try AutoModel.load(folder)
        var sizes = ([2, 6], [3, 8])
        // The frequencies of these are computed on the host from the length.
        let isFixed = folder.hasSuffix("dynamic_rope") || folder.hasSuffix("longrope_6")
        let names: DynamicSizes = isFixed ? ["batch"] : ["batch", "sequence"]
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
            return ExportCase(
                model, dynamic: ["x0": [0: "batch", 1: "sequence"], "x1": [0: "batch", 1: "target"]],
                sizes.0 + [4], sizes.1 + [5], inputs: { tokens($0) + tokens([$0[0], $0[2]]) },
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
