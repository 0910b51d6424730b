import Torchlight

/// Tensors with the shape and dtype of another tensor.
func t04Like() {
    let x = Tensor([[1, 2], [3, 4]])
    print(Tensor.ones(like: x))
    print(Tensor.zeros(like: x, dtype: .float32))
    print(Tensor.full(like: x, 9))
    let r = Tensor.rand(x.shape, dtype: .float32)
    print(r.shape, r.dtype, (r >= 0).all().item(Bool.self), (r < 1).all().item(Bool.self))
    let e = Tensor.empty(like: x)
    print(e.shape, e.dtype)
}
