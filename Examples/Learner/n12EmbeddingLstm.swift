import Torchlight

/// Embedding, LSTM and attention shapes.
func n12EmbeddingLstm() {
    let e = Embedding(10, 3, paddingIdx: 0)
    print(e(Tensor([[0, 2, 5]])).shape, e.weight[0])
    let r = LSTM(3, 7, numLayers: 2, batchFirst: true)
    let (out, (h, c)) = r(Tensor.zeros(5, 4, 3))
    print(out.shape, h.shape, c.shape)
    let a = MultiheadAttention(8, 2, batchFirst: true)
    let (o, w) = a(Tensor.zeros(2, 5, 8), Tensor.zeros(2, 5, 8), Tensor.zeros(2, 5, 8))
    print(o.shape, w!.shape)
    print(r)
}
