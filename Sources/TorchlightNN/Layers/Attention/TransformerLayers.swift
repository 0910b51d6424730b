import TorchlightCore

/// What stands between the two linear layers of a transformer's layer.
public enum TransformerActivation: String, Sendable, Hashable {
    case relu, gelu
    func callAsFunction(_ x: Tensor) -> Tensor { self == .relu ? x.relu() : x.gelu() }
}

/// Self-attention and two linear layers, each with a residual connection (Vaswani et al. 2017).
///
/// Shapes: `[S, N, E] -> [S, N, E]`, with `batchFirst` the batch first, or without a batch.
public final class TransformerEncoderLayer: Module, Layer {
    /// The attention of the sequence to itself.
    @Key public var selfAttn: MultiheadAttention
    /// From the model's width to that between.
    public let linear1: Linear
    /// Between the two.
    public let dropout: Dropout
    /// Back to the model's width.
    public let linear2: Linear
    /// Of the attention.
    public let norm1: LayerNorm
    /// Of the linear layers.
    public let norm2: LayerNorm
    /// Behind the attention.
    public let dropout1: Dropout
    /// Behind the linear layers.
    public let dropout2: Dropout
    /// What stands between the linear layers.
    public let activation: TransformerActivation
    /// Whether the normalisation stands before each part, or behind the sum.
    public let normFirst: Bool
    private let remake: @Sendable () -> TransformerEncoderLayer

    /// A layer of this size.
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

    /// A layer of the same settings and values, with weights of its own.
    func copy() -> TransformerEncoderLayer { copied(remake()) }

    /// The output without masks.
    public func forward(_ x: Tensor) -> Tensor { run(x, nil, nil, false) }

    /// The output; masks are those of ``MultiheadAttention``.
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

/// Self-attention, attention to the encoder's output, and two linear layers, each with a residual connection (Vaswani et al.
/// 2017).
///
/// Shapes: target `[T, N, E]` and memory `[S, N, E] -> [T, N, E]`, with `batchFirst` the batch first, or without a batch.
public final class TransformerDecoderLayer: Module {
    /// The attention of the target to itself.
    @Key public var selfAttn: MultiheadAttention
    /// The attention of the target to the memory.
    @Key public var multiheadAttn: MultiheadAttention
    /// From the model's width to that between.
    public let linear1: Linear
    /// Between the two.
    public let dropout: Dropout
    /// Back to the model's width.
    public let linear2: Linear
    /// Of the self-attention.
    public let norm1: LayerNorm
    /// Of the attention to the memory.
    public let norm2: LayerNorm
    /// Of the linear layers.
    public let norm3: LayerNorm
    /// Behind the self-attention.
    public let dropout1: Dropout
    /// Behind the attention to the memory.
    public let dropout2: Dropout
    /// Behind the linear layers.
    public let dropout3: Dropout
    /// What stands between the linear layers.
    public let activation: TransformerActivation
    /// Whether the normalisation stands before each part, or behind the sum.
    public let normFirst: Bool
    private let remake: @Sendable () -> TransformerDecoderLayer

    /// A layer of this size.
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

    /// A layer of the same settings and values, with weights of its own.
    func copy() -> TransformerDecoderLayer { copied(remake()) }

    /// The output; masks are those of ``MultiheadAttention``.
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
    /// The values of this module's parameters and buffers in another one of the same settings, and its mode.
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
