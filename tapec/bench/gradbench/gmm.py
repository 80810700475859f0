# mypy: disable-error-code="no-any-return, import-untyped"
"""gmm: the log-posterior of a Gaussian mixture with a Wishart prior on its precisions.

Srajer, Kukelova, Fitzgibbon, A benchmark of selected algorithmic differentiation tools,
Optimization Methods and Software 33 (2018), with the corrections that GradBench describes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp, multigammaln

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


def precision_roots(q: Array, lower: Array) -> Array:
    """Q of every component, (k, d, d): exp(q) on the diagonal, ``lower`` below it by columns."""
    k, d = q.shape
    columns, rows = np.triu_indices(d, 1)
    roots = np.zeros((k, d, d))
    roots[:, range(d), range(d)] = np.exp(q)
    roots[:, rows, columns] = lower
    return roots


def log_prior(roots: Array, sum_q: Array, gamma: Any, m: Any) -> Any:
    """The Wishart log-density of the precisions Q^T Q, scale 1 / gamma^2, d + m + 1 degrees."""
    k, d, _ = roots.shape
    n = d + m + 1
    constant = n * d * np.log(gamma / np.sqrt(2)) - multigammaln(0.5 * n, d)
    return k * constant - 0.5 * gamma**2 * np.sum(roots**2) + m * np.sum(sum_q)


@tapec.compile(static_argnames="m")
def objective(alpha: Array, mu: Array, q: Array, lower: Array, x: Array, gamma: Any, m: int) -> Any:
    """Weights alpha (k,), means mu (k, d), q (k, d), lower (k, d(d-1)/2), points x (n, d)."""
    n, d = x.shape
    roots, sum_q = precision_roots(q, lower), np.sum(q, axis=1)
    # Q_k (x_i - mu_k) of all components by one product with the points.
    moved = np.tensordot(x, roots, axes=(1, 2)) - np.einsum("kij,kj->ki", roots, mu)
    beta = alpha + sum_q - 0.5 * np.sum(moved**2, axis=2)
    constant = -n * (0.5 * d * np.log(2 * np.pi) + logsumexp(alpha))
    return constant + np.sum(logsumexp(beta, axis=1)) + log_prior(roots, sum_q, gamma, m)


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """Arrays of the input; ``m`` is a number of the program."""
    d, k = given["d"], given["k"]
    shapes = {"alpha": (k,), "mu": (k, d), "q": (k, d), "l": (k, d * (d - 1) // 2)}
    parts = [np.array(given[name], dtype=np.float64).reshape(s) for name, s in shapes.items()]
    return (*parts, np.array(given["x"], dtype=np.float64), float(given["gamma"]), given["m"])


def write(gradient: tuple[Array, ...]) -> dict[str, Any]:
    """The gradient under the names of the variables."""
    return {n: g.tolist() for n, g in zip(("alpha", "mu", "q", "l"), gradient, strict=True)}


gradient = tapec.compile(tapec.grad(objective, argnums=(0, 1, 2, 3)), static_argnames="m")
FUNCTIONS = {
    "objective": EvalFunction(objective, read),
    "jacobian": EvalFunction(gradient, read, write),
}
