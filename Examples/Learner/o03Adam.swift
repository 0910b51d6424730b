import Torchlight

/// Adam steps with fixed gradients.
func o03Adam() {
    let w = Tensor([1.0, -2.0, 3.0], requiresGrad: true)
    let opt = Adam([w], lr: 0.1)
    for _ in 0..<2 {
        w.grad = Tensor([0.5, -1.0, 0.25])
        opt.step()
        print(w.detach())
    }
}
