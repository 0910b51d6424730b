import TorchlightCore

/// Activation of the feed-forward network of a transformer layer: ReLU or GELU.
public enum TransformerActivation: String, Sendable, Hashable {
    case relu, gelu
    func callAsFunction(_ x: Tensor) -> Tensor { self == .relu ? x.relu() : x.gelu() }
}

/// Encoder layer: self-attention and a feed-forward network, each with a residual connection and layer normalisation (Vaswani
/// et al., 2017).
///
///     x = norm1(x + dropout1(selfAttn(x, x, x)))
///     x = norm2(x + dropout2(linear2(dropout(activation(linear1(x))))))
///
/// With `normFirst`, layer normalisation is applied to the inputs instead: `x = x + dropout1(selfAttn(norm1(x)))` and
/// `x = x + feedForward(norm2(x))`. Shapes: `[S, N, E] -> [S, N, E]`, or `[N, S, E]` with `batchFirst`, or `[S, E]`.
///
///     let layer = TransformerEncoderLayer(512, 8, batchFirst: true)
///     let y = layer(x)  // [N, S, 512] -> [N, S, 512]
public final class TransformerEncoderLayer: Module, Layer {
    /// The self-attention.
    @Key public var selfAttn: MultiheadAttention
    /// The first linear layer of the feed-forward network, `[*, dModel] -> [*, dimFeedforward]`.
    public let linear1: Linear
    /// The dropout after the activation of the feed-forward network.
    public let dropout: Dropout
    /// The second linear layer of the feed-forward network, `[*, dimFeedforward] -> [*, dModel]`.
    public let linear2: Linear
    /// The layer normalisation of the self-attention.
    public let norm1: LayerNorm
    /// The layer normalisation of the feed-forward network.
    public let norm2: LayerNorm
    /// The dropout after the self-attention.
    public let dropout1: Dropout
    /// The dropout after the feed-forward network.
    public let dropout2: Dropout
    /// Activation of the feed-forward network. Default: `.relu`.
    public let activation: TransformerActivation
    /// Whether layer normalisation is applied before self-attention and feed-forward network (pre-norm) instead of after the
    /// residual connection (post-norm). Default: false.
    public let normFirst: Bool
    private let remake: @Sendable () -> TransformerEncoderLayer

    /// Creates an encoder layer.
    ///
    /// - Parameters:
    ///   - dModel: The number of features E of input and output.
    ///   - nhead: The number of attention heads; it must divide `dModel`.
    ///   - dimFeedforward: The number of hidden features of the feed-forward network. Default: 2048.
    ///   - dropout: The dropout probability, also of the attention weights. Default: 0.1.
    ///   - activation: The activation of the feed-forward network. Default: `.relu`.
    ///   - layerNormEps: The eps of the layer normalisations. Default: 1e-5.
    ///   - batchFirst: Whether input and output are `[N, S, E]` instead of `[S, N, E]`. Default: false.
    ///   - normFirst: Whether layer normalisation is applied before self-attention and feed-forward network. Default: false.
    ///   - bias: Whether linear layers and layer normalisations have biases. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ dModel: Int, _ nhead: Int, dimFeedforward: Int = 2048, dropout: Double = 0.1,
        activation: TransformerActivation = .relu, layerNormEps: Double = 1e-5, batchFirst: Bool = false,
        normFirst: Bool = false, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        let attention = MultiheadAttention(
            dModel, nhead, dropout: dropout, bias: bias, batchFirst: batchFirst, dtype: dtype, device: device,
            generator: generator)
        _selfAttn = Key(wrappedValue: attention, "self_attn")
        linear1 = Linear(dModel, dimFeedforward, bias: bias, dtype: dtype, device: device, generator: generator)
        linear2 = Linear(dimFeedforward, dModel, bias: bias, dtype: dtype, device: device, generator: generator)
        norm1 = LayerNorm(dModel, eps: layerNormEps, bias: bias, dtype: dtype, device: device)
        norm2 = LayerNorm(dModel, eps: layerNormEps, bias: bias, dtype: dtype, device: device)
        self.dropout = Dropout(dropout)
        dropout1 = Dropout(dropout)
        dropout2 = Dropout(dropout)
        self.activation = activation
        self.normFirst = normFirst
        remake = {
            TransformerEncoderLayer(
                dModel, nhead, dimFeedforward: dimFeedforward, dropout: dropout, activation: activation,
                layerNormEps: layerNormEps, batchFirst: batchFirst, normFirst: normFirst, bias: bias, dtype: dtype,
                device: device)
        }
        super.init()
    }

    /// A copy of the layer, with its own parameters.
    func copy() -> TransformerEncoderLayer { copied(remake()) }

    /// Returns the output without masks.
    public func forward(_ x: Tensor) -> Tensor { run(x, nil, nil, false) }

    /// Returns the output with masks.
    ///
    /// - Parameters:
    ///   - src: The input, `[S, N, E]`, or `[N, S, E]` with `batchFirst`, or `[S, E]`.
    ///   - srcMask: The mask of the self-attention, `[S, S]` or `[N · nhead, S, S]`; see ``MultiheadAttention``.
    ///   - srcKeyPaddingMask: The padding mask of the input, `[N, S]`. Default: none.
    ///   - isCausal: Whether the self-attention is causal. Default: false.
    public func callAsFunction(
        _ src: Tensor, srcMask: Tensor?, srcKeyPaddingMask: Tensor? = nil, isCausal: Bool = false
    ) -> Tensor {
        scope(src, srcMask, srcKeyPaddingMask) { src, srcMask, srcKeyPaddingMask in
            run(src, srcMask, srcKeyPaddingMask, isCausal)
        }
    }

    private func run(_ x: Tensor, _ mask: Tensor?, _ padding: Tensor?, _ isCausal: Bool) -> Tensor {
        func attend(_ x: Tensor) -> Tensor {
            dropout1(
                selfAttn(
                    x, x, x, keyPaddingMask: padding, needWeights: false, attnMask: mask, isCausal: isCausal
                ).output)
        }
        func feed(_ x: Tensor) -> Tensor { dropout2(linear2(dropout(activation(linear1(x))))) }
        if normFirst {
            let x = x + attend(norm1(x))
            return x + feed(norm2(x))
        }
        let x = norm1(x + attend(x))
        return norm2(x + feed(x))
    }
}

/// Decoder layer: self-attention, cross-attention to the output of the encoder and a feed-forward network, each with a
/// residual connection and layer normalisation (Vaswani et al., 2017).
///
///     x = norm1(x + dropout1(selfAttn(x, x, x)))
///     x = norm2(x + dropout2(multiheadAttn(x, memory, memory)))
///     x = norm3(x + dropout3(linear2(dropout(activation(linear1(x))))))
///
/// With `normFirst`, layer normalisation is applied to the inputs of the three parts instead. Shapes: target `[T, N, E]` and
/// memory `[S, N, E] -> [T, N, E]`, or `[N, T, E]` and so on with `batchFirst`, or all without N.
public final class TransformerDecoderLayer: Module {
    /// The self-attention.
    @Key public var selfAttn: MultiheadAttention
    /// The cross-attention, with queries from the target and keys and values from the memory.
    @Key public var multiheadAttn: MultiheadAttention
    /// The first linear layer of the feed-forward network, `[*, dModel] -> [*, dimFeedforward]`.
    public let linear1: Linear
    /// The dropout after the activation of the feed-forward network.
    public let dropout: Dropout
    /// The second linear layer of the feed-forward network, `[*, dimFeedforward] -> [*, dModel]`.
    public let linear2: Linear
    /// The layer normalisation of the self-attention.
    public let norm1: LayerNorm
    /// The layer normalisation of the cross-attention.
    public let norm2: LayerNorm
    /// The layer normalisation of the feed-forward network.
    public let norm3: LayerNorm
    /// The dropout after the self-attention.
    public let dropout1: Dropout
    /// The dropout after the cross-attention.
    public let dropout2: Dropout
    /// The dropout after the feed-forward network.
    public let dropout3: Dropout
    /// Activation of the feed-forward network. Default: `.relu`.
    public let activation: TransformerActivation
    /// Whether layer normalisation is applied before attention and feed-forward network (pre-norm) instead of after the
    /// residual connection (post-norm). Default: false.
    public let normFirst: Bool
    private let remake: @Sendable () -> TransformerDecoderLayer

    /// Creates a decoder layer.
    ///
    /// - Parameters:
    ///   - dModel: The number of features E of target, memory and output.
    ///   - nhead: The number of attention heads; it must divide `dModel`.
    ///   - dimFeedforward: The number of hidden features of the feed-forward network. Default: 2048.
    ///   - dropout: The dropout probability, also of the attention weights. Default: 0.1.
    ///   - activation: The activation of the feed-forward network. Default: `.relu`.
    ///   - layerNormEps: The eps of the layer normalisations. Default: 1e-5.
    ///   - batchFirst: Whether inputs and output are `[N, T, E]` instead of `[T, N, E]`. Default: false.
    ///   - normFirst: Whether layer normalisation is applied before attention and feed-forward network. Default: false.
    ///   - bias: Whether linear layers and layer normalisations have biases. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ dModel: Int, _ nhead: Int, dimFeedforward: Int = 2048, dropout: Double = 0.1,
        activation: TransformerActivation = .relu, layerNormEps: Double = 1e-5, batchFirst: Bool = false,
        normFirst: Bool = false, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        func attention() -> MultiheadAttention {
            MultiheadAttention(
                dModel, nhead, dropout: dropout, bias: bias, batchFirst: batchFirst, dtype: dtype, device: device,
                generator: generator)
        }
        func norm() -> LayerNorm { LayerNorm(dModel, eps: layerNormEps, bias: bias, dtype: dtype, device: device) }
        _selfAttn = Key(wrappedValue: attention(), "self_attn")
        _multiheadAttn = Key(wrappedValue: attention(), "multihead_attn")
        linear1 = Linear(dModel, dimFeedforward, bias: bias, dtype: dtype, device: device, generator: generator)
        linear2 = Linear(dimFeedforward, dModel, bias: bias, dtype: dtype, device: device, generator: generator)
        (norm1, norm2, norm3) = (norm(), norm(), norm())
        self.dropout = Dropout(dropout)
        (dropout1, dropout2, dropout3) = (Dropout(dropout), Dropout(dropout), Dropout(dropout))
        self.activation = activation
        self.normFirst = normFirst
        remake = {
            TransformerDecoderLayer(
                dModel, nhead, dimFeedforward: dimFeedforward, dropout: dropout, activation: activation,
                layerNormEps: layerNormEps, batchFirst: batchFirst, normFirst: normFirst, bias: bias, dtype: dtype,
                device: device)
        }
        super.init()
    }

    /// A copy of the layer, with its own parameters.
    func copy() -> TransformerDecoderLayer { copied(remake()) }

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
            func attendToTarget(_ x: Tensor) -> Tensor {
                dropout1(
                    selfAttn(
                        x, x, x, keyPaddingMask: tgtKeyPaddingMask, needWeights: false, attnMask: tgtMask,
                        isCausal: tgtIsCausal
                    ).output)
            }
            func attendToMemory(_ x: Tensor) -> Tensor {
                dropout2(
                    multiheadAttn(
                        x, memory, memory, keyPaddingMask: memoryKeyPaddingMask, needWeights: false,
                        attnMask: memoryMask, isCausal: memoryIsCausal
                    ).output)
            }
            func feedForward(_ x: Tensor) -> Tensor { dropout3(linear2(dropout(activation(linear1(x))))) }
            var x = tgt
            if normFirst {
                x = x + attendToTarget(norm1(x))
                x = x + attendToMemory(norm2(x))
                return x + feedForward(norm3(x))
            }
            x = norm1(x + attendToTarget(x))
            x = norm2(x + attendToMemory(x))
            return norm3(x + feedForward(x))
        }
    }
}

extension Module {
    /// Copies the parameters and the mode of this module into another module with the same settings, and returns it.
    fileprivate func copied<M: Module>(_ other: M) -> M {
        noGrad {
            for (to, from) in zip(other.parameters(), parameters()) {
                if to.dtype != from.dtype { to.adopt(from.clone()) } else { to.copy_(from) }
                if !from.requiresGrad { to.requiresGrad_(false) }
            }
        }
        return other.train(isTraining)
    }
}
