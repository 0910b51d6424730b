import Torchlight

/// Gradient of the mean of (2x)^2.
func a02Mean() {
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]], requiresGrad: true)
    let z = pow(2 * x, 2)
    let out = z.mean()
    out.backward()
    print(out.item())
    print(x.grad!)
}
