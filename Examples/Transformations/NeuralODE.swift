// A neural ordinary differential equation (Chen et al., 2018): a network is trained to be the right-hand side of an
// equation, from points of one solution.
//
// Gradients come from the adjoint equation, which is solved backwards in time and keeps no state of the forward solution.
// They are compared with those of automatic differentiation through the steps of the solver. The points are those of a
// damped rotation, whose solution is known.
import Foundation
import Torchlight

private typealias Weights = [String: Tensor]

/// The right-hand side: a network with one hidden layer, `[N, 2] -> [N, 2]`.
private func field(_ weights: Weights, _ x: Tensor) -> Tensor {
    (x.matmul(weights["in"]!) + weights["bias"]!).tanh().matmul(weights["out"]!)
}

/// One step of the classical Runge-Kutta method of order 4 on a list of tensors.
private func step(_ x: [Tensor], _ h: Double, _ slope: ([Tensor]) -> [Tensor]) -> [Tensor] {
    func moved(_ by: [Tensor], _ factor: Double) -> [Tensor] { zip(x, by).map { $0 + $1 * factor } }
    let a = slope(x)
    let b = slope(moved(a, h / 2))
    let c = slope(moved(b, h / 2))
    let d = slope(moved(c, h))
    return x.indices.map { x[$0] + (a[$0] + 2 * b[$0] + 2 * c[$0] + d[$0]) * (h / 6) }
}

/// The states after each interval of length `h`, along a new first dimension.
private func solve(_ weights: Weights, _ start: Tensor, intervals: Int, stepsPerInterval: Int, h: Double) -> Tensor {
    scan(
        { (x: Tensor, _: Tensor) in
            var x = x
            for _ in 0..<stepsPerInterval {
                x = step([x], h / Double(stepsPerInterval)) { [field(weights, $0[0])] }[0]
            }
            return (x, x)
        }, start, over: Tensor.zeros([intervals], dtype: .float64)
    ).outputs
}

/// The loss, and its gradient by the adjoint equation: backwards in time, the state follows the right-hand side, the adjoint
/// `a = dL/dx` follows `-aᵀ ∂f/∂x`, and the gradient collects `-aᵀ ∂f/∂w`. At each point the loss adds its derivative.
private func adjointGradient(
    _ weights: Weights, _ points: Tensor, stepsPerInterval: Int, h: Double
) -> (loss: Tensor, gradient: Weights) {
    let intervals = points.shape[0] - 1
    let states = solve(weights, points[0], intervals: intervals, stepsPerInterval: stepsPerInterval, h: h)
    let targets = points[1...]
    let (loss, lossGradients) = valueAndGrad { (states: Tensor) in (states - targets).square().mean() }(states)
    let names = weights.keys.sorted()
    var adjoint = Tensor.zeros(like: points[0])
    var gradients = names.map { Tensor.zeros(like: weights[$0]!) }
    for i in (0..<intervals).reversed() {
        adjoint = adjoint + lossGradients[i]
        var all = [states[i], adjoint] + gradients
        for _ in 0..<stepsPerInterval {
            all = step(all, -h / Double(stepsPerInterval)) { now in
                let (slope, pullback) = vjp(field, weights, now[0])
                let (byWeights, byState) = pullback(now[1])
                return [slope, -byState] + names.map { -byWeights[$0]! }
            }
        }
        (adjoint, gradients) = (all[1], Array(all[2...]))
    }
    return (loss, Dictionary(uniqueKeysWithValues: zip(names, gradients)))
}

func neuralODE(isSmall: Bool) {
    let generator = Generator(seed: 4)
    let hidden = 16
    let h = 0.3
    let times = isSmall ? 8 : 20
    // x' = A x with A = [[-0.1, 1], [-1, -0.1]], a rotation that shrinks; points are rows.
    let exact = stack(
        (0...times).map { i in
            let t = h * Double(i)
            return Tensor([[exp(-0.1 * t) * cos(t), -exp(-0.1 * t) * sin(t)]], dtype: .float64)
        }, dim: 0)
    var weights: Weights = [
        "in": Tensor.randn([2, hidden], dtype: .float64, generator: generator) * 0.7,
        "bias": Tensor.randn([hidden], dtype: .float64, generator: generator) * 0.1,
        "out": Tensor.randn([hidden, 2], dtype: .float64, generator: generator) * 0.3,
    ]

    let byAdjoint = adjointGradient(weights, exact, stepsPerInterval: 6, h: h).gradient
    let bySteps = grad { (weights: Weights) in
        let states = solve(weights, exact[0], intervals: times, stepsPerInterval: 6, h: h)
        return (states - exact[1...]).square().mean()
    }(weights)
    let difference = weights.keys.map { ((byAdjoint[$0]! - bySteps[$0]!).norm() / bySteps[$0]!.norm()).item() }.max()!
    print("relative difference of the adjoint gradient \(difference)")

    let parameters = weights.keys.sorted().map { weights[$0]! }
    let optimizer = Adam(parameters, lr: 0.03)
    for epoch in 0..<(isSmall ? 150 : 400) {
        let (loss, gradient) = adjointGradient(weights, exact, stepsPerInterval: 1, h: h)
        for (name, weight) in weights { weight.grad = gradient[name]! }
        optimizer.step()
        if epoch % 20 == 0 { print("epoch \(epoch), loss \(loss.item())") }
    }
    weights = weights.mapValues { $0.detach() }
    let states = solve(weights, exact[0], intervals: times, stepsPerInterval: 4, h: h)
    print("largest distance from the solution \((states - exact[1...]).abs().max().item())")
}
