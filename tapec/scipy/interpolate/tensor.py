"""Products of splines over rectangular grids, in any number of dimensions: `NdBSpline`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.bsplines import Spline, basis, make_interp_spline, pieces
from tapec.scipy.registry import StandIn, builds, floats, stands_for
from tapec.trace.python.packages import Placed


class Tensor(StandIn):
    """sum c_(i j ...) B_i(x) B_j(y) ..., further axes of c behind."""

    title = "scipy.interpolate.NdBSpline"

    def __init__(self, t: Sequence[Any], c: Any, k: Sequence[int], extrapolate: Any = True) -> None:
        self.t, self.c, self.k = tuple(t), c, tuple(k)
        self.extrapolate = True if extrapolate is None else extrapolate

    def __call__(self, xi: Any, *, nu: Any = None, extrapolate: Any = None) -> Any:
        """Values at points, whose coordinates are along the last axis."""
        xi = floats(xi)
        flat = xi.reshape(-1, xi.shape[-1])
        made = self.value(flat, [0] * len(self.t) if nu is None else [int(n) for n in nu])
        if not (self.extrapolate if extrapolate is None else extrapolate):
            made = np.where(self._covers(flat).reshape(-1, *(1,) * (made.ndim - 1)), made, np.nan)
        return made.reshape((*xi.shape[:-1], *made.shape[1:]))

    def _covers(self, x: Any) -> Any:
        ends = [Spline(t, np.zeros(t.shape[0] - k - 1), k).ends
                for t, k in zip(self.t, self.k, strict=True)]  # fmt: skip
        inside = [(x[:, d] >= low) & (x[:, d] <= high) for d, (low, high) in enumerate(ends)]
        return np.all(np.stack(inside), axis=0)

    def value(self, x: Any, nu: Sequence[int]) -> Any:
        """The value, or derivatives of these orders along each axis."""
        c, places, parts = self.c, [], []
        for d, (t, k, order) in enumerate(zip(self.t, self.k, nu, strict=True)):
            along = Spline(t, np.moveaxis(c, d, 0), k).derivative(order)
            c = np.moveaxis(along.c, 0, d)
            i = pieces(along.t, along.k, x[:, d])
            places.append(i - along.k)
            parts.append(basis(along.t, along.k, x[:, d], i))
        behind = (1,) * (c.ndim - len(self.t))
        total: Any = 0.0
        for corner in product(*(range(len(p)) for p in parts)):
            weight: Any = 1.0
            for part, m in zip(parts, corner, strict=True):
                weight = weight * part[m]
            at = tuple(p + m for p, m in zip(places, corner, strict=True))
            total = total + weight.reshape(-1, *behind) * c[at]
        return total


def through_grid(axes: Sequence[Any], values: Any, k: int) -> Tensor:
    """The product of splines of one degree through values on a grid."""
    c, knots = values, []
    for d, axis in enumerate(axes):
        along = make_interp_spline(axis, np.moveaxis(c, d, 0), k)
        knots.append(along.t)
        c = np.moveaxis(along.c, 0, d)
    return Tensor(knots, c, [k] * len(axes))


@builds(interpolate.NdBSpline)
def _of_traced(t: Any, c: Any, k: Any, *, extrapolate: Any = None) -> Tensor:
    degrees = [k] * len(t) if isinstance(k, int) else [int(n) for n in k]
    return Tensor([floats(knots) for knots in t], floats(c), degrees, extrapolate)


@stands_for(interpolate.NdBSpline)
def _made_outside(real: Any, placed: Placed) -> Any:
    t, c = [floats(placed(knots)) for knots in real.t], floats(placed(real.c))
    return Tensor(t, c, [int(n) for n in real.k], real.extrapolate).of(real, t, c)
