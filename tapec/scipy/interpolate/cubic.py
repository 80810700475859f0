"""Cubic interpolation of traced values: slopes at the points, then a cubic on each piece.

Formulas are those of SciPy's documentation; slopes of splines solve a tridiagonal system.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.piecewise import Piecewise
from tapec.scipy.registry import axis_first, builds, floats, translates
from tapec.trace.arrays.table import TABLE

Ends = tuple[Any, Any]


def hermite(x: Any, y: Any, slopes: Any, extrapolate: Any = True, axis: int = 0) -> Piecewise:
    """The cubics with these values and slopes at the points."""
    h = _column(x[1:] - x[:-1], y)
    secants = (y[1:] - y[:-1]) / h
    t = (slopes[:-1] + slopes[1:] - 2.0 * secants) / h
    c = np.stack([t / h, (secants - slopes[:-1]) / h - t, slopes[:-1], y[:-1]])
    return Piecewise(c, x, extrapolate, axis)


def _column(h: Any, y: Any) -> Any:
    return h.reshape(-1, *(1,) * (y.ndim - 1))


def _data(x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Points, values with the axis in front, and that axis."""
    x, y = floats(x), floats(y)
    axis = axis % y.ndim
    if x.ndim != 1 or x.size != y.shape[axis]:
        raise ValueError("The length of `y` along `axis` doesn't match the length of `x`")
    if x.size < 2:
        raise ValueError("`x` must contain at least 2 elements.")
    return x, axis_first(y, axis), axis


@builds(interpolate.CubicHermiteSpline)
def _cubic_hermite(x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> Piecewise:
    x, y, axis = _data(x, y, axis)
    return hermite(x, y, axis_first(floats(dydx), axis), extrapolate, axis)


# -- splines ---------------------------------------------------------------------------------------


@builds(interpolate.CubicSpline)
def _cubic_spline(
    x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
) -> Piecewise:
    x, y, axis = _data(x, y, axis)
    periodic = isinstance(bc_type, str) and bc_type == "periodic"
    if extrapolate is None:
        extrapolate = "periodic" if periodic else True
    slopes = _periodic_slopes(x, y) if periodic else _slopes(x, y, _conditions(bc_type, y))
    return hermite(x, y, slopes, extrapolate, axis)


_NAMED = {"clamped": (1, 0.0), "natural": (2, 0.0), "not-a-knot": "not-a-knot"}


def _conditions(bc_type: Any, y: Any) -> Ends:
    """What holds at both ends: the order of a derivative and its value, or "not-a-knot"."""
    pair = (bc_type, bc_type) if isinstance(bc_type, str) else tuple(bc_type)
    first, last = (_NAMED[end] if isinstance(end, str) else tuple(end) for end in pair)
    if y.shape[0] == 2:
        secant = (1, None)  # the slope of the line
        first, last = (secant if end == "not-a-knot" else end for end in (first, last))
    return first, last


def _slopes(x: Any, y: Any, ends: Ends) -> Any:
    """The slopes with which second derivatives are continuous."""
    h = x[1:] - x[:-1]
    column = _column(h, y)
    m = (y[1:] - y[:-1]) / column
    if x.size == 3 and ends == ("not-a-knot", "not-a-knot"):
        return _parabola(h, m)
    first = _end(ends[0], h, column, m, 1.0)
    last = _end(ends[1], h[::-1], column[::-1], m[::-1], -1.0)
    diagonal = _joined(first[0], 2.0 * (h[:-1] + h[1:]), last[0])
    above = _joined(0.0, first[1], h[:-1])
    below = _joined(h[1:], last[1], 0.0)
    inner = 3.0 * (column[1:] * m[:-1] + column[:-1] * m[1:])
    right = np.concatenate([first[2][None], inner, last[2][None]])
    return _tridiagonal(above, diagonal, below, right)


def _joined(*parts: Any) -> Any:
    return np.concatenate([np.atleast_1d(part) for part in parts])


def _end(end: Any, h: Any, column: Any, m: Any, sign: float) -> tuple[Any, Any, Any]:
    """The equation of an end: coefficients of its slope and of the next one, right side.

    At the last point, h and m come in reverse order; a second derivative changes its sign.
    """
    if isinstance(end, str):
        d, dc = h[0] + h[1], column[0] + column[1]
        right = (column[0] + 2.0 * dc) * column[1] * m[0] + column[0] ** 2 * m[1]
        return h[1], d, right / dc
    order, value = end
    if order == 1:
        return 1.0, 0.0, m[0] if value is None else floats(value) + 0.0 * m[0]
    if order != 2:
        raise ValueError("The specified derivative order must be 1 or 2.")
    right = 3.0 * m[0] * column[0] - sign * 0.5 * floats(value) * column[0] ** 2
    return 2.0 * h[0], h[0], right


def _parabola(h: Any, m: Any) -> Any:
    """The slopes of the parabola through three points."""
    h = _column(h, m)
    middle = (h[1] * m[0] + h[0] * m[1]) / (h[0] + h[1])
    return np.stack([2.0 * m[0] - middle, middle, 2.0 * m[1] - middle])


def _tridiagonal(above: Any, diagonal: Any, below: Any, right: Any) -> Any:
    bands = np.stack([above, diagonal, below])
    flat = right.reshape(right.shape[0], -1)
    return TABLE["scipy.linalg.solve_banded"]((1, 1), bands, flat).reshape(right.shape)


def _periodic_slopes(x: Any, y: Any) -> Any:
    """Slopes of a periodic spline: a cyclic system, the last unknown taken out of it."""
    h = x[1:] - x[:-1]
    column = _column(h, y)
    m = (y[1:] - y[:-1]) / column
    n = h.shape[0]
    if n == 1:
        return np.stack([m[0], m[0]])
    if n == 2:
        both = np.sum(m / column, axis=0) / np.sum(1.0 / column, axis=0)
        return np.stack([both] * 3)
    before, mean = np.roll(h, 1), 2.0 * (np.roll(h, 1) + h)
    right = 3.0 * (column * np.roll(m, 1, axis=0) + _column(before, y) * m)
    inner = _joined(0.0, before[: n - 2]), mean[: n - 1], _joined(h[1 : n - 1], 0.0)
    alone = _tridiagonal(*inner, right[: n - 1])
    edge = _joined(h[0], np.zeros(n - 3), before[n - 2])
    with_last = -_tridiagonal(*inner, _column(edge, y) + 0.0 * alone)
    top = right[n - 1] - before[n - 1] * alone[0] - h[n - 1] * alone[-1]
    last = top / (mean[n - 1] + before[n - 1] * with_last[0] + h[n - 1] * with_last[-1])
    slopes = np.concatenate([alone + with_last * last, last[None]])
    return np.concatenate([slopes, slopes[:1]])


# -- monotone and local slopes ---------------------------------------------------------------------


@builds(interpolate.PchipInterpolator)
def pchip(x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> Piecewise:
    """The monotone cubic through values."""
    x, y, axis = _data(x, y, axis)
    return hermite(x, y, _monotone_slopes(x, y), extrapolate, axis)


@translates(interpolate.pchip_interpolate)
def _pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    return _orders(pchip(xi, yi, axis), x, der)


def _orders(made: Callable[..., Any], x: Any, der: Any) -> Any:
    if np.ndim(der) == 0:
        return made(x, nu=int(der))
    return [made(x, nu=nu) for nu in der]


def _monotone_slopes(x: Any, y: Any) -> Any:
    """Weighted harmonic means of the secants' slopes, 0 where these change their sign."""
    h = _column(x[1:] - x[:-1], y)
    m = (y[1:] - y[:-1]) / h
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    turns = (np.sign(m[1:]) != np.sign(m[:-1])) | (m[1:] == 0.0) | (m[:-1] == 0.0)
    left, right = (np.where(turns, 1.0, part) for part in (m[:-1], m[1:]))
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    inner = np.where(turns, 0.0, (w1 + w2) / (w1 / left + w2 / right))
    first = _monotone_end(h[0], h[1], m[0], m[1])
    last = _monotone_end(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([first[None], inner, last[None]])


def _monotone_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope of the parabola, limited so that the piece is monotone."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0))
    return np.where(np.sign(d) != np.sign(m0), 0.0, np.where(steep, 3.0 * m0, d))


@builds(interpolate.Akima1DInterpolator)
def _akima(
    x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
) -> Piecewise:
    if method not in ("akima", "makima"):
        raise NotImplementedError(f"`method`={method} is unsupported.")
    x, y, axis = _data(x, y, axis)
    outside = False if extrapolate is None else extrapolate
    return hermite(x, y, _local_slopes(x, y, method == "makima"), outside, axis)


def _local_slopes(x: Any, y: Any, modified: bool) -> Any:
    """Means of neighbouring slopes, weighted by how much those on the other side differ."""
    m = (y[1:] - y[:-1]) / _column(x[1:] - x[:-1], y)
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    left = 2.0 * m[:1] - m[1:2]
    right = 2.0 * m[-1:] - m[-2:-1]
    m = np.concatenate([2.0 * left - m[:1], left, m, right, 2.0 * right - m[-1:]])
    change = np.abs(m[1:] - m[:-1])
    if modified:
        change = change + 0.5 * np.abs(m[1:] + m[:-1])
    f1, f2 = change[2:], change[:-2]
    total = f1 + f2
    known = total > 1e-9 * np.max(total)
    share = np.where(known, f2 / np.where(known, total, 1.0), 0.5)
    by_sides = m[1:-2] + share * (m[2:-1] - m[1:-2])
    return np.where(known, by_sides, 0.5 * (m[3:] + m[:-3]))
