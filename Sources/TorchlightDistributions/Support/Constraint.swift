import TorchlightCore

/// The values that a parameter or a draw may have, as `torch.distributions.constraints`.
///
///     Constraint.positive.check(Tensor([-1, 2.0]))        // tensor([false, true])
public indirect enum Constraint {
    /// Numbers, infinities included; not NaN.
    case real
    /// Vectors of numbers.
    case realVector
    /// Numbers above a bound.
    case greaterThan(any DistributionParameter)
    /// Numbers at or above a bound.
    case greaterThanEq(any DistributionParameter)
    /// Numbers below a bound.
    case lessThan(any DistributionParameter)
    /// Numbers from the first bound to the second, both included.
    case interval(any DistributionParameter, any DistributionParameter)
    /// Numbers from the first bound, included, to the second, excluded.
    case halfOpenInterval(any DistributionParameter, any DistributionParameter)
    /// 0 and 1.
    case boolean
    /// Integers from the first bound to the second, both included.
    case integerInterval(any DistributionParameter, any DistributionParameter)
    /// Integers at or above a bound.
    case integerGreaterThanEq(any DistributionParameter)
    /// Integers, 0 included, along the last dimension whose sum is at most a bound.
    case multinomial(any DistributionParameter)
    /// Vectors with a single 1 and zeros elsewhere.
    case oneHot
    /// Vectors of numbers of at least 0 whose sum is 1.
    case simplex
    /// Square matrices with zeros above the diagonal.
    case lowerTriangular
    /// Lower triangular matrices with a positive diagonal.
    case lowerCholesky
    /// Lower triangular matrices with a positive diagonal and rows of length 1: Cholesky factors of correlation matrices.
    case corrCholesky
    /// Square matrices.
    case square
    /// Symmetric matrices.
    case symmetric
    /// Symmetric matrices without negative eigenvalues.
    case positiveSemidefinite
    /// Symmetric matrices with positive eigenvalues.
    case positiveDefinite
    /// A constraint whose last `reinterpretedBatchNdims` batch dimensions belong to the event.
    case independent(Constraint, Int)
    /// Constraints for consecutive parts of the given lengths along a dimension.
    case cat([Constraint], dim: Int, lengths: [Int])
    /// Constraints for the entries of a dimension.
    case stack([Constraint], dim: Int)
    /// What depends on other values, so that it cannot be checked.
    case dependent(isDiscrete: Bool, eventDim: Int)

    /// Numbers above 0.
    public static var positive: Constraint { .greaterThan(0) }
    /// Numbers of at least 0.
    public static var nonnegative: Constraint { .greaterThanEq(0) }
    /// Numbers from 0 to 1.
    public static var unitInterval: Constraint { .interval(0, 1) }
    /// Integers from 0 on.
    public static var nonnegativeInteger: Constraint { .integerGreaterThanEq(0) }
    /// Integers from 1 on.
    public static var positiveInteger: Constraint { .integerGreaterThanEq(1) }

    /// How many of the last dimensions of a value it constrains together.
    public var eventDim: Int {
        switch self {
        case .real, .greaterThan, .greaterThanEq, .lessThan, .interval, .halfOpenInterval, .boolean, .integerInterval,
            .integerGreaterThanEq:
            0
        case .realVector, .multinomial, .oneHot, .simplex: 1
        case .lowerTriangular, .lowerCholesky, .corrCholesky, .square, .symmetric, .positiveSemidefinite,
            .positiveDefinite:
            2
        case .independent(let base, let count): base.eventDim +| count
        case .cat(let parts, _, _): parts.map(\.eventDim).max() ?? 0
        case .stack(let parts, let dim): Self.stackedEventDim(parts.map(\.eventDim).max() ?? 0, dim)
        case .dependent(_, let eventDim): eventDim
        }
    }

    /// The event dimensions of a stack: one more if the stacked dimension is among them.
    private static func stackedEventDim(_ eventDim: Int, _ dim: Int) -> Int {
        dim +| eventDim < 0 ? eventDim +| 1 : eventDim
    }

    /// Whether the values are isolated.
    public var isDiscrete: Bool {
        switch self {
        case .boolean, .integerInterval, .integerGreaterThanEq, .multinomial, .oneHot: true
        case .independent(let base, _): base.isDiscrete
        case .cat(let parts, _, _), .stack(let parts, _): parts.contains(where: \.isDiscrete)
        case .dependent(let isDiscrete, _): isDiscrete
        default: false
        }
    }

    /// Whether each value satisfies the constraint: `[*] + event -> [*]`, bool. No gradient passes.
    public func check(_ value: Tensor) -> Tensor {
        if value.isPlaceholder { return value }
        return noGrad { checkValues(value.detach()) }
    }

    private func checkValues(_ x: Tensor) -> Tensor {
        func isInteger(_ x: Tensor) -> Tensor { x.floor() .== x }
        func bound(_ parameter: any DistributionParameter) -> Tensor { parameter.parameterTensor.detach() }
        switch self {
        case .real: return x.isnan().logicalNot()
        case .realVector: return x.isnan().logicalNot().all(dim: -1)
        case .greaterThan(let low): return x > bound(low)
        case .greaterThanEq(let low): return x >= bound(low)
        case .lessThan(let high): return x < bound(high)
        case .interval(let low, let high): return (x >= bound(low)).logicalAnd(x <= bound(high))
        case .halfOpenInterval(let low, let high): return (x >= bound(low)).logicalAnd(x < bound(high))
        case .boolean: return (x .== 0).logicalOr(x .== 1)
        case .integerInterval(let low, let high):
            return isInteger(x).logicalAnd(x >= bound(low)).logicalAnd(x <= bound(high))
        case .integerGreaterThanEq(let low): return isInteger(x).logicalAnd(x >= bound(low))
        case .multinomial(let total):
            return (x >= 0).logicalAnd(isInteger(x)).all(dim: -1).logicalAnd(x.sum(dim: -1) <= bound(total))
        case .oneHot:
            return (x .== 0).logicalOr(x .== 1).all(dim: -1).logicalAnd(x.sum(dim: -1) .== 1)
        case .simplex: return (x >= 0).all(dim: -1).logicalAnd((x.sum(dim: -1) - 1).abs() < 1e-6)
        case .lowerTriangular: return (x.tril() .== x).all(dim: [-2, -1])
        case .lowerCholesky:
            return Constraint.lowerTriangular.checkValues(x).logicalAnd(Self.diagonal(x) > 0)
        case .corrCholesky:
            let tolerance = x.dtype.epsilon * Double(x.size(-1)) * 10
            let unit = ((x.square().sum(dim: -1)).sqrt() - 1).abs() <= tolerance
            return unit.all(dim: -1).logicalAnd(Constraint.lowerCholesky.checkValues(x))
        case .square: return Self.batch(x, Set(x.shape.suffix(2)).count == 1)
        case .symmetric:
            let isSquare = Set(x.shape.suffix(2)).count == 1
            return isSquare ? x.isclose(x.mT, atol: 1e-6).all(dim: [-2, -1]) : Self.batch(x, false)
        case .positiveSemidefinite, .positiveDefinite:
            let isSymmetric = Constraint.symmetric.checkValues(x)
            if !x.device.hasValues || !isSymmetric.all().item(Bool.self) { return isSymmetric }
            if case .positiveDefinite = self { return LinAlg.choleskyEx(x).info .== 0 }
            return (LinAlg.eigvalsh(x) >= 0).all(dim: -1)
        case .independent(let base, let count):
            let result = base.checkValues(x)
            return result.rank < count
                ? result.all() : result.reshape(Array(result.shape.dropLast(count)) + [-1]).all(dim: -1)
        case .cat(let parts, let dim, let lengths):
            return TorchlightCore.cat(zip(parts, x.split(lengths, dim: dim)).map { $0.checkValues($1) }, dim: dim)
        case .stack(let parts, let dim):
            return TorchlightCore.stack(zip(parts, x.unbind(dim: dim)).map { $0.checkValues($1) }, dim: dim)
        case .dependent: return Self.batch(x, true)
        }
    }

    private static func diagonal(_ x: Tensor) -> Tensor { x.diagonal(offset: 0, dim1: -2, dim2: -1).amin(dim: -1) }

    /// One answer for all matrices.
    private static func batch(_ x: Tensor, _ answer: Bool) -> Tensor {
        Tensor.full(Array(x.shape.dropLast(2)), answer, dtype: .bool, device: x.device)
    }

    /// What is wrong with values that break the constraint, or nil. Without values, as on `Device.meta`, shapes alone are
    /// looked at.
    func violation(by value: Tensor, _ noun: String, in operation: String) -> TensorError? {
        guard value.rank >= eventDim else {
            return TensorError(
                .shape, in: operation, "\(noun) has too few dimensions",
                expected: "at least \(quantity(eventDim, "dimension"))",
                operands: [value])
        }
        guard value.device.hasValues, value.count > 0 else { return nil }
        let isValid = check(value)
        if isValid.isPlaceholder || isValid.all().item(Bool.self) { return nil }
        // If elements are checked one by one, the error names the first that violates the constraint.
        let first =
            isValid.shape == value.shape ? noGrad { value.detach().maskedSelect(isValid.logicalNot())[0].item() } : nil
        return TensorError(
            .value, in: operation, "\(noun) is out of range", got: first.map { "\($0)" }, expected: description,
            fix: "correct it, or pass validateArgs: false to skip the check", operands: [value])
    }
}

extension Constraint: CustomStringConvertible {
    /// The rule in words.
    public var description: String {
        func text(_ parameter: any DistributionParameter) -> String {
            guard let number = parameter.parameterNumber else { return "its bound" }
            return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
        }
        switch self {
        case .real: return "numbers, not NaN"
        case .realVector: return "vectors of numbers, not NaN"
        case .greaterThan(let low): return "numbers > \(text(low))"
        case .greaterThanEq(let low): return "numbers >= \(text(low))"
        case .lessThan(let high): return "numbers < \(text(high))"
        case .interval(let low, let high): return "numbers >= \(text(low)) and <= \(text(high))"
        case .halfOpenInterval(let low, let high): return "numbers >= \(text(low)) and < \(text(high))"
        case .boolean: return "0 or 1"
        case .integerInterval(let low, let high): return "integers >= \(text(low)) and <= \(text(high))"
        case .integerGreaterThanEq(let low): return "integers >= \(text(low))"
        case .multinomial(let total): return "counts >= 0 whose sum is at most \(text(total))"
        case .oneHot: return "vectors with a single 1 and zeros elsewhere"
        case .simplex: return "numbers >= 0 whose sum along the last dimension is 1"
        case .lowerTriangular: return "lower triangular matrices"
        case .lowerCholesky: return "lower triangular matrices with a positive diagonal"
        case .corrCholesky: return "lower triangular matrices with a positive diagonal and rows of length 1"
        case .square: return "square matrices"
        case .symmetric: return "symmetric matrices"
        case .positiveSemidefinite: return "symmetric matrices without negative eigenvalues"
        case .positiveDefinite: return "symmetric matrices with positive eigenvalues"
        case .independent(let base, let count): return "\(base) in the last \(quantity(count, "dimension"))"
        case .cat(let parts, let dim, _):
            return "along dimension \(dim): \(parts.map(\.description).joined(separator: ", "))"
        case .stack(let parts, let dim):
            return "along dimension \(dim): \(parts.map(\.description).joined(separator: ", "))"
        case .dependent: return "values that depend on others"
        }
    }
}
