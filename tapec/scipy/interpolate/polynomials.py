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
    constant,
    floats,
    refused,
    stands_for,
    translates,
)
from tapec.trace.python.packages import Placed

_NODES = "the points must be known while tracing; the values may be traced"


class Polynomial(StandIn):
    """sum_j y_j w_j prod_(k != j) (x - x_k), where w are the barycentric weights."""

    title = "scipy.interpolate.BarycentricInterpolator"

    def __init__(self, x: Any, y: Any, axis: int) -> None:
        self.xi, self.yi, self.axis = x, y, axis
        self.scale = 4.0 / (x.max() - x.min())  # the products stay near 1 then (SciPy scales so)
        gaps = self.scale * (x[:, None] - x[None, :]) + np.eye(x.size)
        self.weights = 1.0 / gaps.prod(axis=1)

    def __call__(self, x: Any) -> Any:
        """Values at points of any shape."""
        x = floats(x)
        terms = [self.scale * (x - node) for node in self.xi]
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
    nodes = constant(xi, "polynomial interpolation with traced points", _NODES)
    y = floats(yi)
    axis = axis % y.ndim
    return Polynomial(np.asarray(nodes, float), axis_first(y, axis), axis)


@translates(interpolate.barycentric_interpolate, interpolate.krogh_interpolate)
def _interpolated(xi: Any, yi: Any, x: Any, axis: int = 0, *, der: Any = 0) -> Any:
    if der:
        raise refused("scipy.interpolate.krogh_interpolate with der=", "differentiate the value")
    return _of_traced(xi, yi, axis)(x)
