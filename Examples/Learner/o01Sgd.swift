import Torchlight

/// SGD steps with fixed gradients.
func o01Sgd() {
    let w = Tensor([1.0, -2.0, 3.0], requiresGrad: true)
    let opt = SGD([w], lr: 0.1)
    for _ in 0..<2 {
        w.grad = Tensor([0.5, -1.0, 0.25])
        opt.step()
        print(w.detach())
    }
}
