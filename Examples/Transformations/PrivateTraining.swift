// Training with differential privacy (Abadi et al., 2016): the gradient of each sample is cut to a norm before the mean, and
// noise is added, so that no sample changes the weights by more than is allowed.
//
// The gradients of all samples come from `vmap(grad(loss))` over a module whose parameters are arguments. They are compared
// with those of a loop over the samples.
import Torchlight

private final class Net: Module, Layer {
    let hidden: Linear
    let out: Linear

    init(generator: Generator) {
        hidden = Linear(64, 32, generator: generator)
        out = Linear(32, 10, generator: generator)
    }

    func forward(_ x: Tensor) -> Tensor { out(tanh(hidden(x))) }
}

private typealias Weights = [String: Tensor]

/// All images of a part of the digits, as rows, and their labels.
private func images(_ split: DataSplit) -> (Tensor, Tensor) {
    let digits = Digits(split: split)
    do {
        let (images, labels) = try digits.batch(at: Array(0..<digits.count))!
        return (images.flatten(startDim: 1), labels)
    } catch { fatalError("\(error)") }
}

func privateTraining(isSmall: Bool) {
    let generator = Generator(seed: 1)
    let (maximumNorm, noise, rate) = (1.0, 0.3, 2.0)
    let batch = 64
    let model = Net(generator: generator)
    var weights: Weights = [:]
    for (name, parameter) in model.namedParameters() { weights[name] = parameter.detach().clone() }

    func loss(_ weights: Weights, _ image: Tensor, _ label: Tensor) -> Tensor {
        crossEntropy(functionalCall(model, weights, image.unsqueeze(0)), label.unsqueeze(0))
    }
    let sampleGradients = vmap(grad(loss), inDims: [nil, 0, 0])

    let (train, trainLabels) = images(.train)
    let (x, y) = (train[0..<8], trainLabels[0..<8])
    let together = sampleGradients(weights, x, y)
    let difference = (0..<8).map { i in
        let alone = grad(loss)(weights, x[i], y[i])
        return weights.keys.map { (together[$0]![i] - alone[$0]!).abs().max().item() }.max()!
    }.max()!
    print("largest difference from the gradients of a loop \(difference)")

    var largestNorm = 0.0
    for iteration in 0..<(isSmall ? 120 : 1500) {
        let chosen = Tensor.randint(0, train.shape[0], [batch], generator: generator)
        let gradients = sampleGradients(weights, train[chosen], trainLabels[chosen])
        // The norm over all parameters of a sample, and the factor that cuts it.
        let norms = gradients.values.map { $0.flatten(startDim: 1).square().sum(dim: 1) }.reduce(Tensor(0.0), +).sqrt()
        let factors = (maximumNorm / norms).clamp(max: 1)
        largestNorm = max(largestNorm, (norms * factors).max().item())
        for (name, gradient) in gradients {
            let sum = einsum("n,n...->...", factors, gradient)
            let random = Tensor.randn(sum.shape, generator: generator) * (noise * maximumNorm)
            weights[name] = weights[name]! - (sum + random) * (rate / Double(batch))
        }
        if iteration % 40 == 0 { print("iteration \(iteration), mean norm \(norms.mean().item())") }
    }
    print("largest norm after cutting \(largestNorm)")
    let (test, testLabels) = images(.test)
    let right = functionalCall(model, weights, test).argmax(dim: 1).eq(testLabels)
    print("accuracy \(right.to(.float32).mean().item())")
}
