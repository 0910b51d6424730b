import TorchlightCore

/// Embedding bag: the sum, mean or maximum of the embedding vectors of each bag of indices.
///
///     let bag = EmbeddingBag(1000, 64, mode: .sum)
///     let x = bag(indices)  // int64 [B, n] -> [B, 64]
///
/// Shapes: indices of an integer dtype `[B, n]`, where each row is a bag, or `[total]` with offsets `[B]`; the result is
/// `[B, embeddingDim]`. The result of an empty bag is zeros. The weight is `[numEmbeddings, embeddingDim]`, initialised from
/// the standard normal distribution.
public final class EmbeddingBag: Module {
    /// The number of embeddings.
    public let numEmbeddings: Int
    /// The number of elements of each embedding vector.
    public let embeddingDim: Int
    /// The reduction over the vectors of a bag. Default: `.mean`.
    public let mode: EmbeddingBagMode
    /// The maximum norm of the vectors; longer vectors are scaled down in the weight, in place, when they are looked up. Nil
    /// for no maximum.
    public let maxNorm: Double?
    /// The order p of the p-norm of ``maxNorm``. Default: 2.
    public let normType: Double
    /// Whether the gradient of each vector is divided by the number of its occurrences in the batch. Default: false.
    public let scaleGradByFreq: Bool
    /// Whether the last offset is the end of the last bag instead of the start of another bag. Default: false.
    public let includeLastOffset: Bool
    /// The index of the padding vector, which is initialised to zeros, skipped by the reduction and gets no gradient; nil if
    /// there is none.
    public let paddingIdx: Int?
    /// The learnable embedding vectors, `[numEmbeddings, embeddingDim]`.
    public var weight: Tensor

    /// Creates an embedding bag.
    ///
    /// - Parameters:
    ///   - count: The number of embeddings.
    ///   - dim: The number of elements of each embedding vector.
    ///   - maxNorm: The maximum norm of the vectors. Default: none.
    ///   - normType: The order p of the p-norm of `maxNorm`. Default: 2.
    ///   - scaleGradByFreq: Whether gradients are divided by the number of occurrences of the index. Default: false.
    ///   - mode: The reduction over the vectors of a bag. Default: `.mean`.
    ///   - includeLastOffset: Whether the last offset is the end of the last bag. Default: false.
    ///   - paddingIdx: The index of the padding vector; a negative index counts from the end. Default: none.
    ///   - dtype: The dtype of the weight.
    ///   - device: The device of the weight.
    ///   - generator: The generator of the initial weight.
    public init(
        _ count: Int, _ dim: Int, maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq: Bool = false,
        mode: EmbeddingBagMode = .mean, includeLastOffset: Bool = false, paddingIdx: Int? = nil,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        numEmbeddings = count
        embeddingDim = dim
        self.mode = mode
        self.maxNorm = maxNorm
        self.normType = normType
        self.scaleGradByFreq = scaleGradByFreq
        self.includeLastOffset = includeLastOffset
        self.paddingIdx = Embedding.checkedPadding(paddingIdx, count, "EmbeddingBag")
        let table = Tensor.empty([count, dim], dtype: dtype, device: device)
        Initializers.normal_(table, generator: generator)
        if let padding = self.paddingIdx { table.select(0, padding).zero_() }
        weight = Parameter(table)
        super.init()
    }

    /// Creates an embedding bag.
    @available(*, deprecated, message: "the label is paddingIdx:")
    public convenience init(
        _ count: Int, _ dim: Int, maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq: Bool = false,
        mode: EmbeddingBagMode = .mean, includeLastOffset: Bool = false, paddingIndex: Int?, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            count, dim, maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq, mode: mode,
            includeLastOffset: includeLastOffset, paddingIdx: paddingIndex, dtype: dtype, device: device,
            generator: generator)
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

    /// Returns one vector for each bag, `[B, embeddingDim]`.
    ///
    /// - Parameters:
    ///   - x: The indices: `[B, n]`, or `[total]` with `offsets`.
    ///   - offsets: The start of each bag in `x`, `[B]`, for indices with one dimension.
    ///   - perSampleWeights: A factor for each index, in the shape of `x`; only for `.sum`. Default: none.
    public func callAsFunction(_ x: Tensor, _ offsets: Tensor? = nil, perSampleWeights: Tensor? = nil) -> Tensor {
        scope(x, offsets, perSampleWeights) { x, offsets, perSampleWeights in
            embeddingBag(
                x, weight, offsets: offsets, mode: mode, perSampleWeights: perSampleWeights,
                includeLastOffset: includeLastOffset, paddingIdx: paddingIdx, maxNorm: maxNorm, normType: normType,
                scaleGradByFreq: scaleGradByFreq)
        }
    }

    public override var extraDescription: String {
        var text = "\(numEmbeddings), \(embeddingDim)"
        if let maxNorm { text += ", max_norm=\(Printed.number(maxNorm))" }
        if normType != 2 { text += ", norm_type=\(Printed.number(normType))" }
        if scaleGradByFreq { text += ", scale_grad_by_freq=True" }
        text += ", mode='\(mode.rawValue)'"
        if let paddingIdx { text += ", padding_idx=\(paddingIdx)" }
        return text
    }
}
