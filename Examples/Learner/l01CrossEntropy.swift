import Foundation
import Torchlight

/// Cross entropy loss of fixed logits.
func l01CrossEntropy() {
    let logits = Tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], requiresGrad: true)
    let target = Tensor([0, 1])
    let loss = CrossEntropyLoss()(logits, target)
    print(loss)
    print(String(format: "%.4f", loss.item()))
    loss.backward()
    print(logits.grad!)
    print(CrossEntropyLoss(reduction: .none)(logits.detach(), target))
}
