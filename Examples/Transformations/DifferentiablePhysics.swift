// Parameters of a simulation by derivatives through its steps: a ball that flies with the drag of air.
//
// From positions along a flight, the coefficient of drag and the velocity at the start are found again by the method of
// Gauss and Newton, whose Jacobian is computed by `jacfwd`. Then the velocity is found that hits a target. Both answers are
// known: the first are those of the flight, and without drag the second has a formula.
import Torchlight

private let gravity = 9.81

/// The positions `[steps, 2]` of a flight from the origin. `parameters` are the velocity at the start and the drag.
private func flight(_ parameters: Tensor, steps: Int, time: Double) -> Tensor {
    let h = time / Double(steps)
    let down = Tensor([0, -gravity], dtype: .float64)
    let drag = parameters[2]
    func acceleration(_ v: Tensor) -> Tensor { down - drag * v.norm() * v }
    let start = (Tensor.zeros([2], dtype: .float64), parameters.narrow(0, start: 0, length: 2))
    return scan(
        { (state: [Tensor], _: Tensor) in
            let (x, v) = (state[0], state[1])
            // The midpoint rule.
            let middle = v + acceleration(v) * (h / 2)
            let next = [x + middle * h, v + acceleration(middle) * h]
            return (next, next[0])
        }, [start.0, start.1], over: Tensor.zeros([steps], dtype: .float64)
    ).outputs
}

func differentiablePhysics(isSmall: Bool) {
    let steps = isSmall ? 40 : 400
    let time = 1.5
    let truth = Tensor([12.0, 9, 0.05], dtype: .float64)
    let seen = flight(truth, steps: steps, time: time)

    // (JᵀJ) d = -Jᵀr, with the residuals r of all positions.
    var guess = Tensor([10.0, 10, 0], dtype: .float64)
    for iteration in 0..<8 {
        let residuals: (Tensor) -> Tensor = { (flight($0, steps: steps, time: time) - seen).flatten() }
        let (r, jacobian) = (residuals(guess), jacfwd(residuals)(guess))
        guess = guess - LinAlg.solve(jacobian.mT.matmul(jacobian), jacobian.mT.matmul(r))
        print("iteration \(iteration), residual \(r.norm().item())")
    }
    print("error of the parameters \((guess - truth).abs().max().item())")

    /// The velocity with which a ball is at `target` after `time`, by Newton's method.
    func aim(at target: Tensor, drag: Double) -> Tensor {
        var velocity = Tensor([8.0, 8], dtype: .float64)
        let miss: (Tensor) -> Tensor = { v in
            flight(cat([v, Tensor([drag], dtype: .float64)], dim: 0), steps: steps, time: time)[steps - 1] - target
        }
        for _ in 0..<10 { velocity = velocity - LinAlg.solve(jacrev(miss)(velocity), miss(velocity)) }
        return velocity
    }
    let target = Tensor([15.0, 1], dtype: .float64)
    let hit = flight(
        cat([aim(at: target, drag: 0.05), Tensor([0.05], dtype: .float64)], dim: 0), steps: steps, time: time)
    print("distance from the target \((hit[steps - 1] - target).norm().item())")
    let exact = (target - Tensor([0, -gravity], dtype: .float64) * (time * time / 2)) / time
    print("error of the velocity without drag \((aim(at: target, drag: 0) - exact).abs().max().item())")
}
