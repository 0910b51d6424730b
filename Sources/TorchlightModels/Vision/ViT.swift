import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The output of an image model.
public struct ImageOutput: TensorStructure {
    /// The hidden states after the final normalisation, `[N, tokens, hidden size]`.
    public var lastHiddenState: Tensor
    /// The output of the embedding, then of each block, before the final normalisation. Empty unless `hiddenStates` was
    /// true.
    public var hiddenStates: [Tensor]
    /// The logits of the classes, `[N, labels]`; nil without a classifier.
    public var logits: Tensor?

    /// The tensors of the result.
    public var tensorSlots: [Tensor?] { [lastHiddenState] + hiddenStates + [logits] }

    /// The result with the first tensors of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> ImageOutput {
        ImageOutput(
            lastHiddenState: lastHiddenState.replacingTensors(from: &slots),
            hiddenStates: hiddenStates.replacingTensors(from: &slots), logits: logits.replacingTensors(from: &slots))
    }
}

/// Vision transformer (Dosovitskiy et al., 2021), and DeiT (Touvron et al., 2021), which adds a distillation token.
///
///     let model = try ViT.load("path/to/vit-base-patch16-224")
///     let output = model(images)      // [N, C, H, W] -> logits [N, labels]
public final class ViT: PretrainedModel {
    struct Config {
        var hiddenSize, intermediateSize, layerCount, headCount, imageSize, patchSize, channels, labelCount: Int
        var activation: ActivationFunction
        var normEps, hiddenDropout, attentionDropout: Double
        var hasBias: Bool
        /// Whether there is a distillation token after the class token.
        var hasDistillation: Bool
    }

    /// The head of the model.
    enum Head {
        case none, classifier
        /// The mean of a classifier of the class token and one of the distillation token.
        case withTeacher
    }

    @Key var encoder: ViTEncoder
    @Key var classifier: Linear?
    @Key var classClassifier: Linear?
    @Key var distillationClassifier: Linear?
    private let config: Config

    init(_ config: Config, head: Head, json: JSON) {
        self.config = config
        func linear(_ isPresent: Bool) -> Linear? {
            isPresent && config.labelCount > 0 ? Linear(config.hiddenSize, config.labelCount) : nil
        }
        _encoder = Key(wrappedValue: ViTEncoder(config), config.hasDistillation ? "deit" : "vit")
        _classifier = Key(wrappedValue: linear(head == .classifier), "classifier")
        _classClassifier = Key(wrappedValue: linear(head == .withTeacher), "cls_classifier")
        _distillationClassifier = Key(wrappedValue: linear(head == .withTeacher), "distillation_classifier")
        super.init(configuration: json)
    }

    override var basePrefix: String { config.hasDistillation ? "deit" : "vit" }

    /// Runs the forward pass.
    ///
    /// - Parameters:
    ///   - images: Normalised images, `[N, C, H, W]`.
    ///   - interpolatesPositions: Whether the position embedding is interpolated for images of another size than in
    ///     pretraining; without it, such images are an error. Default: false.
    ///   - hiddenStates: Whether to return the hidden states. Default: false.
    public func callAsFunction(
        _ images: Tensor, interpolatesPositions: Bool = false, hiddenStates: Bool = false
    ) -> ImageOutput {
        scope(images) { images in
            if images.isPlaceholder { return ImageOutput(lastHiddenState: images, hiddenStates: []) }
            var output = encoder(images, interpolates: interpolatesPositions, wantsHiddenStates: hiddenStates)
            let last = output.lastHiddenState
            if last.isPlaceholder { return output }
            if let classifier {
                output.logits = classifier(last.select(1, 0))
            } else if let classClassifier, let distillationClassifier {
                output.logits = (classClassifier(last.select(1, 0)) + distillationClassifier(last.select(1, 1))) / 2
            }
            return output
        }
    }

    /// Returns the loss of a classifier: the cross entropy of labels `[N]`. For a `problem_type` in the configuration,
    /// the mean squared error (regression) or the binary cross entropy (multi-label classification).
    public func loss(_ output: ImageOutput, _ labels: Tensor) throws -> Tensor {
        guard let logits = output.logits else {
            throw ModelError("loss", "the model has no classifier", expected: "a model for classification")
        }
        switch configuration["problem_type"]?.string {
        case "regression": return mseLoss(logits.reshape(labels.shape), labels.to(logits.dtype))
        case "multi_label_classification": return binaryCrossEntropyWithLogits(logits, labels.to(logits.dtype))
        default: return crossEntropy(logits, labels)
        }
    }

    static func builder(_ head: Head, isDeiT: Bool) -> Architectures.Builder {
        { reader, contents in
            let config = Config(
                hiddenSize: try reader.int("hidden_size", default: 768),
                intermediateSize: try reader.int("intermediate_size", default: 3072),
                layerCount: try reader.int("num_hidden_layers", default: 12),
                headCount: try reader.int("num_attention_heads", default: 12),
                imageSize: try reader.int("image_size", default: 224),
                patchSize: try reader.int("patch_size", default: 16),
                channels: try reader.int("num_channels", default: 3), labelCount: try reader.labelCount(),
                activation: try reader.activation("hidden_act", default: "gelu"),
                normEps: try reader.double("layer_norm_eps", default: 1e-12),
                hiddenDropout: try reader.probability("hidden_dropout_prob"),
                attentionDropout: try reader.probability("attention_probs_dropout_prob"),
                hasBias: try reader.bool("qkv_bias", default: true), hasDistillation: isDeiT)
            // Fields of masked image modelling and of the pooled output.
            for name in ["encoder_stride", "pooler_act", "pooler_output_size"] { reader.markRead(name) }
            return ViT(config, head: head, json: reader.json)
        }
    }
}

extension ViT {
    /// Loads a model of this class from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    ///
    /// - Throws: Also ``ModelError`` if the folder has a model of another class.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> ViT {
        try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring).cast(folder)
    }
}

/// Patch embeddings, blocks, and the final normalisation.
final class ViTEncoder: Module, BlockStack {
    var checkpointsBlocks = false
    var embeddings: ViTEmbeddings
    @Key var blocks: ViTBlocks
    @Key var norm: LayerNorm

    init(_ config: ViT.Config) {
        embeddings = ViTEmbeddings(config)
        _blocks = Key(wrappedValue: ViTBlocks(config), "encoder")
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "layernorm")
        super.init()
    }

    func callAsFunction(_ images: Tensor, interpolates: Bool, wantsHiddenStates: Bool) -> ImageOutput {
        var x = embeddings(images, interpolates: interpolates)
        var states: [Tensor] = wantsHiddenStates ? [x] : []
        for layer in blocks.layer {
            x = run(x) { layer($0) }
            if wantsHiddenStates { states.append(x) }
        }
        return ImageOutput(lastHiddenState: norm(x), hiddenStates: states)
    }
}

/// The class token, the distillation token of DeiT, and a linear projection of each patch, plus position embeddings.
final class ViTEmbeddings: Module {
    @Key var classToken: Tensor
    @Key var distillationToken: Tensor?
    @Key var patches: ViTPatches
    @Key var positions: Tensor
    private let config: ViT.Config
    private let dropout: Dropout

    init(_ config: ViT.Config) {
        self.config = config
        let side = config.imageSize / config.patchSize
        let extra = config.hasDistillation ? 2 : 1
        func zeros(_ count: Int) -> Tensor { Parameter(Tensor.zeros([1, count, config.hiddenSize], device: .current)) }
        _classToken = Key(wrappedValue: zeros(1), "cls_token")
        _distillationToken = Key(wrappedValue: config.hasDistillation ? zeros(1) : nil, "distillation_token")
        _patches = Key(wrappedValue: ViTPatches(config), "patch_embeddings")
        _positions = Key(wrappedValue: zeros(side * side + extra), "position_embeddings")
        dropout = Dropout(config.hiddenDropout)
        super.init()
    }

    func callAsFunction(_ images: Tensor, interpolates: Bool) -> Tensor {
        scope(images) { images in
            let size = config.imageSize
            guard images.rank == 4, interpolates || images.shape.suffix(2) == [size, size] else {
                reportFailure(
                    TensorError(
                        .shape, in: "ViT", "the size of the images differs from that of pretraining",
                        expected: "[N, \(config.channels), \(size), \(size)], or interpolatesPositions",
                        operands: [images]))
                return images
            }
            let batch = images.shape[0]
            var tokens = [classToken.expand([batch, 1, config.hiddenSize])]
            if let distillationToken { tokens.append(distillationToken.expand([batch, 1, config.hiddenSize])) }
            let grid = patches(images)
            tokens.append(grid.flatten(from: 2).transpose(1, 2))
            let table = positions(rows: grid.shape[2], columns: grid.shape[3], extra: tokens.count - 1)
            return dropout(cat(tokens, dim: 1) + table)
        }
    }

    /// The position embeddings for a grid of patches: those of pretraining, or their bicubic interpolation.
    private func positions(rows: Int, columns: Int, extra: Int) -> Tensor {
        let side = config.imageSize / config.patchSize
        if rows == side && columns == side { return positions }
        let count = positions.shape[1]
        let grid = positions.narrow(1, start: extra, length: count - extra)
            .reshape([1, side, side, config.hiddenSize]).permute([0, 3, 1, 2])
        let resized = interpolate(grid, size: [rows, columns], mode: .bicubic, alignCorners: false)
        return cat(
            [positions.narrow(1, start: 0, length: extra), resized.flatten(from: 2).transpose(1, 2)], dim: 1)
    }
}

/// A convolution with kernel size equal to its stride: a linear projection of each patch.
final class ViTPatches: Module, Layer {
    var projection: Conv2d

    init(_ config: ViT.Config) {
        let size = Size2(integerLiteral: config.patchSize)
        projection = Conv2d(config.channels, config.hiddenSize, kernelSize: size, stride: size)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { projection(x) }
}

/// The blocks, under the name of the files.
final class ViTBlocks: Module {
    var layer: [ViTBlock]

    init(_ config: ViT.Config) {
        layer = (0..<config.layerCount).map { _ in ViTBlock(config) }
        super.init()
    }
}

/// Encoder block: self-attention and a feed-forward network, each after a layer normalisation and with a residual connection.
final class ViTBlock: Module, Layer {
    var attention: ViTAttention
    @Key var inner: BERTDense
    var output: BERTDense
    @Key var attentionNorm: LayerNorm
    @Key var feedForwardNorm: LayerNorm
    private let activation: ActivationFunction
    private let dropout: Dropout

    init(_ config: ViT.Config) {
        attention = ViTAttention(config)
        _inner = Key(wrappedValue: BERTDense(config.hiddenSize, config.intermediateSize), "intermediate")
        output = BERTDense(config.intermediateSize, config.hiddenSize)
        _attentionNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "layernorm_before")
        _feedForwardNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "layernorm_after")
        activation = config.activation
        dropout = Dropout(config.hiddenDropout)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        let h = x + attention(attentionNorm(x))
        return h + dropout(output(activation(inner(feedForwardNorm(h)))))
    }
}

/// Multi-head self-attention.
final class ViTAttention: Module, Layer {
    @Key var heads: ViTSelfAttention
    var output: BERTDense
    private let dropout: Dropout

    init(_ config: ViT.Config) {
        _heads = Key(wrappedValue: ViTSelfAttention(config), "attention")
        output = BERTDense(config.hiddenSize, config.hiddenSize)
        dropout = Dropout(config.hiddenDropout)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { dropout(output(heads(x))) }
}

/// Multi-head self-attention without the output projection.
final class ViTSelfAttention: Module, Layer {
    var query: Linear
    var key: Linear
    var value: Linear
    private let headCount: Int
    private let dropout: Double

    init(_ config: ViT.Config) {
        let size = config.hiddenSize
        query = Linear(size, size, bias: config.hasBias)
        key = Linear(size, size, bias: config.hasBias)
        value = Linear(size, size, bias: config.hasBias)
        headCount = config.headCount
        dropout = config.attentionDropout
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        attend(
            query(x).splitHeads(headCount), key(x).splitHeads(headCount), value(x).splitHeads(headCount), mask: .none,
            dropout: isTraining ? dropout : 0)
    }
}
