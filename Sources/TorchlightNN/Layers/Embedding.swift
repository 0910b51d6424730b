import TorchlightCore

/// A table of vectors that is looked up by number.
///
/// Shapes: integers `[*] -> [*, dim]`; the weight is `[count, dim]`, normal with deviation 1 at the start.
public final class Embedding: Module, Layer {
    /// The number of vectors.
    public let numEmbeddings: Int
    /// The elements of each.
    public let embeddingDim: Int
    /// The vector that gets no gradient and starts at zero, if there is one.
    public let paddingIdx: Int?
    /// The norm to which vectors are scaled down when they are used, if any.
    public let maxNorm: Double?
    /// The power of that norm.
    public let normType: Double
    /// Whether gradients are divided by how often a vector is named.
    public let scaleGradByFreq: Bool
    /// `[count, dim]`.
    public var weight: Tensor

    /// A table of this size. A negative padding index counts from the end.
    public init(
        _ count: Int, _ dim: Int, paddingIndex: Int? = nil, maxNorm: Double? = nil, normType: Double = 2,
        scaleGradByFreq: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        numEmbeddings = count
        embeddingDim = dim
        paddingIdx = Self.checkedPadding(paddingIndex, count, "Embedding")
        self.maxNorm = maxNorm
        self.normType = normType
        self.scaleGradByFreq = scaleGradByFreq
        let table = Tensor.empty([count, dim], dtype: dtype, device: device)
        Initializers.normal_(table, generator: generator)
        if let padding = paddingIdx { table.select(0, padding).zero_() }
        weight = Parameter(table)
        super.init()
    }

    /// A table of this size, with the label that `embedding` has for the padding index.
    public convenience init(
        _ count: Int, _ dim: Int, paddingIdx: Int?, maxNorm: Double? = nil, normType: Double = 2,
        scaleGradByFreq: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            count, dim, paddingIndex: paddingIdx, maxNorm: maxNorm, normType: normType,
            scaleGradByFreq: scaleGradByFreq, dtype: dtype, device: device, generator: generator)
    }

    /// The number of vectors; the same as ``numEmbeddings``.
    public var count: Int { numEmbeddings }
    /// The elements of each vector; the same as ``embeddingDim``.
    public var dim: Int { embeddingDim }
    /// The vector that gets no gradient; the same as ``paddingIdx``.
    public var paddingIndex: Int? { paddingIdx }

    /// A table of given vectors, frozen unless told otherwise.
    public convenience init(pretrained weight: Tensor, freeze: Bool = true, paddingIndex: Int? = nil) {
        let shape = weight.rank == 2 ? weight.shape : [0, 0]
        self.init(shape[0], shape[1], paddingIndex: paddingIndex, dtype: weight.dtype, device: weight.device)
        if weight.rank != 2 && !weight.isPlaceholder {
            reportFailure(
                TensorError(
                    .shape, in: "Embedding", "the table is not a matrix", expected: "[count, dim]", operands: [weight]))
        }
        self.weight = Parameter(weight, requiresGrad: !freeze)
    }

    /// A padding index counted from the front, or nil where it lies outside the table, which is reported.
    static func checkedPadding(_ index: Int?, _ count: Int, _ operation: String) -> Int? {
        guard let index else { return nil }
        let padding = index < 0 ? index +| count : index
        if padding >= 0 && padding < count { return padding }
        reportFailure(
            TensorError(
                .index, in: operation, "paddingIndex is out of range", got: "\(index)",
                expected: "\(0 -| count) ..< \(count)"))
        return nil
    }

    /// The vectors of these numbers.
    public func forward(_ x: Tensor) -> Tensor {
        embedding(
            x, weight, paddingIdx: paddingIdx, maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq)
    }

    public override var extraDescription: String {
        var text = "\(numEmbeddings), \(embeddingDim)"
        if let paddingIdx { text += ", padding_idx=\(paddingIdx)" }
        if let maxNorm { text += ", max_norm=\(Printed.number(maxNorm))" }
        if normType != 2 { text += ", norm_type=\(Printed.number(normType))" }
        if scaleGradByFreq { text += ", scale_grad_by_freq=True" }
        return text
    }
}
