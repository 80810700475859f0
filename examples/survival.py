"""Maximum likelihood with scipy.stats: survival times, some of them known to be longer only.

Gradient and Hessian are exact, and the Hessian at the maximum gives the standard errors. The gamma
model shows a slope by a shape, which is an integral.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

import tapec

rng = np.random.default_rng(4)
COUNT, TRUE = 400, np.array([1.0, -0.5, 0.3, np.log(1.6)])  # effects, logarithm of the shape
design = np.column_stack([np.ones(COUNT), rng.normal(size=(COUNT, 2))])
lifetimes = rng.weibull(np.exp(TRUE[3]), COUNT) * np.exp(design @ TRUE[:3])
limits = rng.uniform(1.0, 8.0, COUNT)
seen, times = lifetimes <= limits, np.minimum(lifetimes, limits)


@tapec.compile
def weibull(theta):
    """The negative log-likelihood: densities of times that were seen, tails of the others."""
    model = stats.weibull_min(np.exp(theta[3]), scale=np.exp(design @ theta[:3]))
    return -np.sum(np.where(seen, model.logpdf(times), model.logsf(times)))


@tapec.compile
def gamma(theta):
    """The same of gamma variables."""
    model = stats.gamma(np.exp(theta[3]), scale=np.exp(design @ theta[:3]))
    return -np.sum(np.where(seen, model.logpdf(times), model.logsf(times)))


def fitted(loss):
    """The minimum by Newton's method, from exact derivatives."""
    start, options = np.zeros(4), {"gtol": 1e-7}
    return optimize.minimize(
        loss.value_and_grad,
        start,
        jac=True,
        hess=loss.hessian,
        method="trust-exact",
        options=options,
    )


def main() -> None:
    """The parameters that made the data are found again, within their errors."""
    found, other = fitted(weibull), fitted(gamma)
    errors = np.sqrt(np.diag(np.linalg.inv(weibull.hessian(found.x))))
    print(f"{np.sum(~seen)} of {COUNT} times are censored; {found.nit} steps")
    for name, *row in zip(
        ("constant", "first", "second", "log shape"), found.x, errors, TRUE, strict=True
    ):
        print("{:10} {:7.3f} +- {:.3f}, true {:6.3f}".format(name, *row))
    print(f"log-likelihoods: Weibull {-found.fun:.2f}, gamma {-other.fun:.2f}")
    assert found.success
    assert other.success
    assert np.all(np.abs(found.x - TRUE) < 4 * errors)
    assert found.fun < other.fun


if __name__ == "__main__":
    main()
