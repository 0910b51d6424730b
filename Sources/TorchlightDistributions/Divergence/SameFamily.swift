import TorchlightCore

extension DivergenceTable {
    /// Pairs of one family of distributions of numbers or of probabilities.
    func registerSameFamily() {
        register(Bernoulli.self, Bernoulli.self) { p, q in
            let (a, b) = (p.probs, q.probs)
            let one = (a * (q.logits.negLogSigmoid - p.logits.negLogSigmoid)).infinite(where: noGrad { b .== 0 })
            let zero = ((1 - a) * ((-q.logits).negLogSigmoid - (-p.logits).negLogSigmoid)).infinite(
                where: noGrad { b .== 1 })
            return Tensor.where(noGrad { a .== 0 }, 0.0, one) + Tensor.where(noGrad { a .== 1 }, 0.0, zero)
        }
        register(Binomial.self, Binomial.self) { p, q in
            if noGrad({ p.totalCount < q.totalCount }).any().item(Bool.self) {
                return fail(
                    TensorError(
                        .unsupported, in: "klDivergence", "q has more trials than p, which has no closed formula",
                        operands: [p.totalCount, q.totalCount]))
            }
            let logRatio = (-p.probs).log1p() - (-q.probs).log1p()
            return (p.totalCount * (p.probs * (p.logits - q.logits) + logRatio)).infinite(
                where: noGrad { p.totalCount > q.totalCount })
        }
        register(Categorical.self, Categorical.self) { p, q in
            let terms = (p.probs * (p.logits - q.logits)).infinite(where: noGrad { q.probs .== 0 })
            return Tensor.where(noGrad { p.probs .== 0 }, 0.0, terms).sum(dim: -1)
        }
        register(OneHotCategorical.self, OneHotCategorical.self) { p, q in klDivergence(p.categorical, q.categorical) }
        register(ContinuousBernoulli.self, ContinuousBernoulli.self) { p, q in
            p.mean * (p.logits - q.logits) + p.logNormalizer + (-p.probs).log1p() - q.logNormalizer - (-q.probs).log1p()
        }
        register(Geometric.self, Geometric.self) { p, q in
            -p.entropy() - (-q.probs).log1p() / p.probs - q.logits
        }
        register(Poisson.self, Poisson.self) { p, q in p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate) }
        register(Beta.self, Beta.self) { p, q in
            let (a, b, c, d) = (p.concentration1, p.concentration0, q.concentration1, q.concentration0)
            let (sumP, sumQ) = (a + b, c + d)
            let normalizers = c.lgamma() + d.lgamma() + sumP.lgamma() - (a.lgamma() + b.lgamma() + sumQ.lgamma())
            return normalizers + (a - c) * a.digamma() + (b - d) * b.digamma() + (sumQ - sumP) * sumP.digamma()
        }
        register(Dirichlet.self, Dirichlet.self) { p, q in
            let (a, b) = (p.concentration, q.concentration)
            let (sumP, sumQ) = (a.sum(dim: -1), b.sum(dim: -1))
            let moments = ((a - b) * (a.digamma() - sumP.digamma().unsqueeze(-1))).sum(dim: -1)
            return sumP.lgamma() - sumQ.lgamma() - (a.lgamma() - b.lgamma()).sum(dim: -1) + moments
        }
        register(Exponential.self, Exponential.self) { p, q in
            let ratio = q.rate / p.rate
            return ratio - ratio.log() - 1
        }
        register(Gamma.self, Gamma.self) { p, q in
            let (a, b) = (p.concentration, q.concentration)
            return b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma() + (a - b) * a.digamma()
                + (q.rate - p.rate) * (a / p.rate)
        }
        register(Normal.self, Normal.self) { p, q in
            let ratio = (p.scale / q.scale).square()
            return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())
        }
        register(HalfNormal.self, HalfNormal.self) { p, q in klDivergence(p.normal, q.normal) }
        register(Laplace.self, Laplace.self) { p, q in
            let ratio = p.scale / q.scale
            let distance = (p.loc - q.loc).abs()
            return distance / q.scale - ratio.log() + ratio * (-distance / p.scale).exp() - 1
        }
        register(Cauchy.self, Cauchy.self) { p, q in
            ((p.scale + q.scale).square() + (p.loc - q.loc).square()).log() - (4 * p.scale * q.scale).log()
        }
        register(Gumbel.self, Gumbel.self) { p, q in
            let ratio = p.scale / q.scale
            let difference = (q.loc - p.loc) / q.scale
            return ratio * eulerConstant - ratio.log() - difference + (difference + (ratio + 1).lgamma()).exp()
                - (1 + eulerConstant)
        }
        register(Pareto.self, Pareto.self) { p, q in
            let ratio = q.alpha / p.alpha
            return (q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1).infinite(
                where: noGrad { p.scale < q.scale })
        }
        register(Uniform.self, Uniform.self) { p, q in
            ((q.high - q.low) / (p.high - p.low)).log().infinite(
                where: noGrad { (q.low > p.low).logicalOr(q.high < p.high) })
        }
    }
}

extension Tensor {
    /// `-log sigmoid(x)`.
    fileprivate var negLogSigmoid: Tensor { -logsigmoid() }
}
