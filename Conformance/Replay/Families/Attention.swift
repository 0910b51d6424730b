import Torchlight

extension Registry {
    /// Attention, embeddings, distances and similarities.
    mutating func registerAttention() {
        registerDistances()
        registerEmbeddings()
        register(
            "nn.functional.scaled_dot_product_attention",
            tensor: { call in
                Torchlight.scaledDotProductAttention(
                    try call.tensor(0, "query"), try call.tensor(1, "key"), try call.tensor(2, "value"),
                    attnMask: try call.optionalTensor(3, "attn_mask"),
                    dropoutP: try call.double(4, "dropout_p", default: 0), isCausal: try call.bool(5, "is_causal"),
                    scale: try call.optionalDouble(nil, "scale"), enableGQA: try call.bool(nil, "enable_gqa"))
            })
        register(
            "nn.functional.multi_head_attention_forward",
            answer: { call in
                let separate = try ["q_proj_weight", "k_proj_weight", "v_proj_weight"].map {
                    try call.optionalTensor(nil, $0)
                }
                var separateWeights: (Tensor, Tensor, Tensor)?
                if try call.bool(nil, "use_separate_proj_weight"), let q = separate[0], let k = separate[1],
                    let v = separate[2]
                {
                    separateWeights = (q, k, v)
                }
                let (output, weights) = Torchlight.multiHeadAttentionForward(
                    try call.tensor(0, "query"), try call.tensor(1, "key"), try call.tensor(2, "value"),
                    try call.int(3, "embed_dim_to_check"), try call.int(4, "num_heads"),
                    try call.optionalTensor(5, "in_proj_weight"), try call.optionalTensor(6, "in_proj_bias"),
                    try call.optionalTensor(7, "bias_k"), try call.optionalTensor(8, "bias_v"),
                    try call.bool(9, "add_zero_attn"), try call.double(10, "dropout_p", default: 0),
                    try call.tensor(11, "out_proj_weight"), try call.optionalTensor(12, "out_proj_bias"),
                    training: try call.bool(13, "training", default: true),
                    keyPaddingMask: try call.optionalTensor(14, "key_padding_mask"),
                    needWeights: try call.bool(15, "need_weights", default: true),
                    attnMask: try call.optionalTensor(16, "attn_mask"),
                    separateWeights: separateWeights,
                    averageAttnWeights: try call.bool(nil, "average_attn_weights", default: true),
                    isCausal: try call.bool(nil, "is_causal"))
                return .list([.tensor(output), weights.map { .tensor($0) } ?? .nothing])
            })
    }

    private mutating func registerDistances() {
        register(
            "cdist",
            tensor: { call in
                // Whether products of matrices find Euclidean distances decides about speed only.
                _ = try call.optionalString(3, "compute_mode")
                return Torchlight.cdist(
                    try call.tensor(0, "x1"), try call.tensor(1, "x2"), p: try call.double(2, "p", default: 2))
            })
        register(
            "nn.functional.pdist", "pdist",
            tensor: { call in Torchlight.pdist(try call.tensor(0), p: try call.double(1, "p", default: 2)) })
        register(
            "nn.functional.cosine_similarity", "cosine_similarity",
            tensor: { call in
                Torchlight.cosineSimilarity(
                    try call.tensor(0, "x1"), try call.tensor(1, "x2"), dim: try call.int(2, "dim", default: 1),
                    eps: try call.double(3, "eps", default: 1e-8))
            })
        register(
            "nn.functional.pairwise_distance", "pairwise_distance",
            tensor: { call in
                Torchlight.pairwiseDistance(
                    try call.tensor(0, "x1"), try call.tensor(1, "x2"), p: try call.double(2, "p", default: 2),
                    eps: try call.double(3, "eps", default: 1e-6), keepdim: try call.bool(4, "keepdim"))
            })
    }

    private mutating func registerEmbeddings() {
        register(
            "nn.functional.one_hot",
            tensor: { call in
                // −1 asks for as many classes as the labels show.
                let classes = try call.int(1, "num_classes", default: -1)
                return Torchlight.oneHot(try call.tensor(0), numClasses: classes == -1 ? nil : classes)
            })
        register(
            "nn.functional.embedding",
            tensor: { call in
                // A sparse gradient holds the same numbers in another layout; here there is one layout.
                _ = try call.bool(6, "sparse")
                return Torchlight.embedding(
                    try call.tensor(0), try call.tensor(1, "weight"),
                    paddingIdx: try call.optionalInt(2, "padding_idx"),
                    maxNorm: try call.optionalDouble(3, "max_norm"),
                    normType: try call.double(4, "norm_type", default: 2),
                    scaleGradByFreq: try call.bool(5, "scale_grad_by_freq"))
            })
        register(
            "nn.functional.embedding_bag",
            tensor: { call in
                _ = try call.bool(7, "sparse")
                return Torchlight.embeddingBag(
                    try call.tensor(0), try call.tensor(1, "weight"), offsets: try call.optionalTensor(2, "offsets"),
                    mode: try call.choice(6, "mode") ?? .mean,
                    perSampleWeights: try call.optionalTensor(8, "per_sample_weights"),
                    includeLastOffset: try call.bool(9, "include_last_offset"),
                    paddingIdx: try call.optionalInt(10, "padding_idx"),
                    maxNorm: try call.optionalDouble(3, "max_norm"),
                    normType: try call.double(4, "norm_type", default: 2),
                    scaleGradByFreq: try call.bool(5, "scale_grad_by_freq"))
            })
    }
}
