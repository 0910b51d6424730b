import TorchlightCore

/// The norms of the gradients of all parameters of a model, after a backward pass.
public struct GradientReport: Sendable, CustomStringConvertible {
    /// The gradient norm of one parameter.
    public struct Entry: Sendable {
        /// The name of the parameter.
        public let name: String
        /// The shape of the parameter.
        public let shape: [Int]
        /// Whether the parameter is frozen.
        public let isFrozen: Bool
        /// The L2 norm of the gradient; nil if the parameter has none.
        public let norm: Double?
        /// The L2 norm of the parameter.
        public let parameterNorm: Double
    }

    /// One entry for each parameter, in the order of the model.
    public let entries: [Entry]

    /// The names of parameters that require a gradient but have none.
    public var missing: [String] { entries.filter { !$0.isFrozen && $0.norm == nil }.map(\.name) }
    /// The names of parameters whose gradient is zero in all elements.
    public var zero: [String] { entries.filter { $0.norm == 0 }.map(\.name) }
    /// The names of parameters whose gradient contains an infinity or NaN.
    public var notFinite: [String] { entries.filter { $0.norm.map { !$0.isFinite } ?? false }.map(\.name) }
    /// The L2 norm of all gradients, as one vector.
    public var totalNorm: Double { entries.reduce(0) { $0 + ($1.norm ?? 0) * ($1.norm ?? 0) }.squareRoot() }

    /// A table of name, shape, gradient norm, ratio of gradient norm and parameter norm, and a remark: "frozen", "no gradient",
    /// "zero" or "not finite".
    public var description: String {
        let rows = entries.map { entry -> [String] in
            let remark =
                entry.isFrozen
                ? "frozen"
                : entry.norm == nil
                    ? "no gradient"
                    : entry.norm == 0
                        ? "zero"
                        : entry.norm?.isFinite == false ? "not finite" : ""
            return [
                entry.name, "\(entry.shape)", entry.norm.map { "\(Float($0))" } ?? "-",
                entry.norm.map { "\(Float($0 / entry.parameterNorm))" } ?? "-", remark,
            ]
        }
        return TextTable(header: ["parameter", "shape", "norm", "norm / parameter", ""], rows: rows, numbers: [2, 3])
            .description + "\ntotal norm \(Float(totalNorm))"
    }
}

extension Module {
    /// Returns the gradient norms of all parameters, and which gradients are missing, zero or not finite.
    ///
    ///     loss.backward()
    ///     print(model.gradientReport())
    public func gradientReport() -> GradientReport {
        GradientReport(
            entries: namedParameters().map { name, tensor in
                .init(
                    name: name, shape: tensor.shape, isFrozen: !tensor.requiresGrad,
                    norm: tensor.grad.map(euclideanNorm), parameterNorm: euclideanNorm(tensor))
            })
    }
}

/// The L2 norm, with the sum in float64.
func euclideanNorm(_ tensor: Tensor) -> Double {
    noGrad { tensor.detach().abs().to(.float64).square().sum().item() }.squareRoot()
}
