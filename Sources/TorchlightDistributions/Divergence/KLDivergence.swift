import Synchronization
import TorchlightCore

/// The Kullback-Leibler divergence `E_p(log p(x) - log q(x))` of q from p, in nats: the common batch shape.
///
/// Infinite where p has values that q has not. Formulas are looked up by the types of both; see ``registerKL(_:_:_:)``. A pair without
/// one is an error.
///
///     klDivergence(Normal(loc: 0, scale: 1), Normal(loc: 1, scale: 2))
public func klDivergence(_ p: any Distribution, _ q: any Distribution) -> Tensor {
    let table = DivergenceTable.shared
    for (p, q) in [(p, q), (p.generalForm, q), (p, q.generalForm), (p.generalForm, q.generalForm)] {
        guard let p, let q, let formula = table.formula(type(of: p), type(of: q)) else { continue }
        if let result = formula(p, q) { return result }
    }
    return fail(
        TensorError(
            .unsupported, in: "klDivergence", "there is no formula for this pair",
            got: "\(type(of: p)) and \(type(of: q))",
            expected: "a pair that has been registered", fix: "register one with registerKL, or estimate it from draws")
    )
}

/// Registers a formula for the divergence of a pair of types, in place of the one there may be.
///
///     registerKL(MyDistribution.self, Normal.self) { p, q in ... }
public func registerKL<P: Distribution, Q: Distribution>(
    _ p: P.Type, _ q: Q.Type, _ formula: @escaping @Sendable (P, Q) -> Tensor
) {
    DivergenceTable.shared.register(p, q) { formula($0, $1) }
}

/// The formulas by pairs of types.
final class DivergenceTable: Sendable {
    /// A formula; nil where it holds for other members of the two types only.
    typealias Formula = @Sendable (any Distribution, any Distribution) -> Tensor?
    private struct Pair: Hashable {
        let p, q: ObjectIdentifier
    }

    private let formulas = Mutex<[Pair: Formula]>([:])

    static let shared: DivergenceTable = {
        let table = DivergenceTable()
        table.registerSameFamily()
        table.registerContinuousPairs()
        table.registerInfinitePairs()
        table.registerMultivariate()
        return table
    }()

    func formula(_ p: any Distribution.Type, _ q: any Distribution.Type) -> Formula? {
        formulas.withLock { $0[Pair(p: ObjectIdentifier(p), q: ObjectIdentifier(q))] }
    }

    func register<P: Distribution, Q: Distribution>(
        _: P.Type, _: Q.Type, _ formula: @escaping @Sendable (P, Q) -> Tensor?
    ) {
        let pair = Pair(p: ObjectIdentifier(P.self), q: ObjectIdentifier(Q.self))
        formulas.withLock { formulas in
            formulas[pair] = { p, q in
                guard let p = p as? P, let q = q as? Q else { return nil }
                return formula(p, q)
            }
        }
    }

    /// Pairs of which p always has values that q has not.
    func registerInfinite<P: Distribution, Q: Distribution>(_ p: P.Type, _ q: Q.Type) {
        register(p, q) { p, q in
            p.mean.filled(.infinity, commonShape(p.batchShape, q.batchShape))
        }
    }
}

extension Tensor {
    /// Infinity where a condition holds; no gradient passes there.
    func infinite(where condition: Tensor) -> Tensor { Tensor.where(condition, Double.infinity, self) }

    /// `x log x`, 0 at 0.
    var xlogx: Tensor { xlogy(self) }
}
