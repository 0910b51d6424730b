// Gradients compared with finite differences.

/// Compares the gradients of a function with central differences, as `torch.autograd.gradcheck`: for every element of every result and of
/// every input that requires a gradient, `|analytic - numeric| <= atol + rtol |numeric|`. A difference is an error that names both
/// numbers.
///
///     let x = Tensor.rand([3], dtype: .float64, requiresGrad: true)
///     gradcheck({ [$0[0].sin().sum()] }, [x])
///
/// The function is called twice for every element of the inputs, so they should have few. Differences need float64: those of
/// float32 inputs have an error of about 1e-2. Of complex inputs and results the real and the imaginary parts are compared.
///
/// - Parameters:
///   - function: the function. It must return the same for the same inputs.
///   - inputs: the point at which gradients are compared. At least one must require a gradient.
///   - eps: the step of the differences. Default: 1e-6.
///   - atol: the accepted absolute difference. Default: 1e-5.
///   - rtol: the accepted relative difference. Default: 1e-3.
///   - raiseException: whether a difference is an error. Otherwise the result is false. Default: true.
///   - nondetTol: the accepted difference between the gradients of two calls. Default: 0.
/// - Returns: whether all gradients agree.
@discardableResult
public func gradcheck(
    _ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor], eps: Double = 1e-6, atol: Double = 1e-5,
    rtol: Double = 1e-3, raiseException: Bool = true, nondetTol: Double = 0
) -> Bool {
    let comparison = GradientComparison(
        name: "gradcheck", eps: eps, atol: atol, rtol: rtol, nondetTol: nondetTol)
    return comparison.run(function, inputs, raisesException: raiseException)
}

/// Compares the gradients of a function of one tensor with central differences; see
/// ``gradcheck(_:_:eps:atol:rtol:raiseException:nondetTol:)-(([Tensor])->[Tensor],_,_,_,_,_,_)``.
@discardableResult
public func gradcheck(
    _ function: (Tensor) -> Tensor, _ input: Tensor, eps: Double = 1e-6, atol: Double = 1e-5, rtol: Double = 1e-3,
    raiseException: Bool = true, nondetTol: Double = 0
) -> Bool {
    gradcheck(
        { [function($0[0])] }, [input], eps: eps, atol: atol, rtol: rtol, raiseException: raiseException,
        nondetTol: nondetTol)
}

/// Compares the second derivatives of a function with central differences of its gradients, as `torch.autograd.gradgradcheck`: the
/// gradients, weighted by `gradOutputs`, are the function that is checked, of the inputs and of `gradOutputs`.
///
/// - Parameters:
///   - function: the function. It must return the same for the same inputs.
///   - inputs: the point at which derivatives are compared. At least one must require a gradient.
///   - gradOutputs: the gradients with respect to the results. Default: random numbers.
///   - eps: the step of the differences. Default: 1e-6.
///   - atol: the accepted absolute difference. Default: 1e-5.
///   - rtol: the accepted relative difference. Default: 1e-3.
///   - raiseException: whether a difference is an error. Otherwise the result is false. Default: true.
///   - nondetTol: the accepted difference between the gradients of two calls. Default: 0.
///   - generator: the random number generator for `gradOutputs`.
/// - Returns: whether all derivatives agree.
@discardableResult
public func gradgradcheck(
    _ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor], gradOutputs: [Tensor]? = nil, eps: Double = 1e-6,
    atol: Double = 1e-5, rtol: Double = 1e-3, raiseException: Bool = true, nondetTol: Double = 0,
    generator: Generator = .default
) -> Bool {
    let outputs = noGrad { function(inputs) }
    let differentiable = outputs.indices.filter { outputs[$0].dtype.isDifferentiable }
    let weights: [Tensor] =
        gradOutputs
        ?? differentiable.map { Tensor.randn(like: outputs[$0], generator: generator) }
    let chosen = inputs.indices.filter { inputs[$0].requiresGrad }
    let count = inputs.count
    let comparison = GradientComparison(
        name: "gradgradcheck", eps: eps, atol: atol, rtol: rtol, nondetTol: nondetTol)
    return comparison.run(
        { arguments in
            enableGrad {
                // An input that is not recorded, as when differences are taken, still has a gradient.
                let points = arguments.prefix(count).enumerated().map { i, x in
                    chosen.contains(i) && !x.requiresGrad ? x.detach().requiresGrad_() : x
                }
                let results = function(points)
                let kept = zip(differentiable, arguments.dropFirst(count)).filter { results[$0.0].requiresGrad }
                guard !kept.isEmpty else { return [] }
                return grad(
                    outputs: kept.map { results[$0.0] }, inputs: chosen.map { points[$0] },
                    gradOutputs: kept.map { $0.1 }, createGraph: true, allowUnused: true
                ).compactMap(\.self)
            }
        }, inputs + weights.map { $0.detach().requiresGrad_() }, raisesException: raiseException)
}

private struct GradientComparison {
    let name: String
    let eps: Double
    let atol: Double
    let rtol: Double
    let nondetTol: Double

    func run(_ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor], raisesException: Bool) -> Bool {
        if inputs.contains(where: \.isPlaceholder) { return false }
        do throws(TensorError) {
            try compare(function, inputs)
            return true
        } catch {
            // A wrong call is an error in any case; what the function reported stays reported.
            if raisesException || error.kind != .value { reportFailure(error) }
            return false
        }
    }

    /// The real and imaginary parts of complex tensors in a last dimension.
    private static func parts(_ x: Tensor) -> Tensor { x.dtype.isComplex ? x.viewAsReal() : x }

    private func values(_ x: Tensor) -> [Double] { Self.parts(x.detach()).toArray(Double.self) }

    private func compare(_ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor]) throws(TensorError) {
        let chosen = inputs.indices.filter { inputs[$0].requiresGrad }
        guard !chosen.isEmpty else {
            throw TensorError(
                .autograd, in: name, "no input requires a gradient", expected: "an input with requiresGrad",
                operands: inputs)
        }
        // Leaves of their own, so that the graph of the inputs stays out of it.
        let leaves = inputs.enumerated().map { i, x in
            chosen.contains(i) ? x.detach().clone().requiresGrad_() : x
        }
        let results = enableGrad { function(leaves) }
        try throwPendingError()
        let numeric = try differences(function, leaves.map { $0.detach() }, chosen)
        for (o, result) in results.enumerated() where result.dtype.isDifferentiable {
            let flat = Self.parts(result).reshape([-1])
            for element in 0..<flat.count {
                let analytic = gradients(of: flat, element, leaves, chosen)
                let again = gradients(of: flat, element, leaves, chosen)
                try throwPendingError()
                for (position, i) in chosen.enumerated() {
                    for (e, gradient) in analytic[position].enumerated() {
                        if abs(gradient - again[position][e]) > nondetTol {
                            throw failure(
                                "the gradient differs between two calls", o, element, i, e,
                                "\(gradient) and \(again[position][e])", inputs)
                        }
                        guard let slopes = numeric[position][e][o] else {
                            throw failure(
                                "the number of results depends on the values of the inputs", o, element, i, e, "",
                                inputs)
                        }
                        let slope = slopes[element]
                        if !(abs(gradient - slope) <= atol + rtol * abs(slope)) {
                            throw failure(
                                "the gradient differs from the finite difference", o, element, i, e,
                                "gradient \(gradient), difference \(slope)", inputs)
                        }
                    }
                }
            }
        }
    }

    private func failure(
        _ problem: String, _ output: Int, _ element: Int, _ input: Int, _ position: Int, _ got: String,
        _ inputs: [Tensor]
    ) -> TensorError {
        TensorError(
            .value, in: name, problem,
            got: "\(got) for element \(element) of result \(output) and element \(position) of input \(input)",
            expected: "differences of at most \(atol) + \(rtol) times the number", operands: inputs)
    }

    /// The gradients of one element of a result, one number for each (part of an) element of each chosen input.
    private func gradients(of flat: Tensor, _ element: Int, _ leaves: [Tensor], _ chosen: [Int]) -> [[Double]] {
        let zeros = { (i: Int) in [Double](repeating: 0, count: Self.parts(leaves[i].detach()).count) }
        guard flat.requiresGrad else { return chosen.map(zeros) }
        let found = grad(
            outputs: [flat.select(0, element)], inputs: chosen.map { leaves[$0] }, retainGraph: true,
            allowUnused: true)
        return zip(chosen, found).map { i, gradient in gradient.map(values) ?? zeros(i) }
    }

    /// Central differences: for each chosen input and each of its (parts of) elements, the slopes of all elements of each result.
    private func differences(
        _ function: ([Tensor]) -> [Tensor], _ points: [Tensor], _ chosen: [Int]
    ) throws(TensorError) -> [[[Int: [Double]]]] {
        var all: [[[Int: [Double]]]] = []
        for i in chosen {
            let start = Self.parts(points[i])
            let numbers = start.toArray(Double.self)
            var slopes: [[Int: [Double]]] = []
            for e in numbers.indices {
                func at(_ step: Double) -> [[Double]?] {
                    var moved = numbers
                    moved[e] += step
                    var point = Tensor(moved, shape: start.shape, dtype: start.dtype, device: start.device)
                    if points[i].dtype.isComplex { point = point.viewAsComplex() }
                    var arguments = points
                    arguments[i] = point
                    return noGrad { function(arguments) }.map { $0.dtype.isDifferentiable ? values($0) : nil }
                }
                let (after, before) = (at(eps), at(-eps))
                try throwPendingError()
                var found: [Int: [Double]] = [:]
                for (o, pair) in zip(after, before).enumerated() {
                    guard let high = pair.0, let low = pair.1, high.count == low.count else { continue }
                    found[o] = zip(high, low).map { ($0 - $1) / (2 * eps) }
                }
                slopes.append(found)
            }
            all.append(slopes)
        }
        return all
    }
}
