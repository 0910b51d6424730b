import Glibc
import TorchlightCore

func registerLinearModels(in table: inout OperatorTable) {
    table.add("LinearRegressor", 1...1, domain: "ai.onnx.ml") { call in
        let targets = try call.int("targets", 1)
        let scores = try linearScores(call, rows: targets)
        let transform = try PostTransform(call)
        return one(Tensor(scores.flatMap { transform.apply($0) }, shape: [scores.count, targets], dtype: .float32))
    }
    table.add("LinearClassifier", 1...1, domain: "ai.onnx.ml") { call in
        let labels = try ClassLabels(call)
        let (_, _, width) = try samples(call)
        let rows = (try call.floats("coefficients") ?? []).count / max(width, 1)
        return try labels.results(try linearScores(call, rows: rows), try PostTransform(call), positiveOnly: false)
    }
    table.add("SVMRegressor", 1...1, domain: "ai.onnx.ml") { call in
        let (x, count, width) = try samples(call)
        let machine = try SupportVectors(call, width: width)
        let rho = (try call.floats("rho") ?? [0]).map(Double.init)
        let transform = try PostTransform(call)
        let isOneClass = try call.flag("one_class")
        let values = try (0..<count).flatMap { row -> [Double] in
            let sample = Array(x[(row * width)..<((row + 1) * width)])
            let score = try machine.sum(sample, Array(machine.coefficients)) + (rho.first ?? 0)
            return transform.apply([isOneClass ? (score > 0 ? 1 : -1) : score])
        }
        return one(Tensor(values, shape: [count, 1], dtype: .float32))
    }
    table.add("SVMClassifier", 1...1, domain: "ai.onnx.ml", classifyBySupportVectors)
}

private func linearScores(_ call: Call, rows: Int) throws -> [[Double]] {
    let (x, count, width) = try samples(call)
    let coefficients = (try call.floats("coefficients") ?? []).map(Double.init)
    let intercepts = (try call.floats("intercepts") ?? []).map(Double.init)
    guard rows > 0, coefficients.count == rows *| width else {
        throw Problem(
            "\(quantity(coefficients.count, "coefficient")) for \(quantity(rows, "row")) of \(quantity(width, "feature"))",
            kind: .invalid)
    }
    return (0..<count).map { sample in
        (0..<rows).map { row in
            var sum = row < intercepts.count ? intercepts[row] : 0
            for feature in 0..<width { sum += x[sample * width + feature] * coefficients[row * width + feature] }
            return sum
        }
    }
}

private struct SupportVectors {
    let kernel: String
    let gamma: Double
    let shift: Double
    let degree: Double
    let vectors: [Double]
    let coefficients: [Double]
    let width: Int

    init(_ call: Call, width: Int) throws {
        kernel = try call.choice("kernel_type", "LINEAR", of: ["LINEAR", "POLY", "RBF", "SIGMOID"])
        let parameters = (try call.floats("kernel_params") ?? []).map(Double.init)
        gamma = parameters.first ?? 1
        shift = parameters.count > 1 ? parameters[1] : 0
        degree = parameters.count > 2 ? parameters[2] : 1
        vectors = (try call.floats("support_vectors") ?? []).map(Double.init)
        coefficients = (try call.floats("coefficients") ?? []).map(Double.init)
        self.width = width
        guard width > 0, vectors.count % width == 0 else {
            throw Problem(
                "support vectors of \(quantity(vectors.count, "number")) for \(quantity(width, "feature"))",
                kind: .invalid)
        }
    }

    var count: Int { vectors.count / width }

    func value(_ x: [Double], _ index: Int) -> Double {
        let vector = vectors[(index * width)..<((index + 1) * width)]
        if kernel == "RBF" { return exp(-gamma * zip(x, vector).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }) }
        let dot = zip(x, vector).reduce(0) { $0 + $1.0 * $1.1 }
        switch kernel {
        case "POLY": return pow(gamma * dot + shift, degree)
        case "SIGMOID": return tanh(gamma * dot + shift)
        default: return dot
        }
    }

    /// The decision value: the sum over the support vectors, or the product with the coefficients of a linear model.
    func sum(_ x: [Double], _ factors: [Double]) throws -> Double {
        if count == 0 {
            guard factors.count >= x.count else { throw Problem("too few coefficients", kind: .invalid) }
            return zip(x, factors).reduce(0) { $0 + $1.0 * $1.1 }
        }
        guard factors.count >= count else { throw Problem("too few coefficients", kind: .invalid) }
        return (0..<count).reduce(0) { $0 + factors[$1] * value(x, $1) }
    }
}

@Sendable private func classifyBySupportVectors(_ call: Call) throws -> [ONNXValue] {
    let (x, count, width) = try samples(call)
    let machine = try SupportVectors(call, width: width)
    let labels = try ClassLabels(call)
    let transform = try PostTransform(call)
    let rho = (try call.floats("rho") ?? []).map(Double.init)
    let sizes = try call.ints("vectors_per_class") ?? []
    let (probA, probB) = (
        (try call.floats("prob_a") ?? []).map(Double.init), (try call.floats("prob_b") ?? []).map(Double.init)
    )
    var scores: [[Double]] = []
    var chosen: [Int] = []
    for row in 0..<count {
        let sample = Array(x[(row * width)..<((row + 1) * width)])
        if machine.count == 0 {
            let classes = machine.coefficients.count / width
            scores.append(
                (0..<classes).map { kind in
                    sample.indices.reduce(kind < rho.count ? rho[kind] : rho.first ?? 0) {
                        $0 + sample[$1] * machine.coefficients[kind * width + $1]
                    }
                })
            continue
        }
        let classes = sizes.count
        guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, { $0 +| $1 }) == machine.count, classes > 1,
            machine.coefficients.count >= (classes - 1) * machine.count, rho.count >= classes * (classes - 1) / 2
        else { throw Problem("the lists of the support vectors have inconsistent lengths", kind: .invalid) }
        let starts = sizes.indices.map { sizes[..<$0].reduce(0, +) }
        let kernels = (0..<machine.count).map { machine.value(sample, $0) }
        // One decision value per pair of classes.
        var decisions: [Double] = []
        var votes = [Int](repeating: 0, count: classes)
        for first in 0..<classes {
            for second in (first + 1)..<classes {
                var sum = rho[decisions.count]
                for index in starts[first]..<(starts[first] + sizes[first]) {
                    sum += kernels[index] * machine.coefficients[(second - 1) * machine.count + index]
                }
                for index in starts[second]..<(starts[second] + sizes[second]) {
                    sum += kernels[index] * machine.coefficients[first * machine.count + index]
                }
                votes[sum > 0 ? first : second] += 1
                decisions.append(sum)
            }
        }
        // The label has the most votes, even if probabilities are given.
        chosen.append(votes.indices.max { votes[$0] < votes[$1] || (votes[$0] == votes[$1] && $0 > $1) } ?? 0)
        if probA.count >= decisions.count, probB.count >= decisions.count, !probA.isEmpty {
            scores.append(pairwiseProbabilities(decisions, probA, probB, classes))
        } else {
            scores.append(classes == 2 ? [-decisions[0], decisions[0]] : decisions)
        }
    }
    if chosen.count == count, count > 0 {
        let rows = scores.map { transform.apply($0) }
        return [
            try labels.value(at: chosen),
            ONNXValue(Tensor(rows.flatMap { $0 }, shape: [count, rows[0].count], dtype: .float32)),
        ]
    }
    return try labels.results(scores, transform, positiveOnly: false)
}

/// Probabilities of classes from probabilities of pairs, by the second method of Wu, Lin and Weng (2004).
private func pairwiseProbabilities(_ decisions: [Double], _ a: [Double], _ b: [Double], _ classes: Int) -> [Double] {
    var pairs = [[Double]](repeating: [Double](repeating: 0, count: classes), count: classes)
    var index = 0
    for first in 0..<classes {
        for second in (first + 1)..<classes {
            let probability = min(max(1 / (1 + exp(decisions[index] * a[index] + b[index])), 1e-7), 1 - 1e-7)
            pairs[first][second] = probability
            pairs[second][first] = 1 - probability
            index += 1
        }
    }
    var p = [Double](repeating: 1 / Double(classes), count: classes)
    var q = [[Double]](repeating: [Double](repeating: 0, count: classes), count: classes)
    for t in 0..<classes {
        for j in 0..<classes where j != t {
            q[t][t] += pairs[j][t] * pairs[j][t]
            q[t][j] = -pairs[j][t] * pairs[t][j]
        }
    }
    for _ in 0..<max(100, classes) {
        var products = (0..<classes).map { t in (0..<classes).reduce(0) { $0 + q[t][$1] * p[$1] } }
        var total = zip(p, products).reduce(0) { $0 + $1.0 * $1.1 }
        if products.allSatisfy({ abs($0 - total) < 0.005 / Double(classes) }) { break }
        for t in 0..<classes {
            let change = (total - products[t]) / q[t][t]
            p[t] += change
            total = (total + change * (change * q[t][t] + 2 * products[t])) / (1 + change) / (1 + change)
            for j in 0..<classes {
                products[j] = (products[j] + change * q[t][j]) / (1 + change)
                p[j] /= 1 + change
            }
        }
    }
    return p
}
