import Foundation
import Torchlight

/// Linear regression with one input.
func d04FitLine() {
    let x = Tensor.linspace(-1, 1, steps: 21).unsqueeze(1)
    let y = 3 * x + 0.5
    let model = Linear(1, 1)
    noGrad {
        model.weight.fill_(0.0)
        model.bias!.fill_(0.0)
    }
    let opt = SGD(model.parameters(), lr: 0.3)
    for epoch in 0..<60 {
        let loss = mseLoss(model(x), y)
        opt.zeroGrad()
        loss.backward()
        opt.step()
        if epoch % 15 == 0 {
            print(String(format: "epoch %2d loss %.5f", epoch, loss.item()))
        }
    }
    print(String(format: "w %.3f b %.3f", model.weight.item(), model.bias!.item()))
}
