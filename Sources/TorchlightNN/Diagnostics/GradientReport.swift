import TorchlightCore

/// The gradients of a model after a backward pass, parameter by parameter.
public struct GradientReport: Sendable, CustomStringConvertible {
    /// The gradient of one parameter.
    public struct Entry: Sendable {
        /// The path of the parameter.
        public let name: String
        /// Its shape.
        public let shape: [Int]
        /// Whether it is frozen.
        public let isFrozen: Bool
        /// The Euclidean norm of its gradient; nil where it has none.
        public let norm: Double?
        /// The Euclidean norm of the parameter itself.
        public let parameterNorm: Double
    }

    /// One entry a parameter, in the order of the model.
    public let entries: [Entry]

    /// Parameters that are trained and got no gradient.
    public var missing: [String] { entries.filter { !$0.isFrozen && $0.norm == nil }.map(\.name) }
    /// Parameters whose gradient is 0 throughout.
    public var zero: [String] { entries.filter { $0.norm == 0 }.map(\.name) }
    /// Parameters whose gradient holds an infinity or a NaN.
    public var notFinite: [String] { entries.filter { $0.norm.map { !$0.isFinite } ?? false }.map(\.name) }
    /// The norm of all gradients together.
    public var totalNorm: Double { entries.reduce(0) { $0 + ($1.norm ?? 0) * ($1.norm ?? 0) }.squareRoot() }

    /// A table: name, shape, norm of the gradient, its ratio to the norm of the parameter, and what is remarkable.
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
    /// The gradients of all parameters as they are now: which are missing, zero or not finite, and their norms.
    public func gradientReport() -> GradientReport {
        GradientReport(
            entries: namedParameters().map { name, tensor in
                .init(
                    name: name, shape: tensor.shape, isFrozen: !tensor.requiresGrad,
                    norm: tensor.grad.map(euclideanNorm), parameterNorm: euclideanNorm(tensor))
            })
    }
}

/// The square root of the sum of squares, summed in double precision.
func euclideanNorm(_ tensor: Tensor) -> Double {
    noGrad { (tensor.detach().to(.float64) * tensor.detach().to(.float64)).sum().item() }.squareRoot()
}
