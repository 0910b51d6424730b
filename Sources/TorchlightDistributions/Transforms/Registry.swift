import TorchlightCore

/// A bijection from numbers without constraints to the values of a constraint, as `torch.distributions.biject_to`.
///
///     let scale = bijectTo(.positive)(rawScale)
public func bijectTo(_ constraint: Constraint) -> ComposeTransform { ComposeTransform([bijection(constraint)]) }

/// A transform from numbers without constraints to the values of a constraint, as `torch.distributions.transform_to`: not necessarily a
/// bijection, but with coordinates that optimisers can change one by one.
public func transformTo(_ constraint: Constraint) -> ComposeTransform { ComposeTransform([transform(constraint)]) }

// The result is of a concrete type: the compiler ends abnormally on `f(a)(b)` where `f` returns an existential.

private func bijection(_ constraint: Constraint) -> any DistributionTransform {
    switch constraint {
    case .simplex: StickBreakingTransform()
    case .corrCholesky: CorrCholeskyTransform()
    case .independent(let base, let count): IndependentTransform(bijection(base), count)
    case .cat(let parts, let dim, let lengths): CatTransform(parts.map(bijection), dim: dim, lengths: lengths)
    case .stack(let parts, let dim): StackTransform(parts.map(bijection), dim: dim)
    default: numberTransform(constraint, "bijectTo")
    }
}

private func transform(_ constraint: Constraint) -> any DistributionTransform {
    switch constraint {
    case .simplex: SoftmaxTransform()
    case .lowerCholesky: LowerCholeskyTransform()
    case .positiveDefinite, .positiveSemidefinite: PositiveDefiniteTransform()
    case .corrCholesky: CorrCholeskyTransform()
    case .independent(let base, let count): IndependentTransform(transform(base), count)
    case .cat(let parts, let dim, let lengths): CatTransform(parts.map(transform), dim: dim, lengths: lengths)
    case .stack(let parts, let dim): StackTransform(parts.map(transform), dim: dim)
    default: numberTransform(constraint, "transformTo")
    }
}

/// The transform to a constraint of numbers.
private func numberTransform(_ constraint: Constraint, _ operation: String) -> any DistributionTransform {
    switch constraint {
    case .real, .realVector: return ComposeTransform([])
    case .greaterThan(let low), .greaterThanEq(let low):
        if low.parameterNumber == 0 { return ExpTransform() }
        return ComposeTransform([ExpTransform(), AffineTransform(loc: low, scale: 1)])
    case .lessThan(let high): return ComposeTransform([ExpTransform(), AffineTransform(loc: high, scale: -1)])
    case .interval(let low, let high), .halfOpenInterval(let low, let high):
        if low.parameterNumber == 0, high.parameterNumber == 1 { return SigmoidTransform() }
        let width = difference(high, low)
        return ComposeTransform([SigmoidTransform(), AffineTransform(loc: low, scale: width)])
    default:
        _ = fail(
            TensorError(
                .unsupported, in: operation, "there is no transform to this constraint", got: "\(constraint)",
                expected: "a constraint of continuous values"))
        return ComposeTransform([])
    }
}

private func difference(_ a: any DistributionParameter, _ b: any DistributionParameter) -> any DistributionParameter {
    if let x = a.parameterNumber, let y = b.parameterNumber { return x - y }
    return a.parameterTensor - b.parameterTensor
}
