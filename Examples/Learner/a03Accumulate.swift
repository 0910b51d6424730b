import Torchlight

/// Gradients accumulate until they are cleared.
func a03Accumulate() {
    let x = Tensor(2.0, requiresGrad: true)
    (x * 2).backward()
    print(x.grad!)
    (x * 3).backward()
    print(x.grad!)
    x.grad!.zero_()
    pow(x, 2).backward()
    print(x.grad!)
    x.grad = nil
    print(x.grad as Any)
}
