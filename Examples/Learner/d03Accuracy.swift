import Foundation
import Torchlight

/// Accuracy, computed with argmax.
func d03Accuracy() {
    let logits = Tensor([[0.1, 0.9, 0.0], [2.0, 1.0, 0.5], [0.2, 0.3, 0.5], [1.0, 3.0, 2.0]])
    let y = Tensor([1, 0, 1, 1])
    let pred = logits.argmax(dim: 1)
    let correct = (pred .== y).to(.float32).sum().item()
    print(pred)
    print(String(format: "Accuracy: %.1f%%", 100 * correct / Double(y.size(0))))
}
