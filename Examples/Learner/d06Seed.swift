import Torchlight

/// The same seed gives the same random numbers.
func d06Seed() {
    manualSeed(0)
    let a = Tensor.rand(3)
    manualSeed(0)
    let b = Tensor.rand(3)
    print(a.equal(b), a.shape)
    print(
        Tensor.randint(0, 10, [2, 3]).shape, Tensor.randn(2).dtype, Tensor.randperm(5).toArray(Int.self).sorted())
}
