import TorchlightCore

/// Transformer: an encoder and a decoder (Vaswani et al., 2017).
///
///     let model = Transformer(dModel: 512, nhead: 8, batchFirst: true)
///     let y = model(source, target, tgtIsCausal: true)  // [N, S, 512] and [N, T, 512] -> [N, T, 512]
///
/// Shapes, for N sequences and E = `dModel`: source `[S, N, E]` and target `[T, N, E] -> [T, N, E]`, or `[N, S, E]` and so on
/// with `batchFirst`, or all without N. Inputs are embeddings: token embedding and positional encoding are not included.
/// Parameters with two or more dimensions are initialised with `Initializers.xavierUniform_`, the others as in their layers.
public final class Transformer: Module {
    /// The encoder of the source.
    public let encoder: TransformerEncoder
    /// The decoder of the target.
    public let decoder: TransformerDecoder
    /// The number of features E of source, target and output. Default: 512.
    public let dModel: Int
    /// The number of attention heads. Default: 8.
    public let nhead: Int
    /// Whether the batch dimension of inputs and output is the first dimension. Default: false.
    public let batchFirst: Bool

    /// Creates a transformer.
    ///
    /// - Parameters:
    ///   - dModel: The number of features E of source, target and output. Default: 512.
    ///   - nhead: The number of attention heads; it must divide `dModel`. Default: 8.
    ///   - numEncoderLayers: The number of encoder layers. Default: 6.
    ///   - numDecoderLayers: The number of decoder layers. Default: 6.
    ///   - dimFeedforward: The number of hidden features of the feed-forward networks. Default: 2048.
    ///   - dropout: The dropout probability. Default: 0.1.
    ///   - activation: The activation of the feed-forward networks. Default: `.relu`.
    ///   - layerNormEps: The eps of the layer normalisations. Default: 1e-5.
    ///   - batchFirst: Whether inputs and output are `[N, T, E]` instead of `[T, N, E]`. Default: false.
    ///   - normFirst: Whether layer normalisation is applied before attention and feed-forward network. Default: false.
    ///   - bias: Whether linear layers and layer normalisations have biases. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        dModel: Int = 512, nhead: Int = 8, numEncoderLayers: Int = 6, numDecoderLayers: Int = 6,
        dimFeedforward: Int = 2048, dropout: Double = 0.1, activation: TransformerActivation = .relu,
        layerNormEps: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false, bias: Bool = true,
        dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        func norm() -> LayerNorm { LayerNorm(dModel, eps: layerNormEps, bias: bias, dtype: dtype, device: device) }
        encoder = TransformerEncoder(
            layers: (0..<checkedLayerCount(numEncoderLayers, in: "Transformer")).map { _ in
                TransformerEncoderLayer(
                    dModel, nhead, dimFeedforward: dimFeedforward, dropout: dropout, activation: activation,
                    layerNormEps: layerNormEps, batchFirst: batchFirst, normFirst: normFirst, bias: bias, dtype: dtype,
                    device: device, generator: generator)
            }, norm: norm())
        decoder = TransformerDecoder(
            layers: (0..<checkedLayerCount(numDecoderLayers, in: "Transformer")).map { _ in
                TransformerDecoderLayer(
                    dModel, nhead, dimFeedforward: dimFeedforward, dropout: dropout, activation: activation,
                    layerNormEps: layerNormEps, batchFirst: batchFirst, normFirst: normFirst, bias: bias, dtype: dtype,
                    device: device, generator: generator)
            }, norm: norm())
        self.dModel = dModel
        self.nhead = nhead
        self.batchFirst = batchFirst
        super.init()
        noGrad {
            for weight in parameters() where weight.rank > 1 {
                Initializers.xavierUniform_(weight, generator: generator)
            }
        }
    }

    /// Returns the output of the decoder for each position of the target.
    ///
    /// In masks of bool, true means that a key is ignored; masks of floating point are added to the scores.
    ///
    /// - Parameters:
    ///   - src: The source, `[S, N, E]`, or `[N, S, E]` with `batchFirst`, or `[S, E]`.
    ///   - tgt: The target, `[T, N, E]`, or `[N, T, E]` with `batchFirst`, or `[T, E]`.
    ///   - srcMask: The mask of the self-attention of the encoder, `[S, S]` or `[N · nhead, S, S]`. Default: none.
    ///   - tgtMask: The mask of the self-attention of the decoder, `[T, T]` or `[N · nhead, T, T]`. Default: none.
    ///   - memoryMask: The mask of the cross-attention of the decoder, `[T, S]` or `[N · nhead, T, S]`. Default: none.
    ///   - srcKeyPaddingMask: The padding mask of the source, `[N, S]`. Default: none.
    ///   - tgtKeyPaddingMask: The padding mask of the target, `[N, T]`. Default: none.
    ///   - memoryKeyPaddingMask: The padding mask of the encoder output, `[N, S]`. Default: none.
    ///   - srcIsCausal: Whether the self-attention of the encoder is causal. Default: false.
    ///   - tgtIsCausal: Whether the self-attention of the decoder is causal. It needs no `tgtMask`. Default: false.
    ///   - memoryIsCausal: Whether the cross-attention is causal. Default: false.
    /// - Returns: The output, in the shape of the target.
    public func callAsFunction(
        _ src: Tensor, _ tgt: Tensor, srcMask: Tensor? = nil, tgtMask: Tensor? = nil, memoryMask: Tensor? = nil,
        srcKeyPaddingMask: Tensor? = nil, tgtKeyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil,
        srcIsCausal: Bool = false, tgtIsCausal: Bool = false, memoryIsCausal: Bool = false
    ) -> Tensor {
        scope(
            src, tgt, srcMask, tgtMask, memoryMask, srcKeyPaddingMask, tgtKeyPaddingMask, memoryKeyPaddingMask
        ) { src, tgt, srcMask, tgtMask, memoryMask, srcKeyPaddingMask, tgtKeyPaddingMask, memoryKeyPaddingMask in
            if let placeholder = [src, tgt].first(where: \.isPlaceholder) { return placeholder }
            guard src.shape.last == dModel, tgt.shape.last == dModel, src.rank == tgt.rank else {
                return fail(
                    TensorError(
                        .shape, in: "Transformer", "the source or the target has the wrong shape",
                        expected: "[S, N, \(dModel)] and [T, N, \(dModel)], or both without N", operands: [src, tgt]),
                    like: tgt)
            }
            let memory = encoder(src, mask: srcMask, srcKeyPaddingMask: srcKeyPaddingMask, isCausal: srcIsCausal)
            return decoder(
                tgt, memory, tgtMask: tgtMask, memoryMask: memoryMask, tgtKeyPaddingMask: tgtKeyPaddingMask,
                memoryKeyPaddingMask: memoryKeyPaddingMask, tgtIsCausal: tgtIsCausal, memoryIsCausal: memoryIsCausal)
        }
    }

    /// Returns the causal mask, with which position i attends to the positions 0 ... i: `[size, size]`, 0 on and below the
    /// diagonal, −∞ above it.
    ///
    /// - Parameters:
    ///   - size: The length of the sequence.
    ///   - dtype: The dtype of the mask.
    ///   - device: The device of the mask.
    public static func generateSquareSubsequentMask(_ size: Int, dtype: DType = .default, device: Device = .current)
        -> Tensor
    {
        Tensor.full([size, size], -Double.infinity, dtype: dtype, device: device).triu(1)
    }
}

/// Transformer encoder: a stack of encoder layers and an optional final layer normalisation.
///
/// Shapes: `[S, N, E] -> [S, N, E]`, or `[N, S, E]` if its layers have `batchFirst`, or `[S, E]`.
///
///     let encoder = TransformerEncoder(TransformerEncoderLayer(512, 8, batchFirst: true), numLayers: 6)
public final class TransformerEncoder: Module, Layer {
    /// The layers.
    public let layers: [TransformerEncoderLayer]
    /// The final layer normalisation; nil for none.
    public let norm: LayerNorm?

    /// Creates an encoder of these layers.
    ///
    /// - Parameters:
    ///   - layers: The layers.
    ///   - norm: The final layer normalisation. Default: none.
    public init(layers: [TransformerEncoderLayer], norm: LayerNorm? = nil) {
        self.layers = layers
        self.norm = norm
        super.init()
    }

    /// Creates an encoder of copies of a layer. All copies start with the same parameter values.
    ///
    /// - Parameters:
    ///   - layer: The layer that is copied.
    ///   - numLayers: The number of copies.
    ///   - norm: The final layer normalisation. Default: none.
    public convenience init(_ layer: TransformerEncoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
        self.init(
            layers: (0..<checkedLayerCount(numLayers, in: "TransformerEncoder")).map { _ in layer.copy() }, norm: norm)
    }

    /// Returns the output without masks.
    public func forward(_ x: Tensor) -> Tensor { run(x, nil, nil, false) }

    /// Returns the output with masks.
    ///
    /// - Parameters:
    ///   - src: The source, `[S, N, E]`, or `[N, S, E]` with `batchFirst`, or `[S, E]`.
    ///   - mask: The mask of the self-attention, `[S, S]` or `[N · nhead, S, S]`; see ``MultiheadAttention``.
    ///   - srcKeyPaddingMask: The padding mask of the source, `[N, S]`. Default: none.
    ///   - isCausal: Whether the self-attention is causal. Default: false.
    public func callAsFunction(
        _ src: Tensor, mask: Tensor?, srcKeyPaddingMask: Tensor? = nil, isCausal: Bool = false
    ) -> Tensor {
        scope(src, mask, srcKeyPaddingMask) { src, mask, srcKeyPaddingMask in
            run(src, mask, srcKeyPaddingMask, isCausal)
        }
    }

    private func run(_ x: Tensor, _ mask: Tensor?, _ padding: Tensor?, _ isCausal: Bool) -> Tensor {
        var x = x
        for layer in layers { x = layer(x, srcMask: mask, srcKeyPaddingMask: padding, isCausal: isCausal) }
        return norm.map { $0(x) } ?? x
    }
}

/// Transformer decoder: a stack of decoder layers and an optional final layer normalisation.
///
/// Shapes: target `[T, N, E]` and memory `[S, N, E] -> [T, N, E]`, or `[N, T, E]` and so on if its layers have `batchFirst`,
/// or all without N.
public final class TransformerDecoder: Module {
    /// The layers.
    public let layers: [TransformerDecoderLayer]
    /// The final layer normalisation; nil for none.
    public let norm: LayerNorm?

    /// Creates a decoder of these layers.
    ///
    /// - Parameters:
    ///   - layers: The layers.
    ///   - norm: The final layer normalisation. Default: none.
    public init(layers: [TransformerDecoderLayer], norm: LayerNorm? = nil) {
        self.layers = layers
        self.norm = norm
        super.init()
    }

    /// Creates a decoder of copies of a layer. All copies start with the same parameter values.
    ///
    /// - Parameters:
    ///   - layer: The layer that is copied.
    ///   - numLayers: The number of copies.
    ///   - norm: The final layer normalisation. Default: none.
    public convenience init(_ layer: TransformerDecoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
        self.init(
            layers: (0..<checkedLayerCount(numLayers, in: "TransformerDecoder")).map { _ in layer.copy() }, norm: norm)
    }

    /// Returns the output for each position of the target.
    ///
    /// - Parameters:
    ///   - tgt: The target, `[T, N, E]`, or `[N, T, E]` with `batchFirst`, or `[T, E]`.
    ///   - memory: The output of the encoder, `[S, N, E]`, or `[N, S, E]` with `batchFirst`, or `[S, E]`.
    ///   - tgtMask: The mask of the self-attention, `[T, T]` or `[N · nhead, T, T]`; see ``MultiheadAttention``. Default: none.
    ///   - memoryMask: The mask of the cross-attention, `[T, S]` or `[N · nhead, T, S]`. Default: none.
    ///   - tgtKeyPaddingMask: The padding mask of the target, `[N, T]`. Default: none.
    ///   - memoryKeyPaddingMask: The padding mask of the memory, `[N, S]`. Default: none.
    ///   - tgtIsCausal: Whether the self-attention is causal. Default: false.
    ///   - memoryIsCausal: Whether the cross-attention is causal. Default: false.
    public func callAsFunction(
        _ tgt: Tensor, _ memory: Tensor, tgtMask: Tensor? = nil, memoryMask: Tensor? = nil,
        tgtKeyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil, tgtIsCausal: Bool = false,
        memoryIsCausal: Bool = false
    ) -> Tensor {
        scope(tgt, memory, tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask) {
            tgt, memory, tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask in
            var x = tgt
            for layer in layers {
                x = layer(
                    x, memory, tgtMask: tgtMask, memoryMask: memoryMask, tgtKeyPaddingMask: tgtKeyPaddingMask,
                    memoryKeyPaddingMask: memoryKeyPaddingMask, tgtIsCausal: tgtIsCausal,
                    memoryIsCausal: memoryIsCausal)
            }
            return norm.map { $0(x) } ?? x
        }
    }
}
