# mypy: disable-error-code="no-any-return, import-untyped"
"""Fitting: polynomial least squares and k-means (GradBench), logistic regression on real data."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
from scipy import special

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

LLSQ_COEFFICIENTS, LLSQ_POINTS = 32, 4096
POINTS, CENTROIDS, DIMENSION = 10_000, 10, 8
PENALTY = 1e-3


def llsq(x: Array, t: Array) -> Any:
    """Half the squared distance of the polynomial with coefficients x from sign(t)."""
    powers = t[:, None] ** np.arange(x.shape[0])
    residual = np.sign(t) - powers @ x
    return 0.5 * np.sum(residual**2)


def llsq_gradient(x: Array, t: Array) -> Array:
    """-V^T (sign(t) - V x) with the Vandermonde matrix V."""
    vander = np.vander(t, x.size, increasing=True)
    return -vander.T @ (np.sign(t) - vander @ x)


def kmeans(centroids: Array, points: Array) -> Array:
    """Sum over the points of the squared distance to the nearest centroid."""
    difference = points[:, None, :] - centroids[None, :, :]
    return np.sum(np.min(np.sum(difference**2, axis=2), axis=1))


def kmeans_gradient(centroids: Array, points: Array) -> Array:
    """2 (count_k centroid_k - sum of the points of cluster k)."""
    nearest = np.linalg.norm(points[:, None, :] - centroids, axis=2).argmin(1)
    member = np.eye(len(centroids))[nearest]
    return 2.0 * (member.sum(0)[:, None] * centroids - member.T @ points)


def logistic(w: Array, features: Array, sign: Array) -> Array:
    """Mean logistic loss with an L2 penalty; the last weight is the intercept."""
    margin = sign * (features @ w[:-1] + w[-1])
    return np.mean(np.logaddexp(0.0, -margin)) + 0.5 * PENALTY * np.sum(w**2)


def _design(features: Array) -> Array:
    return np.column_stack([features, np.ones(len(features))])


def logistic_gradient(w: Array, features: Array, sign: Array) -> Array:
    """-A^T (y sigma(-y A w)) / n + penalty w."""
    design = _design(features)
    pull = sign * special.expit(-sign * (design @ w))
    return -design.T @ pull / len(sign) + PENALTY * w


def logistic_hessian(w: Array, features: Array, sign: Array) -> Array:
    """A^T diag(sigma (1 - sigma)) A / n + penalty I."""
    design = _design(features)
    p = special.expit(design @ w)
    return (design.T * (p * (1.0 - p))) @ design / len(sign) + PENALTY * np.eye(w.size)


def wdbc() -> tuple[Array, Array]:
    """Standardised features (569, 30) and labels +1 benign, -1 malignant of ``data/wdbc.csv``."""
    with (files("tapec.bench") / "data" / "wdbc.csv").open() as stream:
        table = np.loadtxt(stream, delimiter=",", skiprows=1)
    features, benign = table[:, :-1], table[:, -1]
    standard = (features - features.mean(0)) / features.std(0)
    return np.ascontiguousarray(standard), 2.0 * benign - 1.0


def _logistic_inputs(rng: np.random.Generator) -> Arguments:
    features, sign = wdbc()
    return 0.3 * rng.standard_normal(features.shape[1] + 1), features, sign


CASES = (
    Case(
        name="llsq",
        about=f"polynomial least squares (GradBench), {LLSQ_COEFFICIENTS} x {LLSQ_POINTS}",
        f=llsq,
        inputs=lambda rng: (
            rng.standard_normal(LLSQ_COEFFICIENTS),
            np.linspace(-1.0, 1.0, LLSQ_POINTS),
        ),
        references={Task.GRADIENT: Exact(llsq_gradient)},
        family="llsq",
    ),
    Case(
        name="kmeans",
        about=f"k-means (GradBench), {POINTS} points, {CENTROIDS} centroids, d = {DIMENSION}",
        f=kmeans,
        inputs=lambda rng: (
            rng.standard_normal((CENTROIDS, DIMENSION)),
            rng.standard_normal((POINTS, DIMENSION)),
        ),
        references={Task.GRADIENT: Exact(kmeans_gradient)},
        family="kmeans",
    ),
    Case(
        name="logistic",
        about="logistic regression on the Wisconsin breast cancer data, 569 x 30",
        f=logistic,
        inputs=_logistic_inputs,
        references={Task.GRADIENT: Exact(logistic_gradient), Task.HESSIAN: Exact(logistic_hessian)},
        family="logistic",
    ),
)
