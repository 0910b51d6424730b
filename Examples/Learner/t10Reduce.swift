import Torchlight

/// Reductions.
func t10Reduce() {
    let x = Tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    print(x.sum(), x.mean(), x.max(), x.min())
    print(x.sum(dim: 0), x.sum(dim: 1, keepdim: true))
    print(x.max(dim: 1))
    print(x.argmax(), x.argmax(dim: 0))
    print(x.std(), x.var(correction: 0))
    print(x.cumsum(dim: 1))
    print(Tensor([1, 2, 3]).sum().dtype)
}
