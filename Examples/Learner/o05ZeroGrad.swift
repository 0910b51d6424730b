import Foundation
import Torchlight

/// A training loop with zeroGrad, backward and step.
func o05ZeroGrad() {
    let w = Tensor([2.0], requiresGrad: true)
    let opt = SGD([w], lr: 0.25)
    for i in 0..<4 {
        opt.zeroGrad()
        let loss = pow(w - 1, 2).sum()
        loss.backward()
        opt.step()
        print(i, String(format: "%.6f", loss.item()), String(format: "%.6f", w.item()))
    }
    opt.zeroGrad()
    print(w.grad as Any)
}
