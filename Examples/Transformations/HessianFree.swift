// Newton's method without the Hessian (Martens, 2010): the step is found by conjugate gradients, which need only products of
// the Hessian with vectors. `hvp` computes them by a forward derivative of the gradient.
//
// The function is the loss of a logistic regression with weight decay, which is convex: the method must reach its one minimum,
// where the gradient is 0. The step is compared with the one that the Hessian itself gives.
import Torchlight

private typealias Weights = [String: Tensor]

/// The sum of the products of all tensors.
private func dot(_ a: Weights, _ b: Weights) -> Tensor {
    a.keys.map { (a[$0]! * b[$0]!).sum() }.reduce(Tensor(0.0, dtype: .float64), +)
}

/// `a + factor b`.
private func sum(_ a: Weights, _ factor: Tensor, _ b: Weights) -> Weights {
    Dictionary(uniqueKeysWithValues: a.map { ($0, $1 + factor * b[$0]!) })
}

/// The solution of `H d = -g` by conjugate gradients.
private func newtonStep(_ loss: @escaping (Weights) -> Tensor, _ weights: Weights, iterations: Int) -> Weights {
    // The derivative of the gradient at the weights: one pass through its graph for each product.
    let (gradient, product) = linearize(grad(loss), weights)
    var step = weights.mapValues { Tensor.zeros(like: $0) }
    var residual = gradient.mapValues { -$0 }
    var direction = residual
    var length = dot(residual, residual)
    for _ in 0..<iterations where length.item() > 1e-24 {
        let curved = product(direction)
        let alpha = length / dot(direction, curved)
        step = sum(step, alpha, direction)
        residual = sum(residual, -alpha, curved)
        let next = dot(residual, residual)
        direction = sum(residual, next / length, direction)
        length = next
    }
    return step
}

func hessianFree(isSmall: Bool) {
    let generator = Generator(seed: 3)
    let (samples, features) = isSmall ? (60, 5) : (2000, 40)
    let x = Tensor.randn([samples, features], dtype: .float64, generator: generator)
    let truth = Tensor.randn([features], dtype: .float64, generator: generator)
    let noise = Tensor.randn([samples], dtype: .float64, generator: generator)
    let labels = (x.matmul(truth) + noise).gt(0).to(.float64)
    let loss: (Weights) -> Tensor = { weights in
        let logits = x.matmul(weights["w"]!) + weights["b"]!
        return binaryCrossEntropyWithLogits(logits, labels) + 0.01 * weights["w"]!.square().sum()
    }
    var weights: Weights = [
        "w": Tensor.zeros([features], dtype: .float64), "b": Tensor(0.0, dtype: .float64),
    ]

    // The step of the whole Hessian, over one vector of all weights.
    let flat: (Tensor) -> Tensor = { p in loss(["w": p.narrow(0, start: 0, length: features), "b": p[features]]) }
    let start = Tensor.zeros([features + 1], dtype: .float64)
    let exact = -LinAlg.solve(hessian(flat)(start), grad(flat)(start))
    let found = newtonStep(loss, weights, iterations: features + 1)
    let difference = (cat([found["w"]!, found["b"]!.unsqueeze(0)], dim: 0) - exact).abs().max().item()
    print("difference from the step of the Hessian \(difference)")

    for iteration in 0..<8 {
        let step = newtonStep(loss, weights, iterations: features + 1)
        weights = sum(weights, Tensor(1.0, dtype: .float64), step)
        print("iteration \(iteration), loss \(loss(weights).item())")
    }
    print("norm of the gradient \(dot(grad(loss)(weights), grad(loss)(weights)).sqrt().item())")
}
