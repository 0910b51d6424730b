import TorchlightCore

/// What a parameter of a distribution or transform can be: a tensor or a number.
///
/// A number has the dtype and device of the other tensor parameters; with numbers alone a distribution has the default
/// dtype and device.
public protocol DistributionParameter {
    /// The tensor, or the number as an operand that adapts to the dtype and device of others.
    var parameterTensor: Tensor { get }
    /// The number, where it is one.
    var parameterNumber: Double? { get }
}

extension Tensor: DistributionParameter {
    /// The tensor itself.
    public var parameterTensor: Tensor { self }
    /// None.
    public var parameterNumber: Double? { nil }
}

extension Double: DistributionParameter {
    /// The number as an operand.
    public var parameterTensor: Tensor { Tensor.wrap(.double(self)) }
    /// The number.
    public var parameterNumber: Double? { self }
}

extension Float: DistributionParameter {
    /// The number as an operand.
    public var parameterTensor: Tensor { Tensor.wrap(.double(Double(self))) }
    /// The number.
    public var parameterNumber: Double? { Double(self) }
}

extension Int: DistributionParameter {
    /// The number as an operand.
    public var parameterTensor: Tensor { Tensor.wrap(.double(Double(self))) }
    /// The number.
    public var parameterNumber: Double? { Double(self) }
}

/// The parameters as floating-point tensors of one shape; where they do not broadcast, an error of `type`.
func broadcastParameters(of type: Any.Type, _ parameters: [any DistributionParameter]) -> [Tensor] {
    let tensors = parameterTensors(parameters)
    if let placeholder = tensors.first(where: \.isPlaceholder) { return tensors.map { _ in placeholder } }
    var shape: [Int] = []
    for tensor in tensors {
        guard let common = broadcastShapes(shape, tensor.shape) else {
            let error = TensorError(
                .shape, in: "\(type)", "the shapes of the parameters disagree",
                expected: "equal sizes, or 1, in each dimension counted from the last", operands: tensors)
            return tensors.map { fail(error, like: $0) }
        }
        shape = common
    }
    return tensors.map { $0.shape == shape ? $0 : $0.expand(shape) }
}

/// The parameters as floating-point tensors of their own shapes.
func parameterTensors(_ parameters: [any DistributionParameter]) -> [Tensor] {
    let tensors = parameters.map { parameter in (parameter as? Tensor).map { $0.to($0.dtype.orFloat) } }
    let model = tensors.lazy.compactMap { $0 }.first
    return zip(parameters, tensors).map { parameter, tensor in
        if let tensor { return tensor }
        let (dtype, device) = (model?.dtype ?? .default, model?.device ?? .current)
        return Tensor.full([], parameter.parameterNumber ?? .nan, dtype: dtype, device: device)
    }
}

/// The parameters of `type` where each satisfies its constraint; otherwise the error and placeholders.
func validated(
    _ type: Any.Type, _ isEnabled: Bool, _ parameters: [(name: String, value: Tensor, constraint: Constraint)]
) -> [Tensor] {
    if isEnabled {
        for (name, value, constraint) in parameters where !value.isPlaceholder {
            guard let error = constraint.violation(by: value, "the parameter \(name)", in: "\(type)") else { continue }
            return parameters.map { fail(error, like: $0.value) }
        }
    }
    return parameters.map(\.value)
}

extension DType {
    /// The distance from 1 to the next larger number.
    var epsilon: Double {
        switch self {
        case .float64: Double.ulpOfOne
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        default: Double(Float.ulpOfOne)
        }
    }

    /// The smallest positive normal number.
    var smallestNormal: Double {
        switch self {
        case .float64: Double.leastNormalMagnitude
        case .float16: 0x1p-14
        default: Double(Float.leastNormalMagnitude)
        }
    }
}

/// The Euler-Mascheroni constant.
let eulerConstant = 0.57721566490153286061
/// `log(2 pi)`.
let logTwoPi = 1.83787706640934548356
/// `log 2`.
let logTwo = 0.69314718055994530942
/// `log pi`.
let logPi = 1.14472988584940017414

extension Tensor {
    /// The sums over the last dimensions.
    func sumRightmost(_ count: Int) -> Tensor {
        count <= 0 || isPlaceholder ? self : sum(dim: Array(-Swift.min(count, rank)..<0))
    }

    /// Probabilities held away from 0 and 1 by the epsilon of the dtype, so that logits are finite.
    func clampedProbabilities() -> Tensor { clamp(min: dtype.epsilon, max: 1 - dtype.epsilon) }

    /// A tensor of one number in this shape or another, of this dtype and device.
    func filled(_ value: Double, _ shape: [Int]? = nil) -> Tensor {
        isPlaceholder ? self : Tensor.full(shape ?? self.shape, value, dtype: dtype, device: device)
    }

    /// Uniform numbers in (0, 1), away from both ends, of this dtype and device.
    func openUniform(_ shape: [Int], _ generator: Generator) -> Tensor {
        if isPlaceholder { return self }
        let draws = Tensor.rand(shape, dtype: dtype, device: device, generator: generator)
        return draws.clamp(min: dtype.smallestNormal, max: 1 - dtype.epsilon / 2)
    }

    /// Standard normal numbers of this dtype and device.
    func standardNormal(_ shape: [Int], _ generator: Generator) -> Tensor {
        isPlaceholder ? self : Tensor.randn(shape, dtype: dtype, device: device, generator: generator)
    }

    /// The tensor expanded, or itself where it is a placeholder.
    func expanded(_ shape: [Int]) -> Tensor { isPlaceholder || self.shape == shape ? self : expand(shape) }
}

/// The common shape of two shapes; the first where they do not broadcast, which an operation will report.
func commonShape(_ a: [Int], _ b: [Int]) -> [Int] { broadcastShapes(a, b) ?? a }
