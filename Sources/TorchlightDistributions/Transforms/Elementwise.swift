import Glibc
import TorchlightCore

/// `y = exp(x)`.
public struct ExpTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: all real numbers.
    public var domain: Constraint { .real }
    /// The codomain: real numbers above 0.
    public var codomain: Constraint { .positive }
    /// The sign of the derivative: 1.
    public var sign: Tensor { constantSign(1) }
    /// `exp(x)`.
    public func forward(_ x: Tensor) -> Tensor { x.exp() }
    /// `log(y)`.
    public func inverse(_ y: Tensor) -> Tensor { y.log() }
    /// `x`.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { x }
}

/// `y = x^exponent`, for numbers above 0.
public struct PowerTransform: DistributionTransform {
    /// The exponent, which broadcasts with the argument.
    public let exponent: any DistributionParameter
    /// Creates the transform with the given exponent.
    public init(exponent: any DistributionParameter) { self.exponent = exponent }
    private var power: Tensor { exponent.parameterTensor }
    /// The domain: real numbers above 0.
    public var domain: Constraint { .positive }
    /// The codomain: real numbers above 0.
    public var codomain: Constraint { .positive }
    /// The sign of the exponent.
    public var sign: Tensor { power.sign() }
    /// `x^exponent`.
    public func forward(_ x: Tensor) -> Tensor { x.pow(power) }
    /// `y^(1 / exponent)`.
    public func inverse(_ y: Tensor) -> Tensor { y.pow(1 / power) }
    /// `log |exponent y / x|`.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { (power * y / x).abs().log() }
    /// The shape broadcast with that of the exponent.
    public func forwardShape(_ shape: [Int]) -> [Int] { commonShape(shape, power.shape) }
    /// The shape broadcast with that of the exponent.
    public func inverseShape(_ shape: [Int]) -> [Int] { commonShape(shape, power.shape) }
    /// Whether the other is a power of the same exponent.
    public func isEqual(to other: any DistributionTransform) -> Bool {
        (other as? PowerTransform).map { haveEqualValues(exponent, $0.exponent) } ?? false
    }
}

/// `y = 1 / (1 + exp(-x))`, held inside (0, 1).
public struct SigmoidTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: all real numbers.
    public var domain: Constraint { .real }
    /// The codomain: real numbers from 0 to 1.
    public var codomain: Constraint { .unitInterval }
    /// The sign of the derivative: 1.
    public var sign: Tensor { constantSign(1) }
    /// The sigmoid, at least the smallest normal number and at most the largest below 1.
    public func forward(_ x: Tensor) -> Tensor { clippedSigmoid(x) }
    /// `log(y / (1 - y))`.
    public func inverse(_ y: Tensor) -> Tensor {
        let p = y.clamp(min: y.dtype.smallestNormal, max: 1 - y.dtype.epsilon)
        return p.log() - (-p).log1p()
    }
    /// `-softplus(-x) - softplus(x)`.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { x.logsigmoid() + (-x).logsigmoid() }
}

/// The sigmoid held away from 0 and 1.
func clippedSigmoid(_ x: Tensor) -> Tensor {
    x.sigmoid().clamp(min: x.dtype.smallestNormal, max: 1 - x.dtype.epsilon)
}

/// `y = log(1 + exp(x))`.
public struct SoftplusTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: all real numbers.
    public var domain: Constraint { .real }
    /// The codomain: real numbers above 0.
    public var codomain: Constraint { .positive }
    /// The sign of the derivative: 1.
    public var sign: Tensor { constantSign(1) }
    /// `log(1 + exp(x))`.
    public func forward(_ x: Tensor) -> Tensor { x.softplus() }
    /// `log(exp(y) - 1)`.
    public func inverse(_ y: Tensor) -> Tensor { (-(-y).expm1()).log() + y }
    /// `log sigmoid(x)`.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { x.logsigmoid() }
}

/// `y = tanh(x)`.
public struct TanhTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: all real numbers.
    public var domain: Constraint { .real }
    /// The codomain: real numbers from -1 to 1.
    public var codomain: Constraint { .interval(-1, 1) }
    /// The sign of the derivative: 1.
    public var sign: Tensor { constantSign(1) }
    /// `tanh(x)`.
    public func forward(_ x: Tensor) -> Tensor { x.tanh() }
    /// `atanh(y)`, infinite at the ends.
    public func inverse(_ y: Tensor) -> Tensor { y.atanh() }
    /// `log(1 - tanh(x)^2) = 2 (log 2 - x - softplus(-2x))`, which does not cancel.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { 2 * (logTwo - x + (2 * x).logsigmoid()) }
}

/// `y = |x|`, whose inverse is taken to be `y`.
public struct AbsTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: all real numbers.
    public var domain: Constraint { .real }
    /// The codomain: real numbers above 0.
    public var codomain: Constraint { .positive }
    /// False: two numbers have the same absolute value.
    public var bijective: Bool { false }
    /// `|x|`.
    public func forward(_ x: Tensor) -> Tensor { x.abs() }
    /// `y`.
    public func inverse(_ y: Tensor) -> Tensor { y }
}

/// `y = loc + scale x`.
public struct AffineTransform: DistributionTransform {
    /// The constant, which broadcasts with the argument.
    public let loc: any DistributionParameter
    /// The factor, which broadcasts with the argument.
    public let scale: any DistributionParameter
    /// How many of the last dimensions belong to the event.
    public let eventDim: Int

    /// Creates the transform with the given constant and factor.
    public init(loc: any DistributionParameter, scale: any DistributionParameter, eventDim: Int = 0) {
        (self.loc, self.scale) = (loc, scale)
        self.eventDim = eventDimensions(eventDim, in: "\(Self.self)")
    }

    private var numbers: Constraint { eventDim == 0 ? .real : .independent(.real, eventDim) }
    /// The domain: all real numbers.
    public var domain: Constraint { numbers }
    /// The codomain: all real numbers.
    public var codomain: Constraint { numbers }
    /// The sign of the factor.
    public var sign: Tensor {
        scale.parameterNumber.map { constantSign($0 < 0 ? -1 : 1) } ?? scale.parameterTensor.sign()
    }
    /// `loc + scale x`.
    public func forward(_ x: Tensor) -> Tensor { loc.parameterTensor + scale.parameterTensor * x }
    /// `(y - loc) / scale`.
    public func inverse(_ y: Tensor) -> Tensor { (y - loc.parameterTensor) / scale.parameterTensor }
    /// `log |scale|`, summed over the event.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        let shape = commonShape(x.shape, y.shape)
        if let number = scale.parameterNumber {
            return x.filled(Glibc.log(Swift.abs(number)), shape).sumRightmost(eventDim)
        }
        let logScale = scale.parameterTensor.abs().log()
        return logScale.expanded(commonShape(shape, logScale.shape)).sumRightmost(eventDim)
    }
    /// The shape broadcast with those of the parameters.
    public func forwardShape(_ shape: [Int]) -> [Int] {
        commonShape(commonShape(shape, loc.parameterTensor.shape), scale.parameterTensor.shape)
    }
    /// The shape broadcast with those of the parameters.
    public func inverseShape(_ shape: [Int]) -> [Int] { forwardShape(shape) }
    /// Whether the other has the same constant and factor.
    public func isEqual(to other: any DistributionTransform) -> Bool {
        guard let other = other as? AffineTransform else { return false }
        return eventDim == other.eventDim && haveEqualValues(loc, other.loc) && haveEqualValues(scale, other.scale)
    }
}

/// The distribution function of a distribution of numbers, `y = cdf(x)`, whose inverse is its quantile function.
public struct CumulativeDistributionTransform: DistributionTransform {
    /// The distribution.
    public let distribution: any Distribution
    /// The distribution function of this distribution.
    public init(_ distribution: any Distribution) { self.distribution = distribution }
    /// The support of the distribution.
    public var domain: Constraint { distribution.support }
    /// The codomain: real numbers from 0 to 1.
    public var codomain: Constraint { .unitInterval }
    /// The sign of the derivative: 1.
    public var sign: Tensor { constantSign(1) }
    /// `cdf(x)`.
    public func forward(_ x: Tensor) -> Tensor { distribution.cdf(x) }
    /// `icdf(y)`.
    public func inverse(_ y: Tensor) -> Tensor { distribution.icdf(y) }
    /// The logarithm of the density.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor { distribution.logProb(x) }
}
