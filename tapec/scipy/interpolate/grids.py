"""Interpolation on rectangular grids: `RegularGridInterpolator` and `interpn`."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.cubic import pchip
from tapec.scipy.interpolate.piecewise import horner
from tapec.scipy.interpolate.tensor import through_grid
from tapec.scipy.interpolate.univariate import through_grid_of_two
from tapec.scipy.registry import (
    StandIn,
    builds,
    floats,
    plain,
    raises_unless,
    refused,
    stands_for,
    translates,
)
from tapec.trace.arrays.operands import any_symbolic, as_array
from tapec.trace.arrays.table import TABLE
from tapec.trace.python.packages import Placed

METHODS = "linear, nearest, slinear, cubic, quintic and pchip are translated; nu= with splines"


# The degrees of splines by their names here.
_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}


class Grid(StandIn):
    """Values on a grid, with what is taken outside of it."""

    title = "scipy.interpolate.RegularGridInterpolator"

    def __init__(self, axes: Any, values: Any, method: str, bounds_error: bool, fill: Any) -> None:
        self.grid, self.values, self.method = axes, values, method
        self.bounds_error, self.fill_value = bounds_error, fill

    def __call__(self, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
        """Values at points, whose coordinates are along the last axis."""
        method = self.method if method is None else method
        if method not in (*_DEGREES, "linear", "nearest", "pchip") or (
            nu is not None and method not in _DEGREES
        ):
            raise refused(f"scipy.interpolate.RegularGridInterpolator with {method!r}", METHODS)
        points = self._points(xi)
        flat = points.reshape(-1, points.shape[-1])
        if method in _DEGREES:
            orders = [0] * len(self.grid) if nu is None else [int(n) for n in np.ravel(nu)]
            made = through_grid(self.grid, self.values, _DEGREES[method]).value(flat, orders)
        else:
            made = self._monotone(flat) if method == "pchip" else self._value(flat, method)
        if self.bounds_error or self.fill_value is not None:
            made = self._bounded(flat, made)
        return made.reshape((*points.shape[:-1], *self.values.shape[len(self.grid) :]))

    def _points(self, xi: Any) -> Any:
        if isinstance(xi, tuple):
            xi = np.stack(np.broadcast_arrays(*map(floats, xi)), axis=-1)
        xi = floats(xi)
        if xi.ndim == 1:
            xi = xi.reshape(-1, 1) if len(self.grid) == 1 else xi[None]
        if xi.shape[-1] != len(self.grid):
            raise ValueError(
                f"The requested sample points xi have dimension {xi.shape[-1]} but this "
                f"RegularGridInterpolator has dimension {len(self.grid)}"
            )
        return xi

    def _monotone(self, points: Any) -> Any:
        """Monotone cubics along one axis after the other, the last one first, as SciPy does."""
        count, ndim = points.shape[0], len(self.grid)
        made = np.broadcast_to(self.values[None], (count, *self.values.shape))
        for d in range(ndim - 1, -1, -1):
            curve = pchip(self.grid[d], np.moveaxis(made, d + 1, 0))
            x = points[:, d]
            i = np.clip(np.searchsorted(curve.x, x, "right") - 1, 0, curve.c.shape[1] - 1)
            made = horner([c[i, np.arange(count)] for c in curve.c], x - curve.x[i])
        return made

    def _value(self, points: Any, method: str) -> Any:
        lows, shares = zip(*map(self._place, self.grid, points.T), strict=True)
        if method == "nearest":
            return self.values[
                tuple(np.where(s <= 0.5, i, i + 1) for i, s in zip(lows, shares, strict=True))
            ]
        made: Any = 0.0
        behind = (1,) * (self.values.ndim - len(self.grid))
        for corner in itertools.product((0, 1), repeat=len(self.grid)):
            weight: Any = 1.0
            for side, share in zip(corner, shares, strict=True):
                weight = weight * (share if side else 1.0 - share)
            at = tuple(i + side for i, side in zip(lows, corner, strict=True))
            made = made + weight.reshape(-1, *behind) * self.values[at]
        return made

    @staticmethod
    def _place(axis: Any, x: Any) -> tuple[Any, Any]:
        """The cell of a coordinate along one axis, and where in it."""
        if axis.shape[0] == 1:
            return np.zeros(x.shape, int), 0.0 * x
        i = np.clip(np.searchsorted(axis, x, "right") - 1, 0, axis.shape[0] - 2)
        return i, (x - axis[i]) / (axis[i + 1] - axis[i])

    def _bounded(self, points: Any, made: Any) -> Any:
        inside = [
            (axis[0] <= x) & (x <= axis[-1]) for axis, x in zip(self.grid, points.T, strict=True)
        ]
        if self.bounds_error:
            for k, holds in enumerate(inside):
                error = f"One of the requested xi is out of bounds in dimension {k}"
                raises_unless(np.all(holds), ValueError(error))
            return made
        holds = np.stack(inside).all(axis=0)
        return np.where(holds.reshape(-1, *(1,) * (made.ndim - 1)), made, self.fill_value)


@stands_for(interpolate.RegularGridInterpolator)
def _made_outside(real: Any, placed: Placed) -> Any:
    values = floats(placed(real.values))
    axes = [floats(placed(a)) for a in real.grid]
    made = Grid(axes, values, real.method, real.bounds_error, real.fill_value)
    return made.of(real, values, axes)


def ascending(axis: Any) -> Any:
    """A traced axis of a grid, which must rise."""
    error = ValueError("The points of a traced grid must be strictly ascending")
    raises_unless(np.all(axis[1:] > axis[:-1]), error)
    return axis


@builds(interpolate.RegularGridInterpolator)
def _of_traced(
    points: Any,
    values: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Grid:
    values = floats(values)
    if any_symbolic(points):
        return Grid(
            [ascending(floats(p)) for p in points], values, method, bounds_error, fill_value
        )
    axes = [np.asarray(plain(p)) for p in points]
    like = interpolate.RegularGridInterpolator(axes, np.zeros(values.shape), "nearest")
    if like._descending_dimensions:
        values = np.flip(values, axis=like._descending_dimensions)
    return Grid(list(map(floats, like.grid)), values, method, bounds_error, fill_value)


@translates(interpolate.interpn)
def _interpn(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:
    if method == "splinef2d":
        return _surface(points, values, xi, bounds_error, fill_value)
    as_tuple = tuple(xi) if isinstance(xi, tuple) else TABLE["array"](as_array(xi))
    return _of_traced(points, values, method, bounds_error, fill_value)(as_tuple)


def _surface(points: Any, values: Any, xi: Any, bounds_error: bool, fill_value: Any) -> Any:
    """FITPACK's cubic spline through a grid in two dimensions."""
    grid = Grid([floats(p) for p in points], floats(values), "linear", bounds_error, fill_value)
    where = grid._points(tuple(xi) if isinstance(xi, tuple) else xi)
    flat = where.reshape(-1, 2)
    first, second = grid.grid
    made = through_grid_of_two(first, second, grid.values).ev(flat[:, 0], flat[:, 1])
    if bounds_error or fill_value is not None:
        made = grid._bounded(flat, made)
    return made.reshape(where.shape[:-1])
