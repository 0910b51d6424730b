import Torchlight

/// AdamW steps with weight decay.
func o04Adamw() {
    let w = Tensor([1.0, -2.0, 3.0], requiresGrad: true)
    let opt = AdamW([w], lr: 0.1, weightDecay: 0.1)
    for _ in 0..<2 {
        w.grad = Tensor([0.5, -1.0, 0.25])
        opt.step()
        print(w.detach())
    }
}
