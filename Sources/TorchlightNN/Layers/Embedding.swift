import TorchlightCore

/// Embedding: a lookup table that returns a learnable vector for each index.
///
///     let embedding = Embedding(1000, 64)
///     let x = embedding(tokens)  // int64 [N, T] -> [N, T, 64]
///
/// Shapes: indices of an integer dtype `[*] -> [*, embeddingDim]`. The weight is `[numEmbeddings, embeddingDim]`, initialised
/// from the standard normal distribution. An index outside `0 ..< numEmbeddings` is an error.
public final class Embedding: Module, Layer, QuantizableLayer {
    /// The number of embeddings.
    public let numEmbeddings: Int
    /// The number of elements of each embedding vector.
    public let embeddingDim: Int
    /// The index of the padding vector, which is initialised to zeros and gets no gradient; nil if there is none.
    public let paddingIdx: Int?
    /// The maximum norm of the vectors; longer vectors are scaled down in the weight, in place, when they are looked up. Nil
    /// for no maximum.
    public let maxNorm: Double?
    /// The order p of the p-norm of ``maxNorm``. Default: 2.
    public let normType: Double
    /// Whether the gradient of each vector is divided by the number of its occurrences in the batch. Default: false.
    public let scaleGradByFreq: Bool
    /// The learnable embedding vectors, `[numEmbeddings, embeddingDim]`; on `Device.meta` while the layer has a
    /// ``quantizedWeight``.
    public var weight: Tensor
    /// The vectors in integers; nil unless ``quantize(_:_:matching:excluding:embeddings:)`` changed the layer.
    @Key("weight") public package(set) var quantizedWeight: QuantizedWeight? = nil

    /// Creates an embedding.
    ///
    /// - Parameters:
    ///   - count: The number of embeddings.
    ///   - dim: The number of elements of each embedding vector.
    ///   - paddingIdx: The index of the padding vector; a negative index counts from the end. Default: none.
    ///   - maxNorm: The maximum norm of the vectors. Default: none.
    ///   - normType: The order p of the p-norm of `maxNorm`. Default: 2.
    ///   - scaleGradByFreq: Whether gradients are divided by the number of occurrences of the index. Default: false.
    ///   - dtype: The dtype of the weight.
    ///   - device: The device of the weight.
    ///   - generator: The generator of the initial weight.
    public init(
        _ count: Int, _ dim: Int, paddingIdx: Int? = nil, maxNorm: Double? = nil, normType: Double = 2,
        scaleGradByFreq: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        numEmbeddings = count
        embeddingDim = dim
        self.paddingIdx = Self.checkedPadding(paddingIdx, count, "Embedding")
        self.maxNorm = maxNorm
        self.normType = normType
        self.scaleGradByFreq = scaleGradByFreq
        let table = Tensor.empty([count, dim], dtype: dtype, device: device)
        Initializers.normal_(table, generator: generator)
        if let padding = self.paddingIdx { table.select(0, padding).zero_() }
        weight = Parameter(table)
        super.init()
    }

    /// Creates an embedding.
    @available(*, deprecated, renamed: "init(_:_:paddingIdx:maxNorm:normType:scaleGradByFreq:dtype:device:generator:)")
    public convenience init(
        _ count: Int, _ dim: Int, paddingIndex: Int?, maxNorm: Double? = nil, normType: Double = 2,
        scaleGradByFreq: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            count, dim, paddingIdx: paddingIndex, maxNorm: maxNorm, normType: normType,
            scaleGradByFreq: scaleGradByFreq, dtype: dtype, device: device, generator: generator)
    }

    /// Same as ``numEmbeddings``.
    @available(*, deprecated, renamed: "numEmbeddings")
    public var count: Int { numEmbeddings }
    /// Same as ``embeddingDim``.
    @available(*, deprecated, renamed: "embeddingDim")
    public var dim: Int { embeddingDim }
    /// Same as ``paddingIdx``.
    @available(*, deprecated, renamed: "paddingIdx")
    public var paddingIndex: Int? { paddingIdx }

    /// Creates an embedding with the given vectors, as `Embedding.from_pretrained` in PyTorch.
    ///
    /// - Parameters:
    ///   - weight: The embedding vectors, `[numEmbeddings, embeddingDim]`.
    ///   - freeze: Whether the weight is frozen, so that it is not trained. Default: true.
    ///   - paddingIdx: The index of the padding vector; its value is not changed. Default: none.
    public convenience init(pretrained weight: Tensor, freeze: Bool = true, paddingIdx: Int? = nil) {
        let shape = weight.rank == 2 ? weight.shape : [0, 0]
        self.init(shape[0], shape[1], paddingIdx: paddingIdx, dtype: weight.dtype, device: weight.device)
        if weight.rank != 2 && !weight.isPlaceholder {
            reportFailure(
                TensorError(
                    .shape, in: "Embedding", "the pretrained weight must have 2 dimensions",
                    expected: "[numEmbeddings, embeddingDim]", operands: [weight]))
        }
        self.weight = Parameter(weight, requiresGrad: !freeze)
    }

    /// Creates an embedding with the given vectors.
    @available(*, deprecated, renamed: "init(pretrained:freeze:paddingIdx:)")
    public convenience init(pretrained weight: Tensor, freeze: Bool = true, paddingIndex: Int?) {
        self.init(pretrained: weight, freeze: freeze, paddingIdx: paddingIndex)
    }

    /// The padding index counted from the start. Reports an error and returns nil if it is out of range.
    static func checkedPadding(_ index: Int?, _ count: Int, _ operation: String) -> Int? {
        guard let index else { return nil }
        let padding = index < 0 ? index +| count : index
        if padding >= 0 && padding < count { return padding }
        reportFailure(
            TensorError(
                .index, in: operation, "paddingIdx is out of range", got: "\(index)",
                expected: "\(0 -| count) ..< \(count)"))
        return nil
    }

    /// Returns the embedding vectors of the indices: `[*] -> [*, embeddingDim]`.
    public func forward(_ x: Tensor) -> Tensor {
        if let quantizedWeight { return refusesTraining() ? x : quantizedWeight.rows(x, dtype: weight.dtype) }
        return embedding(
            x, weight, paddingIdx: paddingIdx, maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq)
    }

    /// Returns the products of hidden states with all vectors, `[*, embeddingDim] -> [*, numEmbeddings]`: an output layer that
    /// shares the weight.
    package func project(_ x: Tensor) -> Tensor {
        if let quantizedWeight { return quantizedOutput(x, quantizedWeight, nil) }
        return linear(x, weight)
    }

    package var isLookup: Bool { true }

    package var quantizationObstacle: String? {
        maxNorm == nil ? nil : "maxNorm changes its vectors when they are looked up"
    }

    override var printedName: String { quantizedWeight == nil ? super.printedName : "QuantizedEmbedding" }

    public override var extraDescription: String {
        var text = "\(numEmbeddings), \(embeddingDim)"
        if let quantizedWeight { text += ", \(quantizedWeight.scheme)" }
        if let paddingIdx { text += ", padding_idx=\(paddingIdx)" }
        if let maxNorm { text += ", max_norm=\(Printed.number(maxNorm))" }
        if normType != 2 { text += ", norm_type=\(Printed.number(normType))" }
        if scaleGradByFreq { text += ", scale_grad_by_freq=True" }
        return text
    }
}
