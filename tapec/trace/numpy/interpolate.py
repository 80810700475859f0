"""Interpolation, finite differences and functions given piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.join import concatenate
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of
from tapec.trace.numpy.split import along


@implements("interp")
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Piecewise linear interpolation, constant outside the data."""
    x, xp, fp = (_double(a) for a in (x, xp, fp))
    if period is not None:
        return _periodic(x, xp, fp, float(abs(period)))
    n = xp.size
    if n == 1:
        inside: Any = fp[0] + 0.0 * x
    else:
        # A NaN among the queries gives NaN in any piece.
        i = TABLE["clip"](TABLE["searchsorted"](xp, x, "right") - 1, 0, n - 2)
        slopes = (fp[1:] - fp[:-1]) / (xp[1:] - xp[:-1])
        inside = slopes[i] * (x - xp[i]) + fp[i]
        if not _finite(xp, fp):
            inside = _with_infinities(inside, slopes, x, xp, fp, i)
    low = where(TABLE["less"](x, xp[0]), fp[0] if left is None else left, inside)
    return where(TABLE["greater_equal"](x, xp[n - 1]), _last(x, xp, fp, right), low)


def _finite(*data: Any) -> bool:
    """Whether all are known to be numbers."""
    return all(a._storage.array is not None and np.isfinite(a._array).all() for a in data)


def _with_infinities(inside: Any, slopes: Any, x: Any, xp: Any, fp: Any, i: Any) -> Any:
    """Beside infinite data: the value at a point, from the right end, or of a flat piece."""
    right = slopes[i] * (x - xp[i + 1]) + fp[i + 1]
    found = where(TABLE["isnan"](inside), right, inside)
    flat = TABLE["isnan"](found) & TABLE["equal"](fp[i], fp[i + 1]) & ~TABLE["isnan"](x)
    return where(TABLE["equal"](x, xp[i]) | flat, fp[i], found)


def _double(a: Any) -> Any:
    a = as_tracer(a)
    return a if a._dtype == "f64" else TABLE["astype"](a, float)


def _periodic(x: Any, xp: Any, fp: Any, period: float) -> Any:
    """The data of one period, with one more point at each end."""
    x, xp = TABLE["remainder"](x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    fp = np.concatenate([fp[-1:], fp, fp[:1]])
    return np.interp(x, xp, fp)


def _last(x: Any, xp: Any, fp: Any, right: Any) -> Any:
    end = fp[fp.size - 1]
    return end if right is None else where(TABLE["equal"](x, xp[xp.size - 1]), end, right)


@implements("gradient")
def gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided at the ends."""
    f = as_tracer(f)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    axes = axes_of(axis, f.ndim)
    one = len(spacing) == 1 and not as_tracer(spacing[0]).ndim
    steps = spacing * len(axes) if one else spacing or (1.0,) * len(axes)
    if len(steps) != len(axes):
        raise TypeError("invalid number of arguments")
    if any(f.shape[a] < edge_order + 1 for a in axes):
        raise ValueError("Shape of array too small to calculate a numerical gradient")
    if f._dtype == "bool" and axes:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported")
    f = f if f._dtype[0] == "f" else TABLE["astype"](f, float)
    pairs = zip(axes, map(as_tracer, steps), strict=True)
    made = [TABLE["astype"](_differences(f, a, h, edge_order), f.dtype) for a, h in pairs]
    return made[0] if len(made) == 1 else tuple(made)


def _differences(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    """Along one axis; `h` is the spacing, or the coordinates."""

    def at(k: int) -> Any:
        return along(f, axis, slice(k, k + 1 if k != -1 else None))

    left, middle, right = (along(f, axis, s) for s in _NEIGHBOURS)
    if h.ndim:
        if h.shape != (f.shape[axis],):
            raise ValueError("when 1d, distances must match the length of the corresponding axis")
        steps = np.diff(h)
        if h._storage.array is not None and (np.diff(h._array) == h._array[1] - h._array[0]).all():
            return _differences(f, axis, steps[0], edge_order)
        d, e = (steps[:-1], steps[1:])
        shape = [-1 if k == axis else 1 for k in range(f.ndim)]
        d1, d2 = (TABLE["reshape"](s, shape) for s in (d, e))
        inner = -d2 / (d1 * (d1 + d2)) * left + (d2 - d1) / (d1 * d2) * middle
        inner = inner + d1 / (d2 * (d1 + d2)) * right
        begin, end = (steps[0], steps[1 % steps.size]), (steps[-1], steps[-2 % steps.size])
    else:
        inner = (right - left) / (2.0 * h)
        begin = end = (h, h)
    if edge_order == 1:
        ends = (at(1) - at(0)) / begin[0], (at(-1) - at(-2)) / end[0]
    else:
        ends = _edge(at(0), at(1), at(2), *begin), -_edge(at(-1), at(-2), at(-3), *end)
    return concatenate([ends[0], inner, ends[1]], axis)


def _edge(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
    """The slope at `a` of the parabola through three points at distances `d` and `e`."""
    return -(2.0 * d + e) / (d * (d + e)) * a + (d + e) / (d * e) * b - d / (e * (d + e)) * c


_NEIGHBOURS = slice(None, -2), slice(1, -1), slice(2, None)


@implements("piecewise")
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    """Functions selected by conditions; where several hold, the last one applies."""
    x = as_tracer(x)
    one = as_tracer(condlist).ndim == x.ndim and (
        as_tracer(condlist).ndim or not _several(condlist)
    )
    conditions = [condlist] if one else list(condlist)
    functions = list(funclist)
    if len(functions) not in (len(conditions), len(conditions) + 1):
        raise ValueError(f"{len(conditions)} conditions and {len(functions)} functions do not fit")
    made: Any = TABLE["zeros_like"](x)
    if len(functions) == len(conditions) + 1:
        made = _branch(functions[-1], x, args, kwargs)
    for condition, function in zip(conditions, functions, strict=False):
        made = where(condition, _branch(function, x, args, kwargs), made)
    return TABLE["astype"](made, x.dtype)


def _several(conditions: Any) -> bool:
    return isinstance(conditions, (list, tuple))


def _branch(function: Any, x: Any, args: Any, kwargs: Any) -> Any:
    return function(x, *args, **kwargs) if callable(function) else function
