import Torchlight

/// Concatenating, stacking and splitting tensors.
func t08Cat() {
    let t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    print(cat([t, t, t], dim: 1))
    print(cat([t, t], dim: 0))
    print(stack([t, t]).shape)
    let parts = Tensor.arange(6).chunk(2)
    print(parts[0], parts[1])
    print(Tensor.arange(7).split(3))
}
