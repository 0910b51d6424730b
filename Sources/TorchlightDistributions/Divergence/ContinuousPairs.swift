import TorchlightCore

// Each formula is minus the entropy of p and the expectation of -log q under p.

extension DivergenceTable {
    /// Pairs of different families of distributions of numbers.
    func registerContinuousPairs() {
        registerBernoulliPairs()
        registerFromBeta()
        registerFromExponential()
        registerFromGamma()
        registerFromNormalLike()
        registerFromPareto()
        registerFromUniform()
    }

    private func registerBernoulliPairs() {
        register(Bernoulli.self, Poisson.self) { p, q in -p.entropy() - p.probs * q.rate.log() + q.rate }
        register(ContinuousBernoulli.self, Exponential.self) { p, q in
            -p.entropy() - q.rate.log() + q.rate * p.mean
        }
        register(ContinuousBernoulli.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, p.variance + p.mean.square())
        }
        register(ContinuousBernoulli.self, Uniform.self) { p, q in
            (-p.entropy() + (q.high - q.low).log()).infinite(where: noGrad { (q.low > 0).logicalOr(q.high < 1) })
        }
    }

    private func registerFromBeta() {
        register(Beta.self, ContinuousBernoulli.self) { p, q in
            -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q.logNormalizer
        }
        register(Beta.self, Exponential.self) { p, q in -p.entropy() - q.rate.log() + q.rate * p.mean }
        register(Beta.self, Gamma.self) { p, q in
            let meanLog = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
            return -p.entropy() + expectedGamma(q, p.mean, meanLog)
        }
        register(Beta.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, p.variance + p.mean.square())
        }
        register(Beta.self, Uniform.self) { p, q in
            (-p.entropy() + (q.high - q.low).log()).infinite(where: noGrad { (q.low > 0).logicalOr(q.high < 1) })
        }
    }

    private func registerFromExponential() {
        register(Exponential.self, Gamma.self) { p, q in
            -p.entropy() + expectedGamma(q, p.mean, -p.rate.log() - eulerConstant)
        }
        register(Exponential.self, Gumbel.self) { p, q in
            // E(exp(-x / s)) = r s / (r s + 1).
            let product = p.rate * q.scale
            let expectation = (q.loc / q.scale).exp() * product / (product + 1)
            return -p.entropy() + q.scale.log() + (p.mean - q.loc) / q.scale + expectation
        }
        register(Exponential.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, 2 * p.variance)
        }
    }

    private func registerFromGamma() {
        register(Gamma.self, Exponential.self) { p, q in -p.entropy() - q.rate.log() + q.rate * p.mean }
        register(Gamma.self, Gumbel.self) { p, q in
            // E(exp(-x / s)) = (1 + 1 / (r s))^-a.
            let expectation = (q.loc / q.scale - p.concentration * (p.rate * q.scale).reciprocal().log1p()).exp()
            return -p.entropy() + q.scale.log() + (p.mean - q.loc) / q.scale + expectation
        }
        register(Gamma.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, p.variance + p.mean.square())
        }
    }

    private func registerFromNormalLike() {
        register(Gumbel.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, p.variance + p.mean.square())
        }
        register(Laplace.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, p.variance + p.mean.square())
        }
        register(Normal.self, Gumbel.self) { p, q in
            let difference = (p.loc - q.loc) / q.scale
            return -p.entropy() + q.scale.log() + difference
                + (0.5 * (p.scale / q.scale).square() - difference).exp()
        }
        register(Normal.self, Laplace.self) { p, q in
            // E|x - m| of a normal variable.
            let difference = p.loc - q.loc
            let z = difference / p.scale
            let distance =
                p.scale * (2 / Double.pi).squareRoot() * (-0.5 * z.square()).exp()
                + difference * (z * 0.5.squareRoot()).erf()
            return -p.entropy() + (2 * q.scale).log() + distance / q.scale
        }
    }

    private func registerFromPareto() {
        register(Pareto.self, Exponential.self) { p, q in
            (-p.entropy() - q.rate.log() + q.rate * p.finiteMean).infinite(where: noGrad { p.alpha <= 1 })
        }
        register(Pareto.self, Gamma.self) { p, q in
            let meanLog = p.scale.log() + p.alpha.reciprocal()
            return (-p.entropy() + expectedGamma(q, p.finiteMean, meanLog)).infinite(where: noGrad { p.alpha <= 1 })
        }
        register(Pareto.self, Normal.self) { p, q in
            let square = p.alpha * p.scale.square() / (p.alpha - 2)
            return (-p.entropy() + expectedNormal(q, p.finiteMean, square)).infinite(where: noGrad { p.alpha <= 2 })
        }
    }

    private func registerFromUniform() {
        register(Uniform.self, Beta.self) { p, q in
            let meanLogRest = -((1 - p.high).xlogx - (1 - p.low).xlogx + p.width) / p.width
            let (a, b) = (q.concentration1, q.concentration0)
            let logBeta = a.lgamma() + b.lgamma() - (a + b).lgamma()
            return (logBeta - (a - 1) * p.meanLog - (b - 1) * meanLogRest - p.entropy()).infinite(
                where: noGrad { (p.high > 1).logicalOr(p.low < 0) })
        }
        register(Uniform.self, ContinuousBernoulli.self) { p, q in
            (-p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q.logNormalizer).infinite(
                where: noGrad { (p.high > 1).logicalOr(p.low < 0) })
        }
        register(Uniform.self, Exponential.self) { p, q in
            (-p.entropy() - q.rate.log() + q.rate * p.mean).infinite(where: noGrad { p.low < 0 })
        }
        register(Uniform.self, Gamma.self) { p, q in
            (-p.entropy() + expectedGamma(q, p.mean, p.meanLog)).infinite(where: noGrad { p.low < 0 })
        }
        register(Uniform.self, Gumbel.self) { p, q in
            let (low, high) = ((p.low - q.loc) / q.scale, (p.high - q.loc) / q.scale)
            let expectation = q.scale / p.width * ((-low).exp() - (-high).exp())
            return -p.entropy() + q.scale.log() + 0.5 * (low + high) + expectation
        }
        register(Uniform.self, Normal.self) { p, q in
            -p.entropy() + expectedNormal(q, p.mean, p.variance + p.mean.square())
        }
        register(Uniform.self, Pareto.self) { p, q in
            let expectation = (q.alpha + 1) * p.meanLog - q.alpha.log() - q.alpha * q.scale.log()
            return (-p.entropy() + expectation).infinite(where: noGrad { p.low < q.scale })
        }
    }
}

/// `E(-log q(x))` of a normal distribution from the mean and the mean square of x.
private func expectedNormal(_ q: Normal, _ mean: Tensor, _ square: Tensor) -> Tensor {
    q.scale.log() + 0.5 * logTwoPi + (square - 2 * q.loc * mean + q.loc.square()) / (2 * q.scale.square())
}

/// `E(-log q(x))` of a gamma distribution from the mean of x and of `log x`.
private func expectedGamma(_ q: Gamma, _ mean: Tensor, _ meanLog: Tensor) -> Tensor {
    q.concentration.lgamma() - q.concentration * q.rate.log() - (q.concentration - 1) * meanLog + q.rate * mean
}

extension Pareto {
    /// The mean for exponents above 1.
    fileprivate var finiteMean: Tensor { alpha * scale / (alpha - 1) }
}

extension Uniform {
    fileprivate var width: Tensor { high - low }
    /// `E(log x)`.
    fileprivate var meanLog: Tensor { (high.xlogx - low.xlogx - width) / width }
}

extension DivergenceTable {
    /// Pairs whose divergence is infinite, since p has values that q has not.
    func registerInfinitePairs() {
        registerInfinite(Beta.self, Pareto.self)
        registerInfinite(ContinuousBernoulli.self, Pareto.self)
        registerInfiniteOnUnitInterval(Exponential.self)
        registerInfiniteOnUnitInterval(Gamma.self)
        registerInfiniteOnUnitInterval(Pareto.self)
        registerInfinite(Exponential.self, Pareto.self)
        registerInfinite(Gamma.self, Pareto.self)
        registerInfiniteOnHalfLine(Gumbel.self)
        registerInfiniteOnHalfLine(Laplace.self)
        registerInfiniteOnHalfLine(Normal.self)
        registerInfinite(Poisson.self, Bernoulli.self)
        registerInfinite(Poisson.self, Binomial.self)
    }

    private func registerInfiniteOnUnitInterval<P: Distribution>(_ p: P.Type) {
        registerInfinite(p, Beta.self)
        registerInfinite(p, ContinuousBernoulli.self)
        registerInfinite(p, Uniform.self)
    }

    private func registerInfiniteOnHalfLine<P: Distribution>(_ p: P.Type) {
        registerInfiniteOnUnitInterval(p)
        registerInfinite(p, Exponential.self)
        registerInfinite(p, Gamma.self)
        registerInfinite(p, Pareto.self)
    }
}
