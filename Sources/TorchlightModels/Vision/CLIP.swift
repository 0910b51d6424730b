import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The output of CLIP.
public struct CLIPOutput {
    /// The similarity logits of each image and text, `[images, texts]`.
    public var logitsPerImage: Tensor
    /// The similarity logits of each text and image, `[texts, images]`.
    public var logitsPerText: Tensor
    /// The embeddings of the texts, with norm 1, `[texts, projection size]`.
    public var textEmbeddings: Tensor
    /// The embeddings of the images, with norm 1, `[images, projection size]`.
    public var imageEmbeddings: Tensor
    /// The output of the text encoder: hidden states, and the pooled one of the end token.
    public var text: EncoderOutput
    /// The output of the image encoder: hidden states, and the normalised one of the class token.
    public var image: EncoderOutput
}

/// CLIP (Radford et al., 2021): embeds texts and images in one space, in which matching pairs have a high cosine
/// similarity.
///
///     let model = try CLIP.load("path/to/clip-vit-base-patch32")
///     let scores = model(texts, images: images).logitsPerImage.softmax(dim: 1)
public final class CLIP: PretrainedModel {
    @Key var textModel: CLIPText
    @Key var imageModel: CLIPImage
    @Key var textProjection: Linear
    @Key var imageProjection: Linear
    @Key var logitScale: Tensor

    init(text: CLIPText, image: CLIPImage, projection: Int, json: JSON) {
        _textModel = Key(wrappedValue: text, "text_model")
        _imageModel = Key(wrappedValue: image, "vision_model")
        _textProjection = Key(wrappedValue: Linear(text.size, projection, bias: false), "text_projection")
        _imageProjection = Key(wrappedValue: Linear(image.size, projection, bias: false), "visual_projection")
        _logitScale = Key(wrappedValue: Parameter(Tensor.full([], 2.6592, device: .current)), "logit_scale")
        super.init(configuration: json)
    }

    /// Runs the forward pass.
    ///
    /// - Parameters:
    ///   - texts: Tokens, int64 `[texts, T]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[texts, T]`. Default: no padding.
    ///   - images: Normalised images, `[images, C, H, W]`.
    public func callAsFunction(_ texts: Tensor, attentionMask: Tensor? = nil, images: Tensor) -> CLIPOutput {
        let text = textModel(texts, attentionMask: attentionMask)
        let image = imageModel(images)
        let textEmbeddings = normalize(textProjection(text.pooled!), dim: -1)
        let imageEmbeddings = normalize(imageProjection(image.pooled!), dim: -1)
        let perText = textEmbeddings.matmul(imageEmbeddings.transpose(0, 1)) * logitScale.exp()
        return CLIPOutput(
            logitsPerImage: perText.transpose(0, 1), logitsPerText: perText, textEmbeddings: textEmbeddings,
            imageEmbeddings: imageEmbeddings, text: text, image: image)
    }

    /// The height and the width of the images.
    public var imageSize: [Int] { [imageModel.embeddings.imageSize, imageModel.embeddings.imageSize] }

    /// Returns the projections of texts before normalisation, `[texts, projection size]`.
    public func textFeatures(_ texts: Tensor, attentionMask: Tensor? = nil) -> Tensor {
        textProjection(textModel(texts, attentionMask: attentionMask).pooled!)
    }

    /// Returns the projections of images before normalisation, `[images, projection size]`.
    public func imageFeatures(_ images: Tensor) -> Tensor { imageProjection(imageModel(images).pooled!) }

    /// Returns the contrastive loss of equal numbers of texts and images, of which those with the same index match: the
    /// mean of the cross entropies over texts and over images.
    public func loss(_ output: CLIPOutput) -> Tensor {
        let scores = output.logitsPerText
        let labels = Tensor.arange(scores.shape[0], device: scores.device)
        return (crossEntropy(scores, labels) + crossEntropy(output.logitsPerImage, labels)) / 2
    }

    static func clip(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        let none = try ConfigReader(.object([]), path: reader.path)
        let text = try reader.optionalObject("text_config") ?? none
        let image = try reader.optionalObject("vision_config") ?? none
        let size = try text.int("hidden_size", default: 512)
        let textModel = CLIPText(
            try text.clipBlocks(size: size, intermediate: 2048, heads: 8),
            vocabulary: try text.int("vocab_size", default: 49_408),
            length: try text.int("max_position_embeddings", default: 77),
            normEps: try text.double("layer_norm_eps", default: 1e-5),
            // Old files have an end token of 2, which is wrong.
            endToken: try text.int("eos_token_id", default: 49_407, minimum: 0))
        let imageSize = try image.int("hidden_size", default: 768)
        let imageModel = CLIPImage(
            try image.clipBlocks(size: imageSize, intermediate: 3072, heads: 12),
            imageSize: try image.int("image_size", default: 224), patchSize: try image.int("patch_size", default: 32),
            channels: try image.int("num_channels", default: 3),
            normEps: try image.double("layer_norm_eps", default: 1e-5))
        for part in [text, image] {
            // A field of the separate text and image models.
            part.markRead("projection_dim")
            try part.finish(ignoring: ["dropout"])
        }
        for name in ["text_config_dict", "vision_config_dict"] { reader.markRead(name) }
        return CLIP(
            text: textModel, image: imageModel, projection: try reader.int("projection_dim", default: 512),
            json: reader.json)
    }

    /// Loads a CLIP from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> CLIP {
        try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring).cast(folder)
    }
}

extension ConfigReader {
    fileprivate func clipBlocks(size: Int, intermediate: Int, heads: Int) throws(ModelError) -> CLIPBlocks.Config {
        CLIPBlocks.Config(
            size: size, intermediateSize: try int("intermediate_size", default: intermediate),
            layerCount: try int("num_hidden_layers", default: 12),
            headCount: try int("num_attention_heads", default: heads),
            activation: try activation("hidden_act", default: "quick_gelu"),
            normEps: try double("layer_norm_eps", default: 1e-5),
            attentionDropout: try probability("attention_dropout"))
    }
}

/// The blocks of the text or the image encoder.
final class CLIPBlocks: Module, BlockStack {
    var checkpointsBlocks = false
    struct Config {
        var size, intermediateSize, layerCount, headCount: Int
        var activation: ActivationFunction
        var normEps, attentionDropout: Double
    }

    var layers: [CLIPBlock]

    init(_ config: Config) {
        layers = (0..<config.layerCount).map { CLIPBlock(config, layer: $0) }
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in layers.reduce(x) { x, layer in run(x) { layer($0, mask) } } }
    }
}

/// Block: self-attention and a feed-forward network, each after a layer normalisation and with a residual connection.
final class CLIPBlock: Module {
    @Key var attention: ProjectedAttention
    @Key var attentionNorm: LayerNorm
    var mlp: CLIPFeedForward
    @Key var feedForwardNorm: LayerNorm

    init(_ config: CLIPBlocks.Config, layer: Int) {
        _attention = Key(
            wrappedValue: ProjectedAttention(
                config.size, headCount: config.headCount, layer: layer, dropout: config.attentionDropout), "self_attn")
        _attentionNorm = Key(wrappedValue: LayerNorm(config.size, eps: config.normEps), "layer_norm1")
        mlp = CLIPFeedForward(config)
        _feedForwardNorm = Key(wrappedValue: LayerNorm(config.size, eps: config.normEps), "layer_norm2")
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in
            let h = x + attention(attentionNorm(x), mask: mask)
            return h + mlp(feedForwardNorm(h))
        }
    }
}

/// Feed-forward network: two linear layers with an activation between them.
final class CLIPFeedForward: Module, Layer {
    var fc1: Linear
    var fc2: Linear
    private let activation: ActivationFunction

    init(_ config: CLIPBlocks.Config) {
        fc1 = Linear(config.size, config.intermediateSize)
        fc2 = Linear(config.intermediateSize, config.size)
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { fc2(activation(fc1(x))) }
}

/// The text encoder: a causal transformer, pooled at the end token.
final class CLIPText: Module {
    var embeddings: CLIPTextEmbeddings
    @Key var blocks: CLIPBlocks
    @Key var norm: LayerNorm
    let size: Int
    private let endToken: Int

    init(_ config: CLIPBlocks.Config, vocabulary: Int, length: Int, normEps: Double, endToken: Int) {
        size = config.size
        self.endToken = endToken
        embeddings = CLIPTextEmbeddings(config.size, vocabulary: vocabulary, length: length)
        _blocks = Key(wrappedValue: CLIPBlocks(config), "encoder")
        _norm = Key(wrappedValue: LayerNorm(config.size, eps: normEps), "final_layer_norm")
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, attentionMask: Tensor?) -> EncoderOutput {
        scope(tokens) { tokens in
            let context = TokenContext(tokens, attentionMask: attentionMask, positions: nil, cache: nil)
            let x = norm(blocks(embeddings(tokens), context.causalMask()))
            // The first end token; for old files with a wrong end token, the token with the largest index.
            let score = endToken == 2 ? tokens.to(.int64) : (tokens .== endToken).to(.int64)
            let endIndex = score.argmax(dim: 1).reshape([-1, 1, 1]).expand([tokens.shape[0], 1, size])
            return EncoderOutput(lastHiddenState: x, pooled: x.gather(1, endIndex).squeeze(1))
        }
    }
}

/// The sum of token and position embeddings.
final class CLIPTextEmbeddings: Module, Layer {
    @Key var tokens: Embedding
    @Key var positions: Embedding

    init(_ size: Int, vocabulary: Int, length: Int) {
        _tokens = Key(wrappedValue: Embedding(vocabulary, size), "token_embedding")
        _positions = Key(wrappedValue: Embedding(length, size), "position_embedding")
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        tokens(x) + positions(Tensor.arange(x.shape[1], device: x.device).unsqueeze(0))
    }
}

/// The image encoder: a vision transformer with a normalisation before and after the blocks.
final class CLIPImage: Module {
    @Key var embeddings: CLIPImageEmbeddings
    @Key var beforeNorm: LayerNorm
    @Key var blocks: CLIPBlocks
    @Key var afterNorm: LayerNorm
    let size: Int

    init(_ config: CLIPBlocks.Config, imageSize: Int, patchSize: Int, channels: Int, normEps: Double) {
        size = config.size
        _embeddings = Key(
            wrappedValue: CLIPImageEmbeddings(
                config.size, imageSize: imageSize, patchSize: patchSize, channels: channels), "embeddings")
        // The published files contain this spelling.
        _beforeNorm = Key(wrappedValue: LayerNorm(config.size, eps: normEps), "pre_layrnorm")
        _blocks = Key(wrappedValue: CLIPBlocks(config), "encoder")
        _afterNorm = Key(wrappedValue: LayerNorm(config.size, eps: normEps), "post_layernorm")
        super.init()
    }

    func callAsFunction(_ images: Tensor) -> EncoderOutput {
        scope(images) { images in
            let x = blocks(beforeNorm(embeddings(images)), .none)
            return EncoderOutput(lastHiddenState: x, pooled: afterNorm(x.select(1, 0)))
        }
    }
}

/// The class token and a linear projection of each patch, plus position embeddings.
final class CLIPImageEmbeddings: Module, Layer {
    @Key var classToken: Tensor
    @Key var patches: Conv2d
    @Key var positions: Embedding
    let imageSize: Int

    init(_ size: Int, imageSize: Int, patchSize: Int, channels: Int) {
        self.imageSize = imageSize
        let side = imageSize / patchSize
        let patch = Size2(integerLiteral: patchSize)
        _classToken = Key(wrappedValue: Parameter(Tensor.zeros([size], device: .current)), "class_embedding")
        _patches = Key(
            wrappedValue: Conv2d(channels, size, kernelSize: patch, stride: patch, bias: false), "patch_embedding")
        _positions = Key(wrappedValue: Embedding(side * side + 1, size), "position_embedding")
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        guard x.rank == 4, x.shape.suffix(2) == [imageSize, imageSize] else {
            reportFailure(
                TensorError(
                    .shape, in: "CLIP", "the size of the images differs from that of pretraining",
                    expected: "[N, C, \(imageSize), \(imageSize)]", operands: [x]))
            return x
        }
        let grid = patches(x).flatten(from: 2).transpose(1, 2)
        let first = classToken.expand([x.shape[0], 1, classToken.shape[0]])
        return cat([first, grid], dim: 1) + positions.weight
    }
}
