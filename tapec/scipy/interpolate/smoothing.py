"""Smoothing splines with a known penalty: `make_smoothing_spline`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.bsplines import Spline, make_interp_spline
from tapec.scipy.registry import axis_first, floats, refused, translates


@translates(interpolate.make_smoothing_spline)
def _smoothed(x: Any, y: Any, w: Any = None, lam: Any = None, *, axis: int = 0) -> Spline:
    """The natural cubic spline g with the least sum of w (y - g)^2 + lam * integral of g''^2.

    Its values at the points solve one linear system (Green and Silverman, Nonparametric Regression
    and Generalized Linear Models, 1994, section 2.3).
    """
    if lam is None:
        raise refused("scipy.interpolate.make_smoothing_spline with lam=None",
                      "pass lam=: cross-validation picks it by the values")  # fmt: skip
    x, y = floats(x), floats(y)
    axis = axis % y.ndim
    rows = axis_first(y, axis)
    flat = rows.reshape(rows.shape[0], -1)
    weights = np.ones(x.shape[0]) if w is None else floats(w)
    matrix = np.diag(weights) + lam * _roughness(x)
    values = np.linalg.solve(matrix, weights[:, None] * flat).reshape(rows.shape)
    made = make_interp_spline(x, values, 3, None, "natural")
    made.axis = axis
    return made


def _roughness(x: Any) -> Any:
    """The matrix of the integral of g''^2 in the values of g at the points."""
    n = x.shape[0]
    h = x[1:] - x[:-1]
    first, middle, last = (np.eye(n)[:, k : k + n - 2] for k in range(3))
    second = first / h[:-1] - middle * (1.0 / h[:-1] + 1.0 / h[1:]) + last / h[1:]
    gram = np.diag((h[:-1] + h[1:]) / 3.0) + np.diag(h[1:-1] / 6.0, 1) + np.diag(h[1:-1] / 6.0, -1)
    return second @ np.linalg.solve(gram, second.T)
