"""Writes scipy_values.json: log probabilities, distribution functions, entropies, moments and divergences by SciPy.

    python3 record_scipy_values.py        # SciPy 1.11 or newer

Parameters are named as in the Swift initialisers. Divergences are integrals of log p - log q over the probability under p.
"""
import json

import numpy as np
from scipy import integrate, stats

CONTINUOUS = {
    "Normal": [({"loc": m, "scale": s}, stats.norm(m, s)) for m, s in [(0, 1), (-2.5, 0.3), (10, 40)]],
    "LogNormal": [({"loc": m, "scale": s}, stats.lognorm(s, scale=np.exp(m))) for m, s in [(0, 1), (0.5, 0.25)]],
    "HalfNormal": [({"scale": s}, stats.halfnorm(scale=s)) for s in [1, 0.2]],
    "Cauchy": [({"loc": m, "scale": s}, stats.cauchy(m, s)) for m, s in [(0, 1), (3, 0.5)]],
    "HalfCauchy": [({"scale": s}, stats.halfcauchy(scale=s)) for s in [1, 4]],
    "Laplace": [({"loc": m, "scale": s}, stats.laplace(m, s)) for m, s in [(0, 1), (-1, 2.5)]],
    "Gumbel": [({"loc": m, "scale": s}, stats.gumbel_r(m, s)) for m, s in [(0, 1), (1.5, 0.7)]],
    "Uniform": [({"low": a, "high": b}, stats.uniform(a, b - a)) for a, b in [(0, 1), (-3, 2)]],
    "StudentT": [({"df": d, "loc": m, "scale": s}, stats.t(d, m, s)) for d, m, s in [(1, 0, 1), (4.5, 2, 0.5), (300, 0, 1)]],
    "FisherSnedecor": [({"df1": a, "df2": b}, stats.f(a, b)) for a, b in [(4, 6), (2.5, 9)]],
    "Gamma": [({"concentration": a, "rate": b}, stats.gamma(a, scale=1 / b)) for a, b in [(0.1, 1), (1, 2), (7.5, 0.5), (400, 3)]],
    "InverseGamma": [({"concentration": a, "rate": b}, stats.invgamma(a, scale=b)) for a, b in [(2.5, 1), (6, 3)]],
    "Chi2": [({"df": d}, stats.chi2(d)) for d in [1, 5.5]],
    "Exponential": [({"rate": r}, stats.expon(scale=1 / r)) for r in [1, 0.05]],
    "Pareto": [({"scale": s, "alpha": a}, stats.pareto(a, scale=s)) for s, a in [(1, 3), (0.5, 2.2)]],
    "Weibull": [({"scale": s, "concentration": k}, stats.weibull_min(k, scale=s)) for s, k in [(1, 1.5), (2, 0.7)]],
    "Beta": [({"concentration1": a, "concentration0": b}, stats.beta(a, b)) for a, b in [(2, 3), (0.5, 0.5), (30, 2)]],
    "VonMises": [({"loc": m, "concentration": k}, stats.vonmises(k, loc=m)) for m, k in [(0, 1), (1, 20), (0, 200)]],
    "GeneralizedPareto": [
        ({"loc": m, "scale": s, "concentration": c}, stats.genpareto(c, m, s)) for m, s, c in [(0, 1, 0.3), (1, 2, -0.4), (0, 2, 0)]
    ],
}
DISCRETE = {
    "Bernoulli": [({"probs": p}, stats.bernoulli(p), [0, 1]) for p in [0.3, 0.999]],
    "Geometric": [({"probs": p}, stats.geom(p, loc=-1), [0, 1, 5, 40]) for p in [0.3, 0.05]],
    "Poisson": [({"rate": r}, stats.poisson(r), [0, 1, 7, 60]) for r in [0.5, 12]],
    "Binomial": [({"totalCount": n, "probs": p}, stats.binom(n, p), [0, 1, n // 2, n]) for n, p in [(5, 0.4), (60, 0.9)]],
    "NegativeBinomial": [({"totalCount": n, "probs": p}, stats.nbinom(n, 1 - p), [0, 1, 9, 50]) for n, p in [(3, 0.4), (2.5, 0.8)]],
}
QUANTILES = [0.001, 0.1, 0.4, 0.5, 0.75, 0.99]


def numbers(values):
    return [float(v) if np.isfinite(v) else repr(float(v)) for v in np.atleast_1d(values)]


def univariate():
    for name, cases in CONTINUOUS.items():
        for parameters, d in cases:
            values = d.ppf(QUANTILES)
            mean, variance = d.stats("mv")
            if name == "VonMises":
                mean = variance = np.nan
            yield {
                "distribution": name, "parameters": parameters, "values": numbers(values), "log_prob": numbers(d.logpdf(values)),
                "cdf": numbers(d.cdf(values)), "quantiles": QUANTILES, "entropy": numbers(d.entropy())[0],
                "mean": numbers(mean)[0], "variance": numbers(variance)[0],
            }
    for name, cases in DISCRETE.items():
        for parameters, d, values in cases:
            k = np.arange(0, 4000)
            p, logp = d.pmf(k), d.logpmf(k)
            yield {
                "distribution": name, "parameters": parameters, "values": numbers(values), "log_prob": numbers(d.logpmf(values)),
                "entropy": float(-np.sum(np.where(p > 0, p * np.where(p > 0, logp, 0), 0))),
                "mean": float(d.mean()), "variance": float(d.var()),
            }


def multivariate():
    cov = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
    mean = np.array([1.0, -1.0, 0.5])
    points = np.array([[0.0, 0, 0], [1, -1, 0.5], [3, 2, -1]])
    d = stats.multivariate_normal(mean, cov)
    yield {"distribution": "MultivariateNormal", "loc": mean.tolist(), "matrix": cov.tolist(), "values": points.tolist(),
           "log_prob": numbers(d.logpdf(points)), "entropy": float(d.entropy())}
    a = np.array([0.8, 2.5, 4.0])
    points = np.array([[0.2, 0.3, 0.5], [0.01, 0.09, 0.9]])
    d = stats.dirichlet(a)
    yield {"distribution": "Dirichlet", "loc": a.tolist(), "values": points.tolist(),
           "log_prob": [float(d.logpdf(x)) for x in points], "entropy": float(d.entropy())}
    p = np.array([0.2, 0.5, 0.3])
    counts = np.array([[1, 3, 2], [0, 6, 0], [2, 2, 2]])
    d = stats.multinomial(6, p)
    yield {"distribution": "Multinomial", "loc": p.tolist(), "values": counts.tolist(), "log_prob": numbers(d.logpmf(counts)),
           "entropy": float(d.entropy())}
    d = stats.wishart(5.5, cov)
    matrices = np.array([np.eye(3) * 4, cov * 5.5])
    yield {"distribution": "Wishart", "df": 5.5, "matrix": cov.tolist(), "values": matrices.tolist(),
           "log_prob": [float(d.logpdf(x)) for x in matrices], "entropy": float(d.entropy())}


def divergences():
    def entry(p, q):
        (pname, pparams, pd), (qname, qparams, qd) = p, q
        # Over the probability, so that heavy tails count in full.
        value, _ = integrate.quad(
            lambda u: pd.logpdf(pd.ppf(u)) - qd.logpdf(pd.ppf(u)), 0, 1, limit=2000, epsabs=1e-9, epsrel=1e-9)
        return {"p": {"distribution": pname, "parameters": pparams}, "q": {"distribution": qname, "parameters": qparams},
                "divergence": float(value)}

    def case(name, index=0):
        parameters, d = CONTINUOUS[name][index]
        return name, parameters, d

    normal, gumbel, laplace = case("Normal", 1), case("Gumbel", 1), case("Laplace", 1)
    inner = "Uniform", {"low": 0.2, "high": 0.9}, stats.uniform(0.2, 0.7)
    gamma, exponential, beta = case("Gamma", 2), case("Exponential"), case("Beta")
    pareto = "Pareto", {"scale": 0.5, "alpha": 6.0}, stats.pareto(6.0, scale=0.5)
    small = "Pareto", {"scale": 0.1, "alpha": 2.0}, stats.pareto(2.0, scale=0.1)
    pairs = [
        (normal, case("Normal")), (normal, gumbel), (normal, laplace), (laplace, case("Laplace")), (laplace, normal),
        (gumbel, case("Gumbel")), (gumbel, case("Normal", 2)), (beta, case("Beta", 2)), (beta, exponential), (beta, gamma),
        (beta, normal), (beta, case("Uniform")), (exponential, case("Exponential", 1)), (exponential, gamma),
        (exponential, gumbel), (exponential, case("Normal", 2)), (gamma, case("Gamma", 1)), (gamma, exponential),
        (gamma, gumbel), (gamma, case("Normal", 2)), (case("HalfNormal"), case("HalfNormal", 1)),
        (pareto, small), (pareto, exponential), (pareto, gamma), (pareto, case("Normal", 2)), (inner, case("Uniform")),
        (inner, beta), (inner, exponential), (inner, gamma), (inner, gumbel), (inner, normal), (inner, small),
        (case("LogNormal", 1), case("LogNormal")), (case("InverseGamma"), case("InverseGamma", 1)),
        (case("Chi2", 1), gamma), (case("Cauchy"), case("Cauchy", 1)),
    ]
    return [entry(p, q) for p, q in pairs]


if __name__ == "__main__":
    record = {"univariate": list(univariate()), "multivariate": list(multivariate()), "divergences": divergences()}
    with open("scipy_values.json", "w") as file:
        json.dump(record, file, indent=0)
        file.write("\n")
