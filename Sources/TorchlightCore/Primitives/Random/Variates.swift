import CKernels

/// Random numbers of distributions that are drawn by rejection: `a [*], (b [*],) key int64 [2] -> [*]`, in the dtype of `a`.
///
/// Floating point; computed in double precision. Element `i` is a function of the key, `i` and its parameters, on any number of
/// threads. NaN where a parameter is out of range. The gradient of gamma variates by the shape is that of implicit
/// reparameterisation (Figurnov, Mohamed and Mnih 2018); the others have none.
package struct RandomVariates: Primitive {
    /// What is drawn.
    package enum Distribution: Int32, Sendable, Codable {
        /// Gamma of shape `a` and scale 1, and its logarithm.
        case gamma, logGamma
        /// Poisson of rate `a`.
        case poisson
        /// The successes among `a` trials of probability `b`.
        case binomial
        /// An angle of concentration `a` around 0.
        case vonMises

        var name: String {
            switch self {
            case .gamma: "standardGamma"
            case .logGamma: "standardLogGamma"
            case .poisson: "poisson"
            case .binomial: "binomial"
            case .vonMises: "standardVonMises"
            }
        }
    }

    package static let name = "randomVariates"
    package var distribution: Distribution
    package var publicName: String { distribution.name }
    private var parameterCount: Int { distribution == .binomial ? 2 : 1 }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let a = inputs[0]
        for i in 0..<parameterCount { _ = try floatingPointType(of: inputs[i], in: publicName) }
        for i in 1..<max(parameterCount, 1) where inputs[i].layout.shape != a.layout.shape {
            throw broadcastError(publicName, [a, inputs[i]])
        }
        try checkOperand(inputs[parameterCount], is: [2], .int64, in: publicName)
        return Few(ResultSpec(a.layout.shape, a.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments {
            tl_random_variates(
                $0(inputs[parameterCount]), distribution.rawValue, $0(inputs[0]), $0(inputs[parameterCount - 1]),
                $0(outputs[0]))
        }
    }

    package var differentiability: Differentiability {
        distribution == .gamma || distribution == .logGamma ? .differentiable : .constant
    }
    package func saved(for needs: Needs) -> Saved {
        differentiability.isDifferentiable ? [.input(0), .output(0)] : .none
    }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let (shape, x) = (context.input(0), context.output(0))
        switch distribution {
        case .gamma:
            return Few(context.gradient * x * apply(LogGammaDerivative(), shape, x.log().clamp(min: -1000)), nil)
        case .logGamma: return Few(context.gradient * apply(LogGammaDerivative(), shape, x), nil)
        case .binomial: return Few(nil, nil, nil)
        case .poisson, .vonMises: return Few(nil, nil)
        }
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .random(key: parameterCount) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { differentiability.isDifferentiable ? .other : .constant }
}

extension Differentiability {
    fileprivate var isDifferentiable: Bool { if case .differentiable = self { true } else { false } }
}

/// The derivative of the logarithm `z` of a gamma variate by its shape `a` at a constant value of the distribution function F:
/// `-(dF(x; a) / da) / (x p(x; a))` with `x = exp(z)`. `a [*], z [*] -> [*]`, floating point, computed in double precision.
package struct LogGammaDerivative: Primitive {
    package static let name = "logGammaDerivative"

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let dtype = try floatingPointType(of: inputs[0], in: Self.name)
        _ = try floatingPointType(of: inputs[1], in: Self.name)
        guard inputs[0].layout.shape == inputs[1].layout.shape else {
            throw broadcastError(Self.name, [inputs[0], inputs[1]])
        }
        return Few(ResultSpec(inputs[0].layout.shape, dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_log_gamma_derivative($0(inputs[0]), $0(inputs[1]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability {
        .unavailable("the second derivative of gamma variates by their shape is not among the functions")
    }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil, nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .elementwise }
}

extension Tensor {
    /// Draws of a distribution with these parameters, which broadcast; of integers as float32.
    package static func variates(
        _ distribution: RandomVariates.Distribution, _ parameters: [Tensor], generator: Generator
    ) -> Tensor {
        if let placeholder = parameters.first(where: \.isPlaceholder) { return placeholder }
        return orFail(like: parameters[0]) { () throws(TensorError) in
            var operands = Few<Tensor>()
            for parameter in broadcastTensors(parameters) { operands.append(parameter.to(parameter.dtype.orFloat)) }
            operands.append(try generator.nextKey(on: parameters[0].device))
            return try perform(RandomVariates(distribution: distribution), operands)[0]
        }
    }

    /// Draws of the Poisson distribution, an element for each rate: `[*] -> [*]`, in the dtype of the rates.
    ///
    /// `P(k) = rate^k exp(-rate) / k!`. The rates are floating-point numbers of at least 0. No gradient passes.
    ///
    ///     Tensor([0, 4, 1000.0]).poisson()
    public func poisson(generator: Generator = .default) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            _ = try floatingPointType(of: self, in: "poisson")
            try checkAll(
                in: "poisson", "a rate is not a number of at least 0", expected: "rates >= 0", operands: [self]
            ) { $0[0] >= 0 }
            return Tensor.variates(.poisson, [detach()], generator: generator)
        }
    }

    /// Draws of the binomial distribution, the number of successes among independent trials: `[*]`, in the dtype of the counts.
    ///
    /// The numbers of trials, this tensor, and the probabilities broadcast and are floating point of the same dtype. No
    /// gradient passes.
    ///
    ///     Tensor([10, 100.0]).binomial(probs: Tensor([0.5, 0.1]))
    public func binomial(probs: Tensor, generator: Generator = .default) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || probs.isPlaceholder { return self }
            guard try floatingPointType(of: self, in: "binomial") == floatingPointType(of: probs, in: "binomial") else {
                throw .dtype("binomial", [self, probs], expected: "counts and probabilities of the same dtype")
            }
            try checkAll(
                in: "binomial", "a count or a probability is out of range",
                expected: "finite counts >= 0 and probabilities in [0, 1]", operands: [self, probs]
            ) { ($0[0] >= 0).logicalAnd($0[0].isfinite()).logicalAnd($0[1] >= 0).logicalAnd($0[1] <= 1) }
            return Tensor.variates(.binomial, [detach(), probs.detach()], generator: generator)
        }
    }
}

/// Refuses operands for which a condition does not hold everywhere; without values, as on `Device.meta`, nothing is refused.
private func checkAll(
    in operation: String, _ problem: String, expected: String, operands: [Tensor],
    _ condition: @escaping ([Tensor]) -> Tensor
) throws(TensorError) {
    try checkValues(operation, operands) { operands throws(TensorError) in
        guard condition(operands).all().item(Bool.self) else {
            throw TensorError(.value, in: operation, problem, expected: expected, operands: operands)
        }
    }
}

/// Draws of the Poisson distribution: ``Tensor/poisson(generator:)``.
public func poisson(_ rates: Tensor, generator: Generator = .default) -> Tensor { rates.poisson(generator: generator) }

/// Draws of the binomial distribution: ``Tensor/binomial(probs:generator:)``.
public func binomial(_ counts: Tensor, _ probs: Tensor, generator: Generator = .default) -> Tensor {
    counts.binomial(probs: probs, generator: generator)
}
