import TorchlightCore

/// The sum, mean or maximum of vectors of a table, looked up by number, for each bag of numbers.
///
/// Shapes: integers `[B, n]`, or `[total]` with offsets `[B] -> [B, dim]`; the weight is `[count, dim]`, normal with
/// deviation 1 at the start.
public final class EmbeddingBag: Module {
    /// The number of vectors.
    public let count: Int
    /// The elements of each.
    public let dim: Int
    /// How the vectors of a bag come together.
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
    public let paddingIndex: Int?
    /// `[count, dim]`.
    public var weight: Tensor

    /// A table of this size. A negative padding index counts from the end.
    public init(
        _ count: Int, _ dim: Int, maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq: Bool = false,
        mode: EmbeddingBagMode = .mean, includeLastOffset: Bool = false, paddingIndex: Int? = nil,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.count = count
        self.dim = dim
        self.mode = mode
        self.maxNorm = maxNorm
        self.normType = normType
        self.scaleGradByFreq = scaleGradByFreq
        self.includeLastOffset = includeLastOffset
        self.paddingIndex = Embedding.checkedPadding(paddingIndex, count, "EmbeddingBag")
        let table = Tensor.empty([count, dim], dtype: dtype, device: device)
        Initializers.normal_(table, generator: generator)
        if let padding = self.paddingIndex { table.select(0, padding).zero_() }
        weight = Parameter(table)
        super.init()
    }

    /// One vector for each bag.
    ///
    /// - Parameters:
    ///   - offsets: where each bag begins, for numbers in one list.
    ///   - perSampleWeights: a factor for each number; with `sum` only.
    public func callAsFunction(_ x: Tensor, _ offsets: Tensor? = nil, perSampleWeights: Tensor? = nil) -> Tensor {
        scope(x, offsets, perSampleWeights) { x, offsets, perSampleWeights in
            embeddingBag(
                x, weight, offsets: offsets, mode: mode, perSampleWeights: perSampleWeights,
                includeLastOffset: includeLastOffset, paddingIdx: paddingIndex, maxNorm: maxNorm, normType: normType,
                scaleGradByFreq: scaleGradByFreq)
        }
    }

    public override var extraDescription: String {
        var text = "\(count), \(dim)"
        if let maxNorm { text += ", max_norm=\(Printed.number(maxNorm))" }
        if normType != 2 { text += ", norm_type=\(Printed.number(normType))" }
        if scaleGradByFreq { text += ", scale_grad_by_freq=True" }
        text += ", mode='\(mode.rawValue)'"
        if let paddingIndex { text += ", padding_idx=\(paddingIndex)" }
        return text
    }
}
