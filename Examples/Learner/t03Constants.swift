import Torchlight

/// zeros, ones, full, eye, arange, linspace.
func t03Constants() {
    print(Tensor.zeros(2, 3))
    print(Tensor.ones(2, 3, dtype: .int32))
    print(Tensor.full([2, 2], 7.5))
    print(Tensor.eye(3))
    print(Tensor.arange(10))
    print(Tensor.arange(1, 2, step: 0.25))
    print(Tensor.linspace(0, 1, steps: 5))
}
