import TorchlightCore

extension DivergenceTable {
    /// Pairs of multivariate normal distributions, and of distributions that are built of others.
    func registerMultivariate() {
        register(MultivariateNormal.self, MultivariateNormal.self) { p, q in
            guard sameEvents(p, q) else { return nil }
            let trace = triangularSolve(q.factor, p.factor).squaredFrobenius
            let distance = squaredMahalanobis(q.factor, q.loc - p.loc)
            return q.factor.logDiagonalSum - p.factor.logDiagonalSum + 0.5 * (trace + distance - p.size)
        }
        register(LowRankMultivariateNormal.self, LowRankMultivariateNormal.self) { p, q in
            guard sameEvents(p, q) else { return nil }
            let a = triangularSolve(q.capacitance, q.factor.mT / q.diagonal.unsqueeze(-2))
            let trace =
                (p.diagonal / q.diagonal).sum(dim: -1) + (p.factor * q.diagonal.rsqrt().unsqueeze(-1)).squaredFrobenius
                - (a * p.diagonal.sqrt().unsqueeze(-2)).squaredFrobenius - a.matmul(p.factor).squaredFrobenius
            let distance = q.squaredDistance(q.loc - p.loc)
            return 0.5 * (q.logDeterminant - p.logDeterminant + trace + distance - p.size)
        }
        register(MultivariateNormal.self, LowRankMultivariateNormal.self) { p, q in
            guard sameEvents(p, q) else { return nil }
            let a = triangularSolve(q.capacitance, q.factor.mT / q.diagonal.unsqueeze(-2))
            let trace =
                (p.factor * q.diagonal.rsqrt().unsqueeze(-1)).squaredFrobenius - a.matmul(p.factor).squaredFrobenius
            let distance = q.squaredDistance(q.loc - p.loc)
            return 0.5 * (q.logDeterminant - 2 * p.factor.logDiagonalSum + trace + distance - p.size)
        }
        register(LowRankMultivariateNormal.self, MultivariateNormal.self) { p, q in
            guard sameEvents(p, q) else { return nil }
            let trace =
                triangularSolve(q.factor, p.factor).squaredFrobenius
                + triangularSolve(q.factor, p.diagonal.sqrt().diagEmbed()).squaredFrobenius
            let distance = squaredMahalanobis(q.factor, q.loc - p.loc)
            return 0.5 * (2 * q.factor.logDiagonalSum - p.logDeterminant + trace + distance - p.size)
        }
        register(Independent.self, Independent.self) { p, q in
            guard p.reinterpretedBatchNdims == q.reinterpretedBatchNdims else { return nil }
            return klDivergence(p.baseDistribution, q.baseDistribution).sumRightmost(p.reinterpretedBatchNdims)
        }
        // A bijection that both share changes nothing.
        register(TransformedDistribution.self, TransformedDistribution.self) { p, q in
            guard areEqual(p.transforms, q.transforms), sameEvents(p, q) else { return nil }
            let base = klDivergence(p.baseDistribution, q.baseDistribution)
            return base.sumRightmost(p.baseDistribution.batchShape.count - p.batchShape.count)
        }
    }
}

/// Whether two distributions have the same event shape.
private func sameEvents(_ p: some Distribution, _ q: some Distribution) -> Bool { p.eventShape == q.eventShape }

extension Distribution {
    /// The number of elements of a vector.
    fileprivate var size: Double { Double(eventShape.last ?? 0) }
}
