import Foundation
import Torchlight

/// Learning rates of StepLR and CosineAnnealingLR.
func o06Scheduler() {
    let w = Tensor.zeros(1, requiresGrad: true)
    var opt = SGD([w], lr: 1.0)
    let s = StepLR(opt, stepSize: 2, gamma: 0.1)
    for _ in 0..<5 {
        print(String(format: "%.4f", opt.groups[0].lr), terminator: " ")
        opt.step()
        s.step()
    }
    print()
    opt = SGD([w], lr: 1.0)
    let c = CosineAnnealingLR(opt, tMax: 4)
    for _ in 0..<5 {
        print(String(format: "%.4f", opt.groups[0].lr), terminator: " ")
        opt.step()
        c.step()
    }
    print()
}
