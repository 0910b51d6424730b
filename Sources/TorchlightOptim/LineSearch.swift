import TorchlightCore

/// A point of a line search: step size t, loss, gradient and directional derivative.
struct LinePoint {
    var t: Double
    var value: Double
    var gradient: Tensor
    var slope: Double
}

/// Line search for a step size that satisfies the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization,
/// section 3.5). The step size is increased until it brackets such points; then the bracket is reduced. Both phases use
/// cubic interpolation.
struct StrongWolfeSearch {
    /// Constant c₁ of the sufficient decrease condition `f(t) <= f(0) + c₁ t f'(0)`.
    var sufficientFall = 1e-4
    /// Constant c₂ of the curvature condition `|f'(t)| <= c₂ |f'(0)|`.
    var slopeLeft = 0.9
    /// The search stops when no element changes by more than this between the ends of the bracket.
    var toleranceChange: Double
    /// The largest magnitude of the elements of the direction.
    var directionSize: Double
    var maxIterations: Int
    let evaluate: (Double) -> LinePoint

    /// Returns the accepted point, and the number of evaluations.
    func run(from start: LinePoint, first: Double) -> (point: LinePoint, evaluations: Int) {
        var current = evaluate(first)
        var previous = start
        var iterations = 0
        var bracket: [LinePoint]?
        while iterations < maxIterations {
            if !hasSufficientDecrease(current, start) || (iterations > 1 && current.value >= previous.value) {
                bracket = [previous, current]
                break
            }
            if isFlat(current, start) { return (current, iterations + 1) }
            if current.slope >= 0 {
                bracket = [previous, current]
                break
            }
            let t = cubicMinimum(
                previous, current, in: (current.t + 0.01 * (current.t - previous.t), current.t * 10))
            previous = current
            current = evaluate(t)
            iterations += 1
        }
        return zoom(bracket ?? [start, current], start, iterations)
    }

    private func hasSufficientDecrease(_ point: LinePoint, _ start: LinePoint) -> Bool {
        !(point.value > start.value + sufficientFall * point.t * start.slope)
    }

    private func isFlat(_ point: LinePoint, _ start: LinePoint) -> Bool { abs(point.slope) <= -slopeLeft * start.slope }

    /// Reduces the bracket until a point satisfies the conditions.
    private func zoom(
        _ bracket: [LinePoint], _ start: LinePoint, _ before: Int
    ) -> (point: LinePoint, evaluations: Int) {
        var iterations = before
        var (low, high) =
            bracket[0].value <= bracket[1].value ? (bracket[0], bracket[1]) : (bracket[1], bracket[0])
        var wasNearEdge = false
        while iterations < maxIterations && abs(high.t - low.t) * directionSize >= toleranceChange {
            let (left, right) = (min(low.t, high.t), max(low.t, high.t))
            var t = cubicMinimum(low, high, in: (left, right))
            // A trial point at an end of the bracket, or a second consecutive one close to an end, is moved inwards by
            // a tenth of the length of the bracket.
            let margin = 0.1 * (right - left)
            if min(right - t, t - left) < margin {
                if wasNearEdge || t >= right || t <= left {
                    t = abs(t - right) < abs(t - left) ? right - margin : left + margin
                    wasNearEdge = false
                } else {
                    wasNearEdge = true
                }
            } else {
                wasNearEdge = false
            }
            let trial = evaluate(t)
            iterations += 1
            if !hasSufficientDecrease(trial, start) || trial.value >= low.value {
                high = trial
                if high.value < low.value { swap(&low, &high) }
            } else {
                if isFlat(trial, start) { return (trial, iterations + 1) }
                if trial.slope * (high.t - low.t) >= 0 { high = low }
                low = trial
            }
        }
        return (low, iterations + 1)
    }

    /// The minimum of the cubic interpolation of two values and derivatives, clamped to the bounds; the midpoint of the
    /// bounds if the cubic has no minimum.
    private func cubicMinimum(_ a: LinePoint, _ b: LinePoint, in bounds: (Double, Double)) -> Double {
        let (left, right) = a.t <= b.t ? (a, b) : (b, a)
        let d1 = left.slope + right.slope - 3 * (left.value - right.value) / (left.t - right.t)
        let square = d1 * d1 - left.slope * right.slope
        guard square >= 0 else { return (bounds.0 + bounds.1) / 2 }
        let d2 = square.squareRoot()
        let lowest =
            right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2))
        return min(max(lowest, bounds.0), bounds.1)
    }
}
