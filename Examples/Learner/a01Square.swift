import Torchlight

/// Gradient of a sum of squares.
func a01Square() {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    let y = pow(x, 2).sum()
    y.backward()
    print(y)
    print(x.grad!)
}
