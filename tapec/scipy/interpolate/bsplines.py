"""B-splines: values by the recursion of de Boor and Cox, and interpolation of traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate, sparse

from tapec.scipy.interpolate.piecewise import axis_behind
from tapec.scipy.registry import (
    StandIn,
    axis_first,
    builds,
    constant,
    floats,
    plain,
    refused,
    stands_for,
    translates,
)
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.table import TABLE
from tapec.trace.python.packages import Placed

KNOTS = "give x, t and w as constants: only the values may be traced"


def pieces(t: Any, k: int, x: Any) -> Any:
    """The number i of the piece t_i <= x < t_(i+1), the first or last one outside."""
    return np.clip(np.searchsorted(t, x, "right") - 1, k, t.shape[0] - k - 2)


def basis(t: Any, k: int, x: Any, i: Any) -> list[Any]:
    """The k + 1 basis functions that are not 0 on piece i."""
    found = [np.ones_like(x)]
    for order in range(1, k + 1):
        rising = [np.zeros_like(x)]
        for j, value in enumerate(found):
            low, high = t[i + (j + 1 - order)], t[i + (j + 1)]
            part = value / (high - low)
            rising[-1] = rising[-1] + part * (high - x)
            rising.append(part * (x - low))
        found = rising
    return found


class Spline(StandIn):
    """sum_j c_j B_j(x), of degree k over the knots t; the axis of the coefficients is in front."""

    title = "scipy.interpolate.BSpline"

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        self.t, self.k, self.axis, self.extrapolate = t, k, axis, extrapolate
        self.c = c[: t.shape[0] - k - 1]

    @property
    def tck(self) -> tuple[Any, Any, int]:
        """Knots, coefficients and degree."""
        return self.t, np.moveaxis(self.c, 0, self.axis), self.k

    @property
    def ends(self) -> tuple[Any, Any]:
        """The interval of the spline."""
        return self.t[self.k], self.t[self.t.shape[0] - self.k - 1]

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value at points of any shape, or the derivative of order `nu`."""
        x = floats(x)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        low, high = self.ends
        if extrapolate == "periodic":
            x = low + np.remainder(x - low, high - low)
        made = self.derivative(nu).value(x) if nu else self.value(x)
        if not extrapolate:
            inside = (x >= low) & (x <= high)
            made = np.where(inside.reshape((*x.shape, *(1,) * (made.ndim - x.ndim))), made, np.nan)
        return axis_behind(made, x.ndim, self.axis)

    def value(self, x: Any) -> Any:
        """The value of the polynomials, wherever x is; axes of the points first."""
        i = pieces(self.t, self.k, x)
        parts = basis(self.t, self.k, x, i)
        behind = (1,) * (self.c.ndim - 1)
        terms = [
            b.reshape((*x.shape, *behind)) * self.c[i + (j - self.k)] for j, b in enumerate(parts)
        ]
        return sum(terms[1:], terms[0])

    def derivative(self, nu: int = 1) -> Spline:
        """The derivative of this order."""
        if nu <= 0:
            return self.antiderivative(-nu) if nu else self
        t, k, n = self.t, self.k, self.t.shape[0] - self.k - 1
        if k == 0:
            return Spline(t, 0.0 * self.c, 0, self._outside(), self.axis).derivative(nu - 1)
        gaps = (t[k + 1 : k + n] - t[1:n]).reshape(-1, *(1,) * (self.c.ndim - 1))
        c = k * (self.c[1:] - self.c[:-1]) / np.where(gaps == 0.0, 1.0, gaps)
        return Spline(t[1:-1], c, k - 1, self._outside(), self.axis).derivative(nu - 1)

    def _outside(self) -> Any:
        return False if self.extrapolate == "periodic" else self.extrapolate

    def antiderivative(self, nu: int = 1) -> Spline:
        """The antiderivative of this order, 0 at the first knot."""
        if nu <= 0:
            return self.derivative(-nu) if nu else self
        t, k, n = self.t, self.k, self.t.shape[0] - self.k - 1
        gaps = (t[k + 1 : k + 1 + n] - t[:n]).reshape(-1, *(1,) * (self.c.ndim - 1))
        sums = np.cumsum(self.c * gaps, axis=0) / (k + 1)
        c = np.concatenate([0.0 * sums[:1], sums])
        knots = np.concatenate([t[:1], t, t[-1:]])
        return Spline(knots, c, k + 1, self._outside(), self.axis).antiderivative(nu - 1)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral between two numbers."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        low, high = self.ends
        total, (a, b) = self.antiderivative(), map(floats, (a, b))
        if extrapolate == "periodic":
            period = high - low
            ends = [(x, np.floor((x - low) / period)) for x in (a, b)]
            whole = total.value(floats(high)) - total.value(floats(low))
            first, last = (n * whole + total.value(x - n * period) for x, n in ends)
            return last - first
        if not extrapolate:
            a, b = (np.clip(x, low, high) for x in (a, b))
        return total.value(b) - total.value(a)


@builds(interpolate.BSpline)
def _bspline(t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> Spline:
    t, c = floats(t), floats(c)
    axis = axis % c.ndim
    c = axis_first(c, axis)
    if k < 0 or t.ndim != 1 or c.shape[0] < t.shape[0] - k - 1:
        raise ValueError("Knots, coefficients and degree are inconsistent.")
    return Spline(t, c, k, extrapolate, axis)


@stands_for(interpolate.BSpline)
def _made_outside(real: Any, placed: Placed) -> Any:
    t, c = placed(real.t), placed(real.c)
    first = axis_first(floats(c), real.axis)
    return Spline(floats(t), first, real.k, real.extrapolate, real.axis).of(real, t, c)


# -- of traced values ------------------------------------------------------------------------------


def collocation(t: Any, k: int, x: Any, ends: Any) -> Any:
    """The matrix of the conditions for the coefficients: derivatives at the ends, and values."""
    n = t.size - k - 1
    every = interpolate.BSpline(t, np.eye(n), k)
    first, last = (
        [every(x[at], nu=order)[None] for order, _ in conditions]
        for conditions, at in zip(ends, (0, -1), strict=True)
    )
    return np.concatenate([*first, every(x), *last])


def solved_banded(matrix: Any, right: Any) -> Any:
    """The solution of a system with a constant matrix that has few diagonals."""
    entries = sparse.coo_array(np.where(np.abs(matrix) > 0.0, matrix, 0.0))
    rows, columns = entries.coords
    low, high = int(max(0, (rows - columns).max())), int(max(0, (columns - rows).max()))
    bands = np.zeros((low + high + 1, matrix.shape[1]))
    bands[high + rows - columns, columns] = entries.data
    flat = right.reshape(right.shape[0], -1)
    return TABLE["scipy.linalg.solve_banded"]((low, high), bands, flat).reshape(right.shape)


_NAMED = {"clamped": [(1, 0.0)], "natural": [(2, 0.0)], "not-a-knot": None}


def _conditions(bc_type: Any) -> list[Any]:
    """The derivatives given at each end, as pairs of order and value."""
    pair = (bc_type, bc_type) if bc_type is None or isinstance(bc_type, str) else bc_type
    found = [_NAMED[end] if isinstance(end, str) else end for end in pair]
    return [list(end) if end is not None else [] for end in found]


@translates(interpolate.make_interp_spline)
def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0
) -> Spline:
    """The spline through traced values."""
    y = floats(y)
    axis = axis % y.ndim
    rows = axis_first(y, axis)
    if any_symbolic([x, t]):
        return _at_traced_points(floats(x), rows, k, t, bc_type, axis)
    x = np.asarray(plain(x), float)
    if isinstance(bc_type, str) and bc_type == "periodic":
        return _linear_in_values(x, rows, k, t, axis)
    conditions = _conditions(bc_type)
    zeros = [[(order, 0.0) for order, _ in end] or None for end in conditions]
    known = None if t is None else constant(t, "make_interp_spline with traced t", KNOTS)
    like = interpolate.make_interp_spline(x, np.zeros(rows.shape[0]), k, known, tuple(zeros))
    if k < 1:
        return Spline(floats(like.t), rows, k, True, axis)
    given = [[_as_row(value, rows) for _, value in end] for end in conditions]
    right = np.concatenate([*given[0], rows, *given[1]])
    c = solved_banded(collocation(like.t, k, x, conditions), right)
    return Spline(floats(like.t), c, k, True, axis)


def not_a_knot(x: Any, k: int) -> Any:
    """The knots of a spline through points, without those next to the ends."""
    inner, cut = (x, (k + 1) // 2) if k % 2 else (0.5 * (x[1:] + x[:-1]), k // 2)
    return with_ends(inner[cut : inner.shape[0] - cut], x, k + 1)


def with_ends(inner: Any, x: Any, times: int) -> Any:
    """Knots with the first and the last point several times at either end."""
    return np.concatenate([*[x[:1]] * times, inner, *[x[-1:]] * times])


def rows_of_basis(t: Any, k: int, x: Any, nu: int = 0) -> Any:
    """All basis functions, or derivatives of them, at points: a row for each point."""
    every = Spline(t, floats(np.eye(t.shape[0] - k - 1)), k)
    return (every.derivative(nu) if nu else every).value(x)


def _at_traced_points(x: Any, rows: Any, k: int, t: Any, bc_type: Any, axis: int) -> Spline:
    if isinstance(bc_type, str) and bc_type == "periodic":
        raise refused("make_interp_spline with traced x and bc_type 'periodic'",
                      "use CubicSpline with bc_type='periodic'")  # fmt: skip
    conditions = _conditions(bc_type)
    if t is None:
        t = with_ends(x, x, k) if k < 2 or any(conditions) else not_a_knot(x, k)
    t = floats(t)
    if k < 1:
        return Spline(with_ends(x, x, 0) if t is None else t, rows, k, True, axis)
    ends = [
        [rows_of_basis(t, k, x[at][None], order) for order, _ in end]
        for end, at in zip(conditions, (0, -1), strict=True)
    ]
    matrix = np.concatenate([*ends[0], rows_of_basis(t, k, x), *ends[1]])
    given = [[_as_row(value, rows) for _, value in end] for end in conditions]
    right = np.concatenate([*given[0], rows, *given[1]])
    c = np.linalg.solve(matrix, right.reshape(right.shape[0], -1)).reshape(right.shape)
    return Spline(t, c, k, True, axis)


def _as_row(value: Any, rows: Any) -> Any:
    return np.broadcast_to(floats(value), (1, *rows.shape[1:]))


def _linear_in_values(x: Any, rows: Any, k: int, t: Any, axis: int) -> Spline:
    """A periodic spline: its coefficients as SciPy finds them for every value alone."""
    n = rows.shape[0]
    each = np.eye(n)
    each[-1] = each[0]  # the last value is the first one
    like = interpolate.make_interp_spline(x, each, k, t, "periodic")
    c = np.tensordot(like.c[:, :], rows, 1) if n else rows
    return Spline(floats(like.t), c, k, "periodic", axis)


@translates(interpolate.make_lsq_spline)
def _make_lsq_spline(
    x: Any, y: Any, t: Any, k: int = 3, w: Any = None, axis: int = 0, *, method: str = "qr"
) -> Spline:
    y = floats(y)
    axis = axis % y.ndim
    return Spline(
        floats(t), nearest(floats(x), axis_first(y, axis), floats(t), k, w), k, True, axis
    )


def nearest(x: Any, rows: Any, t: Any, k: int, w: Any) -> Any:
    """The coefficients over known knots that are nearest to the values."""
    weights = np.ones(x.shape[0]) if w is None else floats(w)
    scaled = rows_of_basis(t, k, x) * weights[:, None]
    right = rows.reshape(rows.shape[0], -1) * weights[:, None]
    if any_symbolic(scaled):
        made = np.linalg.lstsq(scaled, right, rcond=None)[0]
    else:  # the factors of a constant matrix are known: coefficients are one product
        made = np.linalg.pinv(plain(scaled)) @ right
    return made.reshape((made.shape[0], *rows.shape[1:]))
