"""Regressions, survival and extreme values: log-likelihoods with scipy.stats, as fitted by users."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy import special, stats

KERNELS, kernel = kernels()
rng = np.random.default_rng(271)
DESIGN = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
TIMES = rng.weibull(1.4, 30) * 2.0 + 0.05
SEEN = rng.random(30) < 0.7
COUNTS = rng.poisson(2.0, 30)


@kernel(np.array([0.5, 0.2, -0.1, 0.3]), DESIGN, TIMES, SEEN, analytic=False)
def weibull_accelerated_failure(theta, design, times, seen):
    shape = np.exp(theta[-1])
    scale = np.exp(design @ theta[:-1])
    died = stats.weibull_min.logpdf(times, shape, scale=scale)
    alive = stats.weibull_min.logsf(times, shape, scale=scale)
    return np.sum(np.where(seen, died, alive))


@kernel(np.array([0.4, -0.3]), DESIGN[:, 1:], np.argsort(-TIMES), SEEN, analytic=False)
def cox_partial_likelihood(beta, design, latest_first, seen):
    risk = (design @ beta)[latest_first]
    events = seen[latest_first]
    total = 0.0
    at_risk = -np.inf
    for eta, event in zip(risk, events):
        at_risk = np.logaddexp(at_risk, eta)
        if event:
            total += eta - at_risk
    return total


@kernel(np.array([0.2, 0.1, -0.2, 0.4]), DESIGN, COUNTS, np.linspace(0.5, 2.0, 30), analytic=False)
def negative_binomial_regression(theta, design, counts, exposure):
    mean = exposure * np.exp(design @ theta[:3])
    size = np.exp(-theta[3])
    per_point = stats.nbinom.logpmf(counts, size, size / (size + mean))
    return -per_point.sum()


@kernel(np.array([0.2, 0.1, -0.2]), 0.3, DESIGN, COUNTS * (rng.random(30) < 0.6), analytic=False)
def zero_inflated_poisson(beta, logit_zero, design, counts):
    mu = np.exp(design @ beta)
    share = special.expit(logit_zero)
    some = np.log1p(-share) + stats.poisson.logpmf(counts, mu)
    none = np.logaddexp(np.log(share), np.log1p(-share) - mu)
    return np.where(counts == 0, none, some).sum()


@kernel(np.array([0.2, 0.3, -0.4, 1.5]), DESIGN, rng.beta(2.0, 3.0, 30), analytic=False)
def beta_regression(theta, design, shares):
    mean = special.expit(design @ theta[:3])
    precision = np.exp(theta[3])
    return stats.beta(mean * precision, (1 - mean) * precision).logpdf(shares).sum()


@kernel(np.array([0.3, 0.8, -0.4, 0.1]), DESIGN, rng.random(30), SEEN, analytic=False)
def tobit(theta, design, y, positive):
    beta, sigma = theta[:3], np.exp(theta[3])
    mean = design @ beta
    censored = stats.norm.logcdf(0.0, loc=mean, scale=sigma)
    observed = stats.norm.logpdf(y, loc=mean, scale=sigma)
    return np.where(positive, observed, censored).sum()


@kernel(
    np.array([0.7, -0.3]),
    np.array([-0.6, 0.1, 0.4]),
    DESIGN[:, 1:],
    rng.integers(0, 4, 30),
    analytic=False,
)
def ordered_probit(beta, gaps, design, grade):
    cuts = np.concatenate(
        [[-np.inf], gaps[0] + np.concatenate([[0.0], np.cumsum(np.exp(gaps[1:]))]), [np.inf]]
    )
    eta = design @ beta
    mass = stats.norm.cdf(cuts[grade + 1] - eta) - stats.norm.cdf(cuts[grade] - eta)
    return np.log(mass).mean()


@kernel(
    np.array([20.0, 0.05, 0.9, 0.12]), np.arange(25.0), 22.0 + rng.gumbel(size=25), analytic=False
)
def trend_of_annual_maxima(theta, years, maxima):
    start, slope, log_scale, shape = theta
    fit = stats.genextreme(-shape, loc=start + slope * years, scale=np.exp(log_scale))
    return_level = stats.genextreme.ppf(0.99, -shape, loc=start, scale=np.exp(log_scale))
    return -fit.logpdf(maxima).sum(), return_level


@kernel(np.array([0.1, 0.2]), 1.3, rng.pareto(4.0, 40) + 0.01, 25.0, analytic=False)
def peaks_over_threshold(theta, rate, excess, years):
    log_scale, shape = theta
    sizes = stats.genpareto.logpdf(excess, shape, scale=np.exp(log_scale)).sum()
    number = stats.poisson.logpmf(len(excess), rate * years)
    shortfall = stats.genpareto.isf(0.01, shape, scale=np.exp(log_scale))
    return sizes + number, shortfall


@kernel(np.array([0.3, 0.2, -0.5]), 0.8, 1.2, DESIGN, rng.normal(size=30), analytic=False)
def stochastic_frontier(beta, noise, skew, design, y):
    rest = y - design @ beta
    return stats.skewnorm.logpdf(rest, -skew, scale=noise).sum()


@kernel(np.array([0.4, -0.2, 0.1]), 0.7, DESIGN, TIMES, SEEN, np.arange(30) % 6, analytic=False)
def gamma_frailty(beta, log_theta, design, times, seen, group):
    theta = np.exp(log_theta)
    hazard = np.exp(design @ beta)
    total = np.sum(np.where(seen, design @ beta, 0.0))
    for g in range(6):
        inside = group == g
        deaths = np.sum(seen & inside)
        cumulative = np.sum(np.where(inside, hazard * times, 0.0))
        total += special.gammaln(theta + deaths) - special.gammaln(theta)
        total += theta * np.log(theta) - (theta + deaths) * np.log(theta + cumulative)
    return total
