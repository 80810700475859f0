"""Models of statisticians: Gaussian processes, filters, factors, mixtures, survival."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.special import gammaln, log_ndtr, logsumexp, ndtr

KERNELS, kernel = kernels()
rng = np.random.default_rng(211)


@kernel(
    np.array([0.3, -0.2, -2.0]), np.sort(rng.uniform(0, 4, 14)), rng.normal(size=14), analytic=False
)
def gaussian_process_evidence(theta, x, y):
    amplitude, length, noise = np.exp(theta)
    gram = amplitude**2 * np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / length**2)
    gram[np.diag_indices(len(x))] += noise**2 + 1e-9
    factor = np.linalg.cholesky(gram)
    alpha = solve_triangular(factor, y, lower=True)
    return -0.5 * alpha @ alpha - np.sum(np.log(np.diag(factor))) - 0.5 * len(x) * np.log(2 * np.pi)


@kernel(
    np.array([0.8, 0.1]),
    rng.uniform(0, 3, (9, 2)),
    rng.normal(size=9),
    rng.uniform(0, 3, (4, 2)),
    analytic=False,
)
def kriging_with_matern(theta, sites, values, targets):
    def matern(a, b):
        r = np.sqrt(np.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=2) + 1e-12) / np.exp(theta[0])
        return (1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r)

    k = matern(sites, sites) + (np.exp(theta[1]) * 0.1 + 1e-6) * np.eye(len(sites))
    cross = matern(targets, sites)
    factor = cho_factor(k, lower=True)
    mean = cross @ cho_solve(factor, values)
    variance = 1.0 - np.sum(cross * cho_solve(factor, cross.T).T, axis=1)
    return mean, variance


@kernel(np.array([[1.0, 0.1], [0.0, 0.95]]), np.array([0.3, 0.2]), rng.normal(size=(12, 1)))
def kalman_log_likelihood(transition, scales, observations):
    q = scales[0] ** 2 * np.eye(2)
    r = scales[1] ** 2 * np.eye(1)
    h = np.array([[1.0, 0.5]])
    m, p = np.zeros(2), np.eye(2)
    total = 0.0
    for z in observations:
        m = transition @ m
        p = transition @ p @ transition.T + q
        s = h @ p @ h.T + r
        innovation = z - h @ m
        gain = np.linalg.solve(s, h @ p).T
        total += -0.5 * (innovation @ np.linalg.solve(s, innovation) + np.log(np.linalg.det(s)))
        m = m + gain @ innovation
        p = p - gain @ h @ p
    return total, m


@kernel(np.array([0.6, -0.4]), np.array([1.2, 0.7]), rng.normal(size=10))
def rauch_tung_striebel(phi, scale, y):
    n = len(y)
    f = np.array([[phi[0], phi[1]], [1.0, 0.0]])
    means, covs, pred_m, pred_p = [], [], [], []
    m, p = np.zeros(2), np.eye(2)
    for t in range(n):
        mp, pp = f @ m, f @ p @ f.T + scale[0] ** 2 * np.outer([1.0, 0.0], [1.0, 0.0])
        k = pp[:, 0] / (pp[0, 0] + scale[1] ** 2)
        m, p = mp + k * (y[t] - mp[0]), pp - np.outer(k, pp[0])
        means.append(m)
        covs.append(p)
        pred_m.append(mp)
        pred_p.append(pp)
    smooth = [means[-1]]
    for t in range(n - 2, -1, -1):
        gain = covs[t] @ f.T @ np.linalg.inv(pred_p[t + 1] + 1e-8 * np.eye(2))
        smooth.append(means[t] + gain @ (smooth[-1] - pred_m[t + 1]))
    return np.array(smooth)[::-1, 0]


@kernel(
    0.5 * rng.normal(size=(6, 2)),
    rng.uniform(0.4, 1.0, 6),
    rng.normal(size=(20, 6)),
    analytic=False,
)
def factor_analysis(loadings, noise, data):
    covariance = loadings @ loadings.T + np.diag(noise**2)
    sample = data.T @ data / len(data)
    sign, logdet = np.linalg.slogdet(covariance)
    return -0.5 * len(data) * (sign * logdet + np.trace(np.linalg.solve(covariance, sample)))


@kernel(rng.normal(size=3), np.array([[2.0, 0.3], [0.1, 1.5]]), rng.normal(size=15), analytic=False)
def hidden_markov_gaussian(means, logits, y):
    means = means[:2]
    log_a = logits - logsumexp(logits, axis=1, keepdims=True)
    alpha = np.log(np.array([0.5, 0.5])) - 0.5 * (y[0] - means) ** 2
    for t in range(1, len(y)):
        alpha = logsumexp(alpha[:, None] + log_a, axis=0) - 0.5 * (y[t] - means) ** 2
    return logsumexp(alpha)


@kernel(
    np.array([0.4, -0.3, 0.2]), rng.normal(size=(18, 2)), rng.exponential(2.0, 18), analytic=False
)
def weibull_regression(theta, covariates, times):
    event = np.arange(18) % 4 != 0
    shape = np.exp(theta[0])
    scale = np.exp(covariates @ theta[1:])
    z = (times / scale) ** shape
    log_density = np.log(shape / scale) + (shape - 1) * np.log(times / scale) - z
    return np.sum(np.where(event, log_density, -z))


@kernel(rng.normal(size=2), rng.normal(size=(12, 2)), analytic=False)
def cox_partial_likelihood(beta, covariates):
    eta = covariates @ beta  # sorted by falling time: who is at risk comes before
    at_risk = np.logaddexp.accumulate(eta)
    observed = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0], dtype=bool)
    return np.sum((eta - at_risk)[observed])


@kernel(np.array([0.5, 1.0, -0.6]), rng.normal(size=(16, 2)), analytic=False)
def ordered_probit(theta, x):
    grade = np.arange(16) % 3
    cuts = np.array([theta[1] - 1.5, theta[1]])
    eta = x @ np.array([theta[0], theta[2]])
    low = log_ndtr(cuts[0] - eta)
    high = log_ndtr(eta - cuts[1])
    middle = np.log(ndtr(cuts[1] - eta) - ndtr(cuts[0] - eta))
    return np.sum(np.choose(grade, [low, middle, high]))


@kernel(np.array([1.3, 0.4]), rng.uniform(0.5, 2.0, 5), analytic=False)
def dirichlet_multinomial(theta, weights):
    counts = np.array([[3, 0, 2, 5, 1], [1, 4, 0, 2, 2], [0, 1, 6, 1, 0]])
    a = weights * np.exp(theta[0]) + theta[1] ** 2
    n = counts.sum(axis=1)
    per_row = (
        gammaln(a.sum()) - gammaln(a.sum() + n) + np.sum(gammaln(a + counts) - gammaln(a), axis=1)
    )
    return np.sum(per_row)


@kernel(0.3 * rng.normal(size=(5, 5)), rng.normal(size=(9, 5)), analytic=False)
def probabilistic_pca(raw, data):
    centred = data - data.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(data) + raw @ raw.T)
    sigma2 = np.mean(values[:3])
    w = vectors[:, 3:] * np.sqrt(np.maximum(values[3:] - sigma2, 0.0))
    return np.abs(w).sum(), sigma2, np.sum(np.log(values))
