import Torchlight

/// Values after manualSeed.
func d07SeedValues() {
    manualSeed(42)
    print(Tensor.rand(3))
    manualSeed(42)
    print(Tensor.randn(2, 3))
    manualSeed(0)
    print(Tensor.randperm(6))
    print(Tensor.randint(0, 100, [5]))
}
