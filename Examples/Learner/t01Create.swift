import Torchlight

/// Tensors from arrays.
func t01Create() {
    let data = [[1, 2], [3, 4]]
    let x = Tensor(data)
    print(x)
    print(x.dtype)
    let y = Tensor([[1.0, 2.5], [3.0, 4.0]])
    print(y)
    print(y.dtype)
}
