import TorchlightCore

/// A point on the line that a search follows: how far along, the value there, the gradient, and its part along the line.
struct LinePoint {
    var t: Double
    var value: Double
    var gradient: Tensor
    var slope: Double
}

/// Finds a step that satisfies the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, section 3.5):
/// enough lower than the start, and flat enough. First the step grows until such points are bracketed, then the bracket
/// shrinks, both by cubic interpolation.
struct StrongWolfeSearch {
    /// How much of the fall that the first slope promises has to come.
    var sufficientFall = 1e-4
    /// How much of the first slope may be left.
    var slopeLeft = 0.9
    /// The least movement of any element that is worth a look.
    var toleranceChange: Double
    /// The largest element of the direction.
    var directionSize: Double
    var maxIterations: Int
    let evaluate: (Double) -> LinePoint

    /// The step found, and the number of points looked at.
    func run(from start: LinePoint, first: Double) -> (point: LinePoint, evaluations: Int) {
        var current = evaluate(first)
        var previous = start
        var iterations = 0
        var bracket: [LinePoint]?
        while iterations < maxIterations {
            if !fallsEnough(current, start) || (iterations > 1 && current.value >= previous.value) {
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

    private func fallsEnough(_ point: LinePoint, _ start: LinePoint) -> Bool {
        !(point.value > start.value + sufficientFall * point.t * start.slope)
    }

    private func isFlat(_ point: LinePoint, _ start: LinePoint) -> Bool { abs(point.slope) <= -slopeLeft * start.slope }

    /// Shrinks a bracket around a point that satisfies the conditions.
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
            // A trial at an edge, or the second in a row near one, gains little: it moves a tenth of the way inwards.
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
            if !fallsEnough(trial, start) || trial.value >= low.value {
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

    /// Where the cubic through two values and slopes is lowest, held to the bounds; their middle where it has no
    /// minimum.
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
