import TorchlightCore

/// A differentiable function with a tractable Jacobian, as `torch.distributions.transforms.Transform`: what
/// ``TransformedDistribution`` is built of.
///
/// A transform acts on the last `domain.eventDim` dimensions of its argument and leaves the others to the batch.
///
///     let transform = ComposeTransform([AffineTransform(loc: 1, scale: 2), TanhTransform()])
///     let y = transform(x)
///     let logDeterminant = transform.logAbsDetJacobian(x, y)
public protocol DistributionTransform {
    /// The values that it takes.
    var domain: Constraint { get }
    /// The values of its results.
    var codomain: Constraint { get }
    /// Whether each value of the codomain has a single inverse.
    var bijective: Bool { get }
    /// 1 where it increases and -1 where it decreases, for transforms of numbers.
    var sign: Tensor { get }
    /// The function: `[*] + in -> [*] + out`.
    func forward(_ x: Tensor) -> Tensor
    /// The inverse, or one of them where there are several: `[*] + out -> [*] + in`.
    func inverse(_ y: Tensor) -> Tensor
    /// The logarithm of the absolute value of the determinant of the Jacobian at `x`, with `y = forward(x)`: `[*]`.
    func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor
    /// The shape of the result for a shape of the argument.
    func forwardShape(_ shape: [Int]) -> [Int]
    /// The shape of the argument for a shape of the result.
    func inverseShape(_ shape: [Int]) -> [Int]
    /// Whether another transform is the same function. False where that cannot be seen.
    func isEqual(to other: any DistributionTransform) -> Bool
}

extension DistributionTransform {
    /// True.
    public var bijective: Bool { true }
    /// Not defined for this transform, an error.
    public var sign: Tensor { transformError("sign", "it is not a monotonic function of numbers") }
    /// Not defined for this transform, an error.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        transformError("logAbsDetJacobian", "it has no determinant of a Jacobian")
    }
    /// The same shape.
    public func forwardShape(_ shape: [Int]) -> [Int] { shape }
    /// The same shape.
    public func inverseShape(_ shape: [Int]) -> [Int] { shape }
    /// Whether the other is of this type, for transforms without parameters.
    public func isEqual(to other: any DistributionTransform) -> Bool { other is Self && MemoryLayout<Self>.size == 0 }

    /// The function, as in `transform(x)`.
    public func callAsFunction(_ x: Tensor) -> Tensor { forward(x) }
    /// The logarithm of the absolute value of the determinant of the Jacobian at `x`: `[*]`.
    public func logAbsDetJacobian(_ x: Tensor) -> Tensor { logAbsDetJacobian(x, forward(x)) }
    /// The inverse as a transform.
    public var inv: any DistributionTransform {
        (self as? InverseTransform)?.base ?? InverseTransform(self)
    }

    func transformError(_ method: String, _ problem: String) -> Tensor {
        fail(TensorError(.unsupported, in: "\(Self.self).\(method)", problem))
    }
}

/// The sign of transforms that increase, or decrease, everywhere.
func constantSign(_ value: Double) -> Tensor { Tensor.wrap(.double(value)) }

/// The inverse of a transform.
struct InverseTransform: DistributionTransform {
    let base: any DistributionTransform
    init(_ base: any DistributionTransform) { self.base = base }

    var domain: Constraint { base.codomain }
    var codomain: Constraint { base.domain }
    var bijective: Bool { base.bijective }
    var sign: Tensor { base.sign }
    func forward(_ x: Tensor) -> Tensor { base.inverse(x) }
    func inverse(_ y: Tensor) -> Tensor { base.forward(y) }
    func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { -base.logAbsDetJacobian(y, x) }
    func forwardShape(_ shape: [Int]) -> [Int] { base.inverseShape(shape) }
    func inverseShape(_ shape: [Int]) -> [Int] { base.forwardShape(shape) }
    func isEqual(to other: any DistributionTransform) -> Bool {
        (other as? InverseTransform).map { base.isEqual(to: $0.base) } ?? false
    }
}

/// Whether two parameters have the same values.
func haveEqualValues(_ a: any DistributionParameter, _ b: any DistributionParameter) -> Bool {
    if let x = a.parameterNumber, let y = b.parameterNumber { return x == y }
    let (x, y) = (a.parameterTensor.detach(), b.parameterTensor.detach())
    guard !x.isPlaceholder, !y.isPlaceholder, x.device.hasValues, y.device.hasValues,
        broadcastShapes(x.shape, y.shape) != nil
    else { return false }
    return noGrad { (x .== y).all().item(Bool.self) }
}

/// A number of event dimensions, which a tensor must be able to have: another one is an error, and 0.
func eventDimensions(_ count: Int, in operation: String) -> Int {
    if count >= 0 && count <= maximumRank { return count }
    reportFailure(
        TensorError(
            .value, in: operation, "the number of event dimensions is out of range", got: "\(count)",
            expected: "0 ... \(maximumRank)"))
    return 0
}
