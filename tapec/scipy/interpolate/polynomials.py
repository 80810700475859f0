"""Polynomials through points: barycentric and Newton's form, `lagrange`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.piecewise import axis_behind
from tapec.scipy.registry import (
    StandIn,
    always,
    axis_first,
    floats,
    stands_for,
    translates,
)
from tapec.trace.python.packages import Placed


class Polynomial(StandIn):
    """sum_j y_j w_j prod_(k != j) (x - x_k), where w are the barycentric weights."""

    title = "scipy.interpolate.BarycentricInterpolator"

    def __init__(self, x: Any, y: Any, axis: int) -> None:
        self.xi, self.yi, self.axis = x, y, axis
        self.scale = 4.0 / (np.max(x) - np.min(x))  # the products stay near 1 (SciPy scales so)
        self._gaps = self.scale * (x[:, None] - x[None, :]) + np.eye(x.shape[0])
        self.weights = 1.0 / np.prod(self._gaps, axis=1)

    def __call__(self, x: Any) -> Any:
        """Values at points of any shape."""
        x = floats(x)
        terms = [self.scale * (x - self.xi[k]) for k in range(self.xi.shape[0])]
        below, above = [np.ones_like(x)], [np.ones_like(x)]
        for first, last in zip(terms[:-1], terms[:0:-1], strict=True):
            below.append(below[-1] * first)
            above.append(above[-1] * last)
        behind = (1,) * (self.yi.ndim - 1)
        parts = [
            (self.weights[j] * a * b).reshape((*x.shape, *behind)) * self.yi[j]
            for j, (a, b) in enumerate(zip(below, above[::-1], strict=True))
        ]
        return axis_behind(sum(parts[1:], parts[0]), x.ndim, self.axis)

    def derivative(self, x: Any, der: int = 1) -> Any:
        """The derivative of this order at points: its values at the nodes are a linear map's."""
        made = self
        for _ in range(int(der)):
            made = Polynomial(self.xi, np.tensordot(self._slopes(), made.yi, 1), self.axis)
        return made(x)

    def derivatives(self, x: Any, der: Any = None) -> Any:
        """All derivatives below an order, the value among them."""
        count = self.xi.shape[0] if der is None else int(der)
        return np.stack([self.derivative(x, k) for k in range(count)])

    def _slopes(self) -> Any:
        """The matrix from values at the nodes to slopes there."""
        n = self.xi.shape[0]
        ratios = self.weights[None, :] / self.weights[:, None]
        outside = np.where(np.eye(n, dtype=bool), 0.0, self.scale * ratios / self._gaps)
        return outside - np.eye(n) * np.sum(outside, axis=1)[:, None]


@stands_for(interpolate.BarycentricInterpolator, interpolate.KroghInterpolator)
def _made_outside(real: Any, placed: Placed) -> Any:
    if isinstance(real, interpolate.KroghInterpolator):
        nodes = np.asarray(real.xi)
        if np.unique(nodes).size < nodes.size:
            return real  # derivatives are given: it is called on constants only
        values = real(nodes)
        axis = 0
    else:
        nodes, axis = np.asarray(real.xi), real._y_axis
        values = real.yi.reshape(nodes.size, *real._y_extra_shape)
    y = placed(values)
    return Polynomial(nodes, floats(y), axis).of(real, y)


@always(interpolate.BarycentricInterpolator, interpolate.KroghInterpolator)
def _of_traced(xi: Any, yi: Any, axis: int = 0) -> Polynomial:
    y = floats(yi)
    axis = axis % y.ndim
    return Polynomial(floats(xi), axis_first(y, axis), axis)


@translates(interpolate.barycentric_interpolate, interpolate.krogh_interpolate)
def _interpolated(xi: Any, yi: Any, x: Any, axis: int = 0, *, der: Any = 0) -> Any:
    made = _of_traced(xi, yi, axis)
    if np.ndim(der):
        return np.stack([made.derivative(x, int(k)) for k in np.ravel(der)])
    return made.derivative(x, der)
