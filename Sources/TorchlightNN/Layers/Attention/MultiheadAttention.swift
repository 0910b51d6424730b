import TorchlightCore

/// Attention in several heads, each of its own projections of queries, keys and values (Vaswani et al. 2017).
///
///     let attention = MultiheadAttention(512, 8, batchFirst: true)
///     let (output, weights) = attention(x, x, x)      // [N, L, 512] and [N, L, L]
///
/// Shapes: query `[L, N, E]`, key `[S, N, kdim]`, value `[S, N, vdim]`, with `batchFirst` the batch first, or all without
/// a batch `-> [L, N, E]` and the weights `[N, L, S]`. Weights are `in_proj_weight [3 E, E]`, or `q_proj_weight`,
/// `k_proj_weight` and `v_proj_weight` where keys or values have another width, `in_proj_bias [3 E]`, `bias_k` and `bias_v
/// [1, 1, E]` and `out_proj`.
public final class MultiheadAttention: Module {
    /// Elements of a query and of the output.
    public let embedDim: Int
    /// The number of heads.
    public let numHeads: Int
    /// The probability that a weight is dropped in training.
    public let dropout: Double
    /// Whether the batch is the first dimension.
    public let batchFirst: Bool
    /// Whether a key and a value of zeros are added to every sequence.
    public let addZeroAttn: Bool
    /// The projections of query, key and value below one another; nil where keys or values have another width.
    @Key("in_proj_weight") public var inProjWeight: Tensor? = nil
    /// The projection of the query alone.
    @Key("q_proj_weight") public var qProjWeight: Tensor? = nil
    /// The projection of the key alone.
    @Key("k_proj_weight") public var kProjWeight: Tensor? = nil
    /// The projection of the value alone.
    @Key("v_proj_weight") public var vProjWeight: Tensor? = nil
    /// The shifts of the three projections, or nil.
    @Key("in_proj_bias") public var inProjBias: Tensor? = nil
    /// A key that is added to every sequence, or nil.
    @Key("bias_k") public var biasK: Tensor? = nil
    /// The value that goes with it, or nil.
    @Key("bias_v") public var biasV: Tensor? = nil
    /// What brings the heads together.
    @Key public var outProj: Linear
    /// Where the random numbers of the dropout come from; the default generator where none is given.
    public var generator: Generator?

    /// Attention of this width in so many heads, which must divide it.
    public init(
        _ embedDim: Int, _ numHeads: Int, dropout: Double = 0, bias: Bool = true, addBiasKV: Bool = false,
        addZeroAttn: Bool = false, kdim: Int? = nil, vdim: Int? = nil, batchFirst: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        if numHeads < 1 || embedDim < 1 || embedDim % max(numHeads, 1) != 0 {
            reportFailure(
                TensorError(
                    .value, in: "MultiheadAttention", "the heads do not divide the width",
                    got: "\(embedDim) elements in \(numHeads) heads", expected: "a multiple of the number of heads"))
        }
        if !(0...1).contains(dropout) {
            reportFailure(
                TensorError(
                    .value, in: "MultiheadAttention", "the probability lies outside [0, 1]", got: "\(dropout)",
                    expected: "a number from 0 to 1"))
        }
        self.embedDim = embedDim
        self.numHeads = numHeads
        self.dropout = dropout
        self.batchFirst = batchFirst
        self.addZeroAttn = addZeroAttn
        func weight(_ rows: Int, _ columns: Int) -> Tensor {
            let tensor = Tensor.empty([rows, columns], dtype: dtype, device: device)
            return Parameter(Initializers.xavierUniform_(tensor, generator: generator))
        }
        let output = OutputProjection(
            embedDim, embedDim, bias: bias, dtype: dtype, device: device, generator: generator)
        if let bias = output.bias { Initializers.zeros_(bias) }
        _outProj = Key(wrappedValue: output, "out_proj")
        super.init()
        if (kdim ?? embedDim) == embedDim && (vdim ?? embedDim) == embedDim {
            inProjWeight = weight(3 *| embedDim, embedDim)
        } else {
            qProjWeight = weight(embedDim, embedDim)
            kProjWeight = weight(embedDim, kdim ?? embedDim)
            vProjWeight = weight(embedDim, vdim ?? embedDim)
        }
        if bias { inProjBias = Parameter(Tensor.zeros([3 *| embedDim], dtype: dtype, device: device)) }
        if addBiasKV {
            let deviation = (2 / Double(max(embedDim +| embedDim, 1))).squareRoot()
            func row() -> Tensor {
                let tensor = Tensor.empty([1, 1, embedDim], dtype: dtype, device: device)
                return Parameter(Initializers.normal_(tensor, std: deviation, generator: generator))
            }
            biasK = row()
            biasV = row()
        }
    }

    /// What each query finds, and how much of each key is in it.
    ///
    /// - Parameters:
    ///   - keyPaddingMask: `[N, S]`; bool, where true leaves a key out, or floating-point, added to the scores. Tokenizers give
    ///     the opposite: `mask .== 0`.
    ///   - needWeights: whether the weights are returned; without them the attention is computed in blocks.
    ///   - attnMask: `[L, S]` or `[N · heads, L, S]`; true leaves a key out, floating-point numbers are added to the scores.
    ///   - averageAttnWeights: the mean over the heads, else `[N, heads, L, S]`.
    ///   - isCausal: query `i` sees the keys `0 ... i`, besides what the masks leave out. It needs no mask; without one, and
    ///     without padding and weights, nothing of the size `[L, S]` is made.
    ///
    /// A query for which the masks leave no key has weights of 0, and its output is the bias of `out_proj`.
    public func callAsFunction(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil, needWeights: Bool = true,
        attnMask: Tensor? = nil, averageAttnWeights: Bool = true, isCausal: Bool = false
    ) -> (output: Tensor, weights: Tensor?) {
        scope(query, key, value, keyPaddingMask, attnMask) {
            query, key, value, keyPaddingMask, attnMask in
            // The output projection is computed with the attention, not called.
            outProj.computeParametrized()
            let turns = batchFirst && query.rank == 3 && key.rank == 3 && value.rank == 3
            func ordered(_ x: Tensor) -> Tensor { turns ? x.transpose(0, 1) : x }
            // One tensor stays one: its three projections are then one product.
            let q = ordered(query)
            let k = key === query ? q : ordered(key)
            let v = value === key ? k : ordered(value)
            let separate: (Tensor, Tensor, Tensor)?
            if let qProjWeight, let kProjWeight, let vProjWeight {
                separate = (qProjWeight, kProjWeight, vProjWeight)
            } else {
                separate = nil
            }
            let (output, weights) = multiHeadAttentionForward(
                q, k, v, embedDim, numHeads, inProjWeight, inProjBias, biasK,
                biasV, addZeroAttn, dropout, outProj.weight, outProj.bias, training: isTraining,
                keyPaddingMask: keyPaddingMask, needWeights: needWeights, attnMask: attnMask, separateWeights: separate,
                averageAttnWeights: averageAttnWeights, isCausal: isCausal, generator: generator ?? .default)
            return (ordered(output), weights)
        }
    }
}
