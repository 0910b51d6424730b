import Torchlight

/// Printing tensors.
func t13Print() {
    print(Tensor(3.14159))
    print(Tensor([1.0, 2.0, 3.0]))
    print(Tensor([0.5, 100.25, 2000.125]))
    print(Tensor([1e-5, 1.0]))
    print(Tensor([1e10, 1.0]))
    print(Tensor([.nan, .infinity, -1.0]))
    print(Tensor([true, false]))
    print(Tensor([1, -10, 100]))
    print(Tensor([Float]()))
    print(Tensor.zeros(2, 0))
    print(Tensor.arange(8.0).reshape(2, 2, 2))
    print(Tensor([1.5], dtype: .float64))
}
