"""`scipy.stats`: densities estimated by kernels; distributions are in `tapec.trace.numpy`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from tapec.scipy.registry import StandIn, builds, floats, refused, stands_for
from tapec.trace.arrays.table import TABLE
from tapec.trace.python.packages import Placed


def _factor(bw_method: Any, size: int, count: Any) -> Any:
    """Scott's or Silverman's, or the number itself; of the number of points that weights leave."""
    if bw_method is None or (isinstance(bw_method, str) and bw_method == "scott"):
        return count ** (-1.0 / (size + 4.0))
    if isinstance(bw_method, str) and bw_method == "silverman":
        return (count * (size + 2.0) / 4.0) ** (-1.0 / (size + 4.0))
    if callable(bw_method) or isinstance(bw_method, str):
        raise refused("gaussian_kde with a function as bw_method", "pass the number that it gives")
    return bw_method


@builds(stats.gaussian_kde)
def _of_traced(dataset: Any, bw_method: Any = None, weights: Any = None) -> KernelDensity:
    """The estimate from points in columns."""
    data = floats(dataset)
    data = data[None, :] if data.ndim == 1 else data
    size, n = data.shape
    shares = np.ones(n) / n if weights is None else floats(weights) / np.sum(weights)
    squares = np.sum(shares * shares)
    factor = _factor(bw_method, size, 1.0 / squares)
    rest = data - np.sum(shares * data, axis=1, keepdims=True)
    spread = (shares * rest) @ rest.T / (1.0 - squares)
    return KernelDensity(data, shares, spread * factor**2, factor)


class KernelDensity(StandIn):
    """Normal densities of one covariance around weighted points."""

    def __init__(self, dataset: Any, weights: Any, covariance: Any, factor: Any) -> None:
        self.dataset, self.weights = dataset, weights
        self.covariance, self.factor = covariance, factor
        self.d, self.n = (int(n) for n in np.shape(dataset))

    def logpdf(self, x: Any) -> Any:
        """The logarithm at points in columns."""
        points = floats(x)
        points = np.reshape(points, (self.d, -1)) if points.ndim < 2 else points
        if points.shape[0] != self.d:
            raise ValueError(f"points have dimension {points.shape[0]}, dataset has {self.d}")
        factor = np.linalg.cholesky(floats(self.covariance))
        solve = TABLE["scipy.linalg.solve_triangular"]
        at, around = (solve(factor, e, lower=True) for e in (points, floats(self.dataset)))
        gaps = at[:, :, None] - around[:, None, :]
        kernels = np.log(floats(self.weights)) - 0.5 * np.sum(gaps * gaps, axis=0)
        constant = 0.5 * self.d * math.log(2.0 * math.pi) + np.sum(np.log(np.diagonal(factor)))
        return TABLE["logsumexp"](kernels, axis=1) - constant

    def evaluate(self, points: Any) -> Any:
        """The density at points in columns."""
        return np.exp(self.logpdf(points))

    __call__ = pdf = evaluate


@stands_for(stats.gaussian_kde)
def _made_outside(real: Any, placed: Placed) -> Any:
    data, weights, spread = (
        floats(placed(e)) for e in (real.dataset, real.weights, real.covariance)
    )
    return KernelDensity(data, weights, spread, real.factor).of(real, data, weights, spread)
