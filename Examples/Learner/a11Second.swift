import Torchlight

/// Second derivative.
func a11Second() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = pow(x, 3)
    let g = grad(of: y, withRespectTo: x, createGraph: true)
    let h = grad(of: g, withRespectTo: x)
    print(g.item(), h.item())
}
