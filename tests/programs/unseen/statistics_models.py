"""Hierarchies, hidden states, mixtures and copulas, with scipy.stats and scipy.special."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy import linalg, special, stats

KERNELS, kernel = kernels()
rng = np.random.default_rng(277)
EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


@kernel(4.0, 1.2, rng.normal(size=8), EFFECTS, ERRORS, analytic=False)
def eight_schools(mu, log_tau, offsets, effects, errors):
    tau = np.exp(log_tau)
    theta = mu + tau * offsets
    prior = stats.norm.logpdf(mu, 0, 5) + stats.halfcauchy.logpdf(tau, scale=5) + log_tau
    return (
        prior + stats.norm.logpdf(offsets).sum() + stats.norm(theta, errors).logpdf(effects).sum()
    )


@kernel(
    np.array([[0.3, -0.4], [0.2, 0.1]]), np.array([-0.5, 1.0]), np.array([-0.3, 0.2]),
    rng.normal(size=12), analytic=False,
)  # fmt: skip
def hidden_markov_forward(logits, means, log_scales, y):
    trans = special.log_softmax(logits, axis=1)
    alpha = np.log(np.array([0.5, 0.5])) + stats.norm.logpdf(y[0], means, np.exp(log_scales))
    for obs in y[1:]:
        emit = stats.norm.logpdf(obs, means, np.exp(log_scales))
        alpha = emit + special.logsumexp(alpha[:, None] + trans, axis=0)
    return special.logsumexp(alpha)


@kernel(
    np.array([0.1, -0.2, 0.4]), np.array([0.5, 2.0, 5.0]), np.array([0.3, 0.8, 1.4]),
    rng.gamma(2.0, 1.0, 20) + 0.05, analytic=False,
)  # fmt: skip
def gamma_mixture(logits, shapes, scales, y):
    parts = stats.gamma.logpdf(y[:, None], shapes, scale=scales)
    return special.logsumexp(parts + special.log_softmax(logits), axis=1).sum()


@kernel(
    0.4,
    np.array([1.2, 2.0]),
    np.array([3.0, 1.1]),
    rng.uniform(0.2, 2.5, (15, 2)),
    analytic=False,
)
def gaussian_copula(rho, shapes, weights, y):
    u = np.column_stack(
        [
            stats.gamma.cdf(y[:, 0], shapes[0], scale=weights[0]),
            stats.weibull_min.cdf(y[:, 1], shapes[1], scale=weights[1]),
        ]
    )
    z = stats.norm.ppf(u)
    joint = stats.multivariate_normal.logpdf(z, cov=np.array([[1.0, rho], [rho, 1.0]]))
    margins = stats.gamma.logpdf(y[:, 0], shapes[0], scale=weights[0])
    margins = margins + stats.weibull_min.logpdf(y[:, 1], shapes[1], scale=weights[1])
    return np.sum(joint - stats.norm.logpdf(z).sum(axis=1) + margins)


@kernel(
    np.array([0.5, -1.0, 4.0]), 0.2 * rng.normal(size=15), 0.1 * rng.normal(size=15), analytic=False
)
def stochastic_volatility(theta, h, returns):
    phi, log_sigma, df = np.tanh(theta[0]), theta[1], theta[2]
    sigma = np.exp(log_sigma)
    total = stats.norm.logpdf(h[0], 0.0, sigma / np.sqrt(1 - phi**2))
    for t in range(1, len(h)):
        total += stats.norm.logpdf(h[t], phi * h[t - 1], sigma)
        total += stats.t.logpdf(returns[t], df, scale=np.exp(0.5 * h[t]))
    return total


@kernel(1.3, 0.7, 0.9, np.sort(rng.uniform(0, 5, 9)), rng.normal(size=9), analytic=False)
def matern_of_any_smoothness(nu, length, amplitude, x, y):
    d = np.abs(x[:, None] - x[None, :]) + np.eye(len(x))
    scaled = np.sqrt(2 * nu) * d / length
    k = 2 ** (1 - nu) / special.gamma(nu) * scaled**nu * special.kv(nu, scaled)
    k = amplitude**2 * np.where(np.eye(len(x)) > 0, 1.0, k) + 0.01 * np.eye(len(x))
    factor = linalg.cholesky(k, lower=True)
    z = linalg.solve_triangular(factor, y, lower=True)
    return -0.5 * z @ z - np.log(np.diag(factor)).sum()


@kernel(np.array([0.5, 2.0]), np.array([-1.0, 2.0]), 0.3, rng.uniform(-3, 3, 16), analytic=False)
def von_mises_mixture(kappa, centers, logit, angles):
    parts = stats.vonmises.logpdf(angles[:, None], kappa, loc=centers)
    weights = np.array([special.log_expit(logit), special.log_expit(-logit)])
    return special.logsumexp(parts + weights, axis=1).mean()


@kernel(5.5, np.array([1.1, 0.3, 0.9]), rng.normal(size=(12, 2)), analytic=False)
def covariance_with_a_wishart_prior(df, entries, y):
    lower = np.array([[entries[0], 0.0], [entries[1], entries[2]]])
    precision = lower @ lower.T
    prior = stats.wishart.logpdf(precision, df, np.eye(2))
    likelihood = stats.multivariate_normal.logpdf(y, np.zeros(2), np.linalg.inv(precision))
    return prior + likelihood.sum()


@kernel(
    rng.normal(size=6),
    rng.normal(size=4),
    np.exp(0.2 * rng.normal(size=4)),
    rng.random((6, 4)) < 0.5,
    analytic=False,
)
def item_response(ability, difficulty, slope, right):
    eta = slope * (ability[:, None] - difficulty)
    guess = 0.15
    p = guess + (1 - guess) * special.expit(eta)
    fit = np.where(right, np.log(p), np.log1p(-p)).sum()
    return fit + stats.norm.logpdf(ability).sum() + stats.lognorm.logpdf(slope, 0.5).sum()


@kernel(np.array([2.0, 1.0, 0.5]), np.array([[5, 2, 1], [3, 3, 2], [6, 0, 2]]), analytic=False)
def dirichlet_multinomial_documents(alpha, counts):
    total = counts.sum(axis=1)
    each = special.gammaln(counts + alpha) - special.gammaln(alpha)
    whole = special.gammaln(alpha.sum()) - special.gammaln(total + alpha.sum())
    shares = alpha / alpha.sum()
    return (whole + each.sum(axis=1)).sum() + stats.dirichlet.logpdf(shares, alpha)


@kernel(np.array([1.2, 0.8, 2.5]), 0.9, np.linspace(0.3, 4.0, 12), analytic=False)
def posterior_predictive_tails(prior, level, x):
    a, b, scale = prior
    tail = stats.betaprime.logpdf(x, a, b, scale=scale).sum()
    cut = stats.gamma.ppf(level, a, scale=scale)
    spread = stats.beta.ppf(level, a, b) - stats.beta.ppf(1 - level, a, b)
    return tail, cut, spread, stats.t.sf(x, a + b).sum()
