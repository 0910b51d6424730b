import Testing
import TorchlightCore

/// Expects the gradients of `body` to agree with central differences, in float64.
///
/// With results `y`, a random `v` and `s = sum(v * y)`, the gradient of `s` is compared with
/// `(s(x + h) - s(x - h)) / 2h` for each element of each operand. The second order does the same with the gradient as
/// the function, of the operands and of `v`.
///
/// - Parameters:
///   - inputs: float64 tensors where they are differentiated, others as they are.
///   - differentiable: which inputs; those that are float64 where it is left out.
package func expectGradients(
    order: Int, at inputs: [Tensor], differentiable: [Bool]? = nil, label: String = "",
    sourceLocation: SourceLocation = #_sourceLocation, _ body: @escaping ([Tensor]) -> [Tensor]
) {
    let check = GradientCheck(label: label, sourceLocation: sourceLocation)
    let chosen = differentiable ?? inputs.map { $0.dtype == .float64 }
    check.first(inputs, chosen, "first order", body)
    guard order > 1 else { return }
    var random = TestRandom(label + " cotangents")
    let shapes = noGrad { body(inputs) }.filter { $0.dtype == .float64 }.map(\.shape)
    let cotangents = shapes.map {
        Tensor(random.values($0.reduce(1, *), in: 0.5...1.5), shape: $0, dtype: .float64)
    }
    let count = inputs.count
    check.first(inputs + cotangents, chosen + cotangents.map { _ in true }, "second order", isRequired: false) {
        arguments in
        let operands = arguments.enumerated().map { i, x in
            i < count && chosen[i] && !x.requiresGrad ? x.detach().requiresGrad_() : x
        }
        let wanted = (0..<count).filter { chosen[$0] }.map { operands[$0] }
        let outputs = body(Array(operands[..<count])).filter { $0.dtype == .float64 }
        let kept = outputs.indices.filter { outputs[$0].requiresGrad }
        guard !kept.isEmpty else { return [] }
        let gradients = grad(
            outputs: kept.map { outputs[$0] }, inputs: wanted, gradOutputs: kept.map { operands[count + $0] },
            createGraph: true, allowUnused: true)
        return gradients.compactMap { $0 }
    }
}

private struct GradientCheck {
    let label: String
    let sourceLocation: SourceLocation
    /// Error of the differences: h^2 times the third derivative, and the rounding of `s` over h.
    let step = 1e-5
    let tolerance = 2e-6

    func first(
        _ inputs: [Tensor], _ chosen: [Bool], _ title: String, isRequired: Bool = true,
        _ body: ([Tensor]) -> [Tensor]
    ) {
        let leaves = inputs.enumerated().map { i, x in chosen[i] ? x.detach().clone().requiresGrad_() : x }
        let outputs = body(leaves).filter { $0.dtype == .float64 }
        var random = TestRandom(label + title)
        let weights = outputs.map { random.values($0.numel, in: 0.5...1.5) }
        let kept = outputs.indices.filter { outputs[$0].requiresGrad }
        if kept.isEmpty && isRequired {
            Issue.record("\(label), \(title): no result requires a gradient", sourceLocation: sourceLocation)
            return
        }
        let wanted = leaves.indices.filter { chosen[$0] }
        // A gradient that is constant is none, and the differences have to be 0 as well.
        let gradients =
            kept.isEmpty
            ? wanted.map { _ in nil as Tensor? }
            : grad(
                outputs: kept.map { outputs[$0] }, inputs: wanted.map { leaves[$0] },
                gradOutputs: kept.map { Tensor(weights[$0], shape: outputs[$0].shape, dtype: .float64) },
                allowUnused: true)
        func weighted(_ arguments: [Tensor]) -> Double {
            let results = body(arguments).filter { $0.dtype == .float64 }
            var sum = 0.0
            for (result, weight) in zip(results, weights) {
                for (y, w) in zip(result.detach().toArray(Double.self), weight) { sum += y * w }
            }
            return sum
        }
        for (place, i) in wanted.enumerated() {
            let values = inputs[i].toArray(Double.self)
            let analytic =
                gradients[place]?.toArray(Double.self) ?? [Double](repeating: 0, count: values.count)
            if let gradient = gradients[place] {
                #expect(
                    gradient.shape == inputs[i].shape, "\(label), \(title), operand \(i)",
                    sourceLocation: sourceLocation)
            }
            for e in values.indices {
                var arguments = inputs
                func at(_ delta: Double) -> Double {
                    var moved = values
                    moved[e] += delta
                    arguments[i] = Tensor(moved, shape: inputs[i].shape, dtype: .float64)
                    return weighted(arguments)
                }
                let numeric = (at(step) - at(-step)) / (2 * step)
                if !(abs(numeric - analytic[e]) <= tolerance * max(1, abs(numeric))) {
                    Issue.record(
                        "\(label), \(title): operand \(i), element \(e): gradient \(analytic[e]), differences \(numeric)",
                        sourceLocation: sourceLocation)
                    return
                }
            }
        }
    }
}
