"""Fit a Gaussian process: the likelihood in SciPy's linear algebra, its gradient compiled."""

from __future__ import annotations

import numpy as np
from scipy import linalg, optimize

import tapec

rng = np.random.default_rng(3)
x = np.sort(rng.uniform(0, 10, 40))
y = np.sin(x) + 0.1 * rng.normal(size=40)


@tapec.compile
def negative_log_likelihood(theta, x, y):
    """Of observations y at x; theta holds logarithms of length, amplitude and noise."""
    length, amplitude, noise = np.exp(theta)
    distance = x[:, None] - x
    covariance = amplitude**2 * np.exp(-0.5 * (distance / length) ** 2)
    factor = linalg.cho_factor(covariance + noise**2 * np.eye(x.size), lower=True)
    fitted = y @ linalg.cho_solve(factor, y)
    return 0.5 * fitted + np.sum(np.log(np.diagonal(factor[0]))) + 0.5 * x.size * np.log(2 * np.pi)


def main() -> None:
    """The noise that was added is found again."""
    start = np.log([0.5, 1.0, 0.5])
    found = optimize.minimize(
        negative_log_likelihood.value_and_grad, start, args=(x, y), jac=True, method="BFGS"
    )
    length, amplitude, noise = np.exp(found.x)
    print(f"length {length:.2f}, amplitude {amplitude:.2f}, noise {noise:.3f}")
    assert abs(noise - 0.1) < 0.03
    spread = linalg.inv(negative_log_likelihood.hessian(found.x, x, y))
    print(f"standard errors of the logarithms: {np.sqrt(np.diag(spread)).round(2)}")


if __name__ == "__main__":
    main()
