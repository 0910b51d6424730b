import TorchlightCore

/// The sum, mean or maximum of vectors of a table, looked up by number, for each bag of numbers.
///
/// Shapes: integers `[B, n]`, or `[total]` with offsets `[B] -> [B, dim]`; the weight is `[count, dim]`, normal with
/// deviation 1 at the start.
public final class EmbeddingBag: Module {
    /// The number of vectors.
    public let numEmbeddings: Int
    /// The elements of each.
    public let embeddingDim: Int
    /// The reduction over the vectors of a bag.
    public let mode: EmbeddingBagMode
    /// The norm to which vectors are scaled down when they are used, if any.
    public let maxNorm: Double?
    /// The power of that norm.
    public let normType: Double
    /// Whether gradients are divided by how often a vector is named.
    public let scaleGradByFreq: Bool
    /// Whether the last offset is the end of the last bag.
    public let includeLastOffset: Bool
    /// The vector that takes no part, if there is one.
    public let paddingIdx: Int?
    /// `[count, dim]`.
    public var weight: Tensor

    /// A table of this size. A negative padding index counts from the end.
    public init(
        _ count: Int, _ dim: Int, maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq: Bool = false,
        mode: EmbeddingBagMode = .mean, includeLastOffset: Bool = false, paddingIndex: Int? = nil,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        numEmbeddings = count
        embeddingDim = dim
        self.mode = mode
        self.maxNorm = maxNorm
        self.normType = normType
        self.scaleGradByFreq = scaleGradByFreq
        self.includeLastOffset = includeLastOffset
        paddingIdx = Embedding.checkedPadding(paddingIndex, count, "EmbeddingBag")
        let table = Tensor.empty([count, dim], dtype: dtype, device: device)
        Initializers.normal_(table, generator: generator)
        if let padding = paddingIdx { table.select(0, padding).zero_() }
        weight = Parameter(table)
        super.init()
    }

    /// A table of this size, with the label that `embeddingBag` has for the padding index.
    public convenience init(
        _ count: Int, _ dim: Int, maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq: Bool = false,
        mode: EmbeddingBagMode = .mean, includeLastOffset: Bool = false, paddingIdx: Int?, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            count, dim, maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq, mode: mode,
            includeLastOffset: includeLastOffset, paddingIndex: paddingIdx, dtype: dtype, device: device,
            generator: generator)
    }

    /// The number of vectors; the same as ``numEmbeddings``.
    public var count: Int { numEmbeddings }
    /// The elements of each vector; the same as ``embeddingDim``.
    public var dim: Int { embeddingDim }
    /// The vector that takes no part; the same as ``paddingIdx``.
    public var paddingIndex: Int? { paddingIdx }

    /// One vector for each bag.
    ///
    /// - Parameters:
    ///   - offsets: where each bag begins, for numbers in one list.
    ///   - perSampleWeights: a factor for each number; with `sum` only.
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
