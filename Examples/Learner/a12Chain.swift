import Foundation
import Torchlight

/// A single neuron, computed step by step.
func a12Chain() {
    let x = Tensor([1.0, 2.0])
    let w = Tensor([0.5, -0.25], requiresGrad: true)
    let b = Tensor(0.1, requiresGrad: true)
    let z = (w * x).sum() + b
    let loss = pow(z - 1, 2)
    loss.backward()
    print(String(format: "%.4f", loss.item()))
    print(w.grad!, b.grad!)
}
