import Torchlight

/// Clipping the gradient norm.
func o07Clip() {
    let w = Tensor.zeros(2, requiresGrad: true)
    w.grad = Tensor([3.0, 4.0])
    print(clipGradNorm([w], maxNorm: 1.0))
    print(w.grad!)
}
