import TorchlightCore

/// Multi-head attention (Vaswani et al., 2017): `Concat(head_1, ..., head_h) W_oᵀ + b_o`, where each head is
/// `softmax(Q Kᵀ / √(E/h) + mask) V`, with learnable projections Q, K and V of query, key and value.
///
///     let attention = MultiheadAttention(512, 8, batchFirst: true)
///     let (output, weights) = attention(x, x, x)      // [N, L, 512] and [N, L, L]
///
/// Shapes, for N sequences, L queries, S keys and embedding dimension E: query `[L, N, E]`, key `[S, N, kdim]`, value
/// `[S, N, vdim]`, or `[N, L, E]` and so on with `batchFirst`, or all without N; output `[L, N, E]` or `[N, L, E]`; attention
/// weights `[N, L, S]`, or `[N, numHeads, L, S]` if they are not averaged.
///
/// Learnable parameters: `in_proj_weight` `[3 E, E]`, or `q_proj_weight` `[E, E]`, `k_proj_weight` `[E, kdim]` and
/// `v_proj_weight` `[E, vdim]` if kdim or vdim is not E, initialised with `Initializers.xavierUniform_`; `in_proj_bias`
/// `[3 E]` and `out_proj.bias` `[E]`, initialised to zeros; `out_proj.weight` `[E, E]`, initialised as in ``Linear``; and
/// with `addBiasKV` `bias_k` and `bias_v` `[1, 1, E]`, initialised from a normal distribution.
public final class MultiheadAttention: Module {
    /// The embedding dimension E: the number of features of query and output.
    public let embedDim: Int
    /// The number of heads; it must divide the embedding dimension.
    public let numHeads: Int
    /// The dropout probability of the attention weights in training mode. Default: 0.
    public let dropout: Double
    /// Whether the batch dimension of query, key, value and output is the first dimension. Default: false.
    public let batchFirst: Bool
    /// Whether a key and a value of zeros are appended to the keys and values of every sequence. Default: false.
    public let addZeroAttn: Bool
    /// The projection weights of query, key and value, concatenated, `[3 E, E]`; nil if kdim or vdim is not E.
    @Key("in_proj_weight") public var inProjWeight: Tensor? = nil
    /// The projection weight of the query, `[E, E]`; nil if `inProjWeight` is used.
    @Key("q_proj_weight") public var qProjWeight: Tensor? = nil
    /// The projection weight of the key, `[E, kdim]`; nil if `inProjWeight` is used.
    @Key("k_proj_weight") public var kProjWeight: Tensor? = nil
    /// The projection weight of the value, `[E, vdim]`; nil if `inProjWeight` is used.
    @Key("v_proj_weight") public var vProjWeight: Tensor? = nil
    /// The projection biases of query, key and value, concatenated, `[3 E]`; nil if the layer has no biases.
    @Key("in_proj_bias") public var inProjBias: Tensor? = nil
    /// The learnable key that is appended to the keys of every sequence, `[1, 1, E]`; nil without `addBiasKV`.
    @Key("bias_k") public var biasK: Tensor? = nil
    /// The learnable value that is appended to the values of every sequence, `[1, 1, E]`; nil without `addBiasKV`.
    @Key("bias_v") public var biasV: Tensor? = nil
    /// The output projection, applied to the concatenated heads.
    @Key public var outProj: Linear
    /// The generator of the random numbers of dropout; nil for the default generator.
    public var generator: Generator?

    /// Creates a multi-head attention.
    ///
    /// - Parameters:
    ///   - embedDim: The embedding dimension E.
    ///   - numHeads: The number of heads; it must divide E.
    ///   - dropout: The dropout probability of the attention weights. Default: 0.
    ///   - bias: Whether the projections have biases. Default: true.
    ///   - addBiasKV: Whether a learnable key and value are appended to the keys and values. Default: false.
    ///   - addZeroAttn: Whether a key and a value of zeros are appended. Default: false.
    ///   - kdim: The number of features of the key. Default: E.
    ///   - vdim: The number of features of the value. Default: E.
    ///   - batchFirst: Whether inputs and output are `[N, L, *]` instead of `[L, N, *]`. Default: false.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ embedDim: Int, _ numHeads: Int, dropout: Double = 0, bias: Bool = true, addBiasKV: Bool = false,
        addZeroAttn: Bool = false, kdim: Int? = nil, vdim: Int? = nil, batchFirst: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        if numHeads < 1 || embedDim < 1 || embedDim % max(numHeads, 1) != 0 {
            reportFailure(
                TensorError(
                    .value, in: "MultiheadAttention", "the number of heads must divide the embedding dimension",
                    got: "embedDim \(embedDim) and \(quantity(numHeads, "head"))",
                    expected: "an embedDim that is a multiple of numHeads"))
        }
        if !(0...1).contains(dropout) {
            reportFailure(
                TensorError(
                    .value, in: "MultiheadAttention", "the dropout probability must be between 0 and 1",
                    got: "\(dropout)",
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

    /// Returns the attention output and the attention weights.
    ///
    /// - Parameters:
    ///   - query: The queries, `[L, N, E]`, or `[N, L, E]` with `batchFirst`, or `[L, E]`.
    ///   - key: The keys, `[S, N, kdim]`, or `[N, S, kdim]` with `batchFirst`, or `[S, kdim]`.
    ///   - value: The values, `[S, N, vdim]`, or `[N, S, vdim]` with `batchFirst`, or `[S, vdim]`.
    ///   - keyPaddingMask: A mask of the keys, `[N, S]`: bool, where true means that a key is ignored, or floating point, which
    ///     is added to the scores. A tokenizer's attention mask has the opposite meaning: pass `mask .== 0`. Default: none.
    ///   - needWeights: Whether the attention weights are returned. If false, attention is computed in blocks, which is faster
    ///     and needs less memory. Default: true.
    ///   - attnMask: A mask of queries and keys, `[L, S]` or `[N · numHeads, L, S]`: bool, where true means that a key is
    ///     ignored, or floating point, which is added to the scores. Default: none.
    ///   - averageAttnWeights: Whether the attention weights are averaged over the heads. Default: true.
    ///   - isCausal: Whether query i attends only to the keys 0 ... i. Unlike PyTorch, it needs no `attnMask`. If it is the only
    ///     mask and `needWeights` is false, no tensor of the size `[L, S]` is allocated. Default: false.
    /// - Returns: The output, in the shape of the query; and the attention weights, `[N, L, S]` or `[N, numHeads, L, S]`, nil
    ///   if `needWeights` is false.
    ///
    /// A query whose keys are all masked has attention weights of 0, and its output is the bias of `out_proj`.
    public func callAsFunction(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil, needWeights: Bool = true,
        attnMask: Tensor? = nil, averageAttnWeights: Bool = true, isCausal: Bool = false
    ) -> (output: Tensor, weights: Tensor?) {
        scope(query, key, value, keyPaddingMask, attnMask) {
            query, key, value, keyPaddingMask, attnMask in
            // The output projection is not called, so its parametrised weight is computed here.
            outProj.computeParametrized()
            let turns = batchFirst && query.rank == 3 && key.rank == 3 && value.rank == 3
            func ordered(_ x: Tensor) -> Tensor { turns ? x.transpose(0, 1) : x }
            // The same tensor stays the same object: the three projections are then one matrix product.
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
                biasV, addZeroAttn, dropout, outProj.floatWeight, outProj.bias, training: isTraining,
                keyPaddingMask: keyPaddingMask, needWeights: needWeights, attnMask: attnMask, separateWeights: separate,
                averageAttnWeights: averageAttnWeights, isCausal: isCausal, generator: generator ?? .default)
            return (ordered(output), weights)
        }
    }
}
