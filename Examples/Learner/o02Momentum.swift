import Torchlight

/// SGD with momentum, three steps.
func o02Momentum() {
    let w = Tensor([1.0, -2.0, 3.0], requiresGrad: true)
    let opt = SGD([w], lr: 0.1, momentum: 0.9)
    for _ in 0..<3 {
        w.grad = Tensor([0.5, -1.0, 0.25])
        opt.step()
        print(w.detach())
    }
}
