// pytorch/examples: regression. Fits a polynomial of degree 4 with one linear layer and gradient descent by hand.
//
// What differs: nothing but the syntax.
import Torchlight

private let degree = 4

/// The features x, x², ..., of each element: `[N] -> [N, degree]`.
private func makeFeatures(_ x: Tensor) -> Tensor {
    let column = x.unsqueeze(1)
    return cat((1...degree).map { column.pow($0) }, 1)
}

/// A polynomial as text: "+0.50 x^4 -1.20 x^3 ... +0.10".
private func description(_ weights: Tensor, _ bias: Tensor) -> String {
    let terms = weights.enumerated().map { power, weight in "\(text(Double(weight), 2)) x^\(power + 1)" }
    return "y = " + (terms.reversed() + [text(Double(bias), 2)]).joined(separator: " + ")
}

func regression(_ scale: Scale) throws {
    manualSeed(1)
    let target = (weight: randn(degree, 1) * 5, bias: randn(1) * 5)
    let fc = Linear(degree, 1)
    var (loss, batches) = (Double.infinity, 0)
    while loss >= 1e-3 && batches < 20_000 {
        batches += 1
        let random = randn(32)
        let x = makeFeatures(random)
        let y = mm(x, target.weight) + target.bias.item()
        fc.zeroGrad()
        let output = smoothL1Loss(fc(x), y)
        loss = output.item()
        output.backward()
        for parameter in fc.parameters() { parameter.data.add_(parameter.grad!, alpha: -0.1) }
    }
    print("loss \(text(loss, 6)) after \(batches) batches")
    print("==> learned function: " + description(fc.weight.view(-1), fc.bias!))
    print("==> actual function:  " + description(target.weight.view(-1), target.bias))
    print("loss \(text(loss, 6))")
}
