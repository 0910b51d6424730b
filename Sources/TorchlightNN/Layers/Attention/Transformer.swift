import TorchlightCore

/// An encoder and a decoder (Vaswani et al. 2017): the decoder attends to itself and to what the encoder made.
///
/// Shapes: source `[S, N, E]` and target `[T, N, E] -> [T, N, E]`, with `batchFirst` the batch first, or all without a
/// batch. Masks are those of ``MultiheadAttention``.
public final class Transformer: Module {
    /// The stack over the source.
    public let encoder: TransformerEncoder
    /// The stack over the target.
    public let decoder: TransformerDecoder
    /// Elements of a position.
    public let dModel: Int
    /// The number of heads.
    public let nhead: Int
    /// Whether the batch is the first dimension.
    public let batchFirst: Bool

    /// Stacks of this size.
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

    /// The decoder's output for each position of the target. Masks and causality are those of ``MultiheadAttention``.
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
                        .shape, in: "Transformer", "source and target do not fit the model",
                        expected: "[S, N, \(dModel)] and [T, N, \(dModel)]", operands: [src, tgt]), like: tgt)
            }
            let memory = encoder(src, mask: srcMask, srcKeyPaddingMask: srcKeyPaddingMask, isCausal: srcIsCausal)
            return decoder(
                tgt, memory, tgtMask: tgtMask, memoryMask: memoryMask, tgtKeyPaddingMask: tgtKeyPaddingMask,
                memoryKeyPaddingMask: memoryKeyPaddingMask, tgtIsCausal: tgtIsCausal, memoryIsCausal: memoryIsCausal)
        }
    }

    /// The causal mask, by which position `i` attends to the positions `0 ... i`: `[size, size]` of 0 and −∞.
    public static func generateSquareSubsequentMask(_ size: Int, dtype: DType = .default, device: Device = .current)
        -> Tensor
    {
        Tensor.full([size, size], -Double.infinity, dtype: dtype, device: device).triu(1)
    }
}

/// Layers of an encoder one after another, and a normalisation behind them if wanted.
public final class TransformerEncoder: Module, Layer {
    /// The layers.
    public let layers: [TransformerEncoderLayer]
    /// What stands behind them.
    public let norm: LayerNorm?

    /// These layers.
    public init(layers: [TransformerEncoderLayer], norm: LayerNorm? = nil) {
        self.layers = layers
        self.norm = norm
        super.init()
    }

    /// So many layers with the settings and values of one, each with weights of its own.
    public convenience init(_ layer: TransformerEncoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
        self.init(
            layers: (0..<checkedLayerCount(numLayers, in: "TransformerEncoder")).map { _ in layer.copy() }, norm: norm)
    }

    /// The output without masks.
    public func forward(_ x: Tensor) -> Tensor { run(x, nil, nil, false) }

    /// The output; masks are those of ``MultiheadAttention``.
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

/// Layers of a decoder one after another, and a normalisation behind them if wanted.
public final class TransformerDecoder: Module {
    /// The layers.
    public let layers: [TransformerDecoderLayer]
    /// What stands behind them.
    public let norm: LayerNorm?

    /// These layers.
    public init(layers: [TransformerDecoderLayer], norm: LayerNorm? = nil) {
        self.layers = layers
        self.norm = norm
        super.init()
    }

    /// So many layers with the settings and values of one, each with weights of its own.
    public convenience init(_ layer: TransformerDecoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
        self.init(
            layers: (0..<checkedLayerCount(numLayers, in: "TransformerDecoder")).map { _ in layer.copy() }, norm: norm)
    }

    /// The output; masks are those of ``MultiheadAttention``.
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
