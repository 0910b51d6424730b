import Torchlight

/// Large tensors are summarised when printed.
func t14Summarise() {
    print(Tensor.arange(2000))
    print(Tensor.zeros(1001, 2))
}
