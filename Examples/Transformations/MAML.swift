// Model-agnostic meta-learning (Finn et al., 2017): weights from which one step of gradient descent on few examples of a new
// task gives a good model.
//
// A task is a sine of random amplitude and phase, seen at 10 points. The gradient of the loss after the inner step is the
// gradient through a gradient, and `vmap` maps it over the tasks. Without adaptation the best answer is 0, whose loss is half
// the mean of the squared amplitudes, 4.25.
import Foundation
import Torchlight

private typealias Weights = [String: Tensor]

private let innerRate = 0.02

/// A network with two hidden layers, `[N, 1] -> [N, 1]`.
private func network(_ weights: Weights, _ x: Tensor) -> Tensor {
    let first = (x.matmul(weights["w1"]!) + weights["b1"]!).tanh()
    let second = (first.matmul(weights["w2"]!) + weights["b2"]!).tanh()
    return second.matmul(weights["w3"]!) + weights["b3"]!
}

private func loss(_ weights: Weights, _ x: Tensor, _ y: Tensor) -> Tensor { (network(weights, x) - y).square().mean() }

/// The weights after one step on the examples of a task.
private func adapted(_ weights: Weights, _ x: Tensor, _ y: Tensor) -> Weights {
    let gradient = grad(loss)(weights, x, y)
    return Dictionary(uniqueKeysWithValues: weights.map { ($0, $1 - innerRate * gradient[$0]!) })
}

/// Tasks: points and values for the inner step and for the loss after it, `[tasks, points, 1]`.
private func tasks(_ count: Int, _ generator: Generator) -> [Tensor] {
    let amplitude = Tensor.rand([count, 1, 1], generator: generator) * 4.9 + 0.1
    let phase = Tensor.rand([count, 1, 1], generator: generator) * Double.pi
    return (0..<2).flatMap { _ -> [Tensor] in
        let x = Tensor.rand([count, 10, 1], generator: generator) * 10.0 - 5.0
        return [x, amplitude * (x + phase).sin()]
    }
}

/// The mean loss over tasks after the inner step.
private func metaLoss(_ weights: Weights, _ tasks: [Tensor]) -> Tensor {
    vmap(
        { (weights: Weights, task: [Tensor]) in loss(adapted(weights, task[0], task[1]), task[2], task[3]) },
        inDims: [nil, 0])(
            weights, tasks
        ).mean()
}

func maml(isSmall: Bool) {
    let generator = Generator(seed: 2)
    let hidden = 40
    func matrix(_ rows: Int, _ columns: Int) -> Tensor {
        Tensor.randn([rows, columns], generator: generator) / Double(rows).squareRoot()
    }
    let weights: Weights = [
        "w1": matrix(1, hidden), "b1": Tensor.zeros([hidden]), "w2": matrix(hidden, hidden),
        "b2": Tensor.zeros([hidden]), "w3": matrix(hidden, 1), "b3": Tensor.zeros([1]),
    ]
    let unseen = tasks(100, Generator(seed: 7))
    print("loss after one step, untrained \(metaLoss(weights, unseen).item())")
    let optimizer = Adam(weights.values.map { $0 }, lr: 3e-3)
    for iteration in 0..<(isSmall ? 300 : 10_000) {
        let (value, gradient) = valueAndGrad(metaLoss)(weights, tasks(isSmall ? 16 : 25, generator))
        for (name, weight) in weights { weight.grad = gradient[name]! }
        optimizer.step()
        if iteration % 100 == 0 { print("iteration \(iteration), loss \(value.item())") }
    }
    print("loss after one step, trained \(metaLoss(weights, unseen).item())")
}
