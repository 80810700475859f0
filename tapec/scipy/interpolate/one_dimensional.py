"""`scipy.interpolate.interp1d`: straight lines, steps and splines."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.bsplines import make_interp_spline
from tapec.scipy.interpolate.piecewise import axis_behind
from tapec.scipy.registry import (
    StandIn,
    axis_first,
    builds,
    floats,
    known,
    plain,
    raises_unless,
    stands_for,
)
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.python.packages import Placed


class Interpolator(StandIn):
    """An interpolator like `made` is, of values that may be traced."""

    title = "scipy.interpolate.interp1d"

    def __init__(self, made: Any, x: Any, y: Any, fill: tuple[Any, Any]) -> None:
        self._made, self.x, self.y, self.fill = made, x, y, fill
        self.axis = made.axis % y.ndim
        self._rows = axis_first(y, self.axis)

    def __call__(self, x: Any) -> Any:
        """Values at points of any shape."""
        x = floats(x)
        made = self._by_kind(x)
        if not self._made._extrapolate:
            made = self._bounded(x, made)
        return axis_behind(made, x.ndim, self.axis)

    def _by_kind(self, x: Any) -> Any:
        kind = self._made._kind
        if kind == "linear":
            return self._on_lines(x)
        if kind == "spline":
            k = self._made._spline.k
            points = self.x if any_symbolic(self.x) else np.asarray(self._made.x)
            return make_interp_spline(points, self._rows, k)(x)
        return self._rows[self._step(kind, x)]

    def _on_lines(self, x: Any) -> Any:
        high = np.clip(np.searchsorted(self.x, x), 1, self.x.shape[0] - 1)
        low = high - 1
        share = (x - self.x[low]) / (self.x[high] - self.x[low])
        share = share.reshape((*x.shape, *(1,) * (self._rows.ndim - 1)))
        return self._rows[low] + share * (self._rows[high] - self._rows[low])

    def _step(self, kind: str, x: Any) -> Any:
        """Which of the values is taken."""
        last = self.x.shape[0] - 1
        if kind.startswith("nearest"):
            half = self.x / 2.0
            side: Literal["left", "right"] = "left" if kind == "nearest" else "right"
            return np.clip(np.searchsorted(half[1:] + half[:-1], x, side), 0, last)
        if kind == "previous":
            return np.clip(np.searchsorted(self.x, x, "right") - 1, 0, last)
        return np.clip(np.searchsorted(self.x, x, "left"), 0, last)

    def _bounded(self, x: Any, made: Any) -> Any:
        below, above = x < self.x[0], x > self.x[-1]
        if self._made.bounds_error:
            message = "A value in x_new is {} the interpolation range's {} value."
            raises_unless(~np.any(below), ValueError(message.format("below", "minimum")))
            raises_unless(~np.any(above), ValueError(message.format("above", "maximum")))
        spread = [a.reshape((*x.shape, *(1,) * (made.ndim - x.ndim))) for a in (below, above)]
        low = np.where(spread[0], self._filling(0), made)
        return np.where(spread[1], self._filling(1), low)

    def _filling(self, end: int) -> Any:
        fill, behind = self.fill[end], self._rows.shape[1:]
        return fill.reshape(behind) if fill.size == math.prod(behind) else fill


@stands_for(interpolate.interp1d)
def _made_outside(real: Any, placed: Placed) -> Any:
    x, y = floats(placed(real.x)), floats(placed(real.y))
    fill = (0.0, 0.0) if real._extrapolate else (real._fill_value_below, real._fill_value_above)
    return Interpolator(real, x, y, tuple(map(floats, fill))).of(real, x, y)


@builds(interpolate.interp1d)
def interp1d_of(
    x: Any,
    y: Any,
    kind: Any = "linear",
    axis: int = -1,
    bounds_error: Any = None,
    fill_value: Any = np.nan,
    assume_sorted: bool = False,
) -> Interpolator:
    """The interpolator of points and values; unless they are sorted, they are sorted here."""
    x, y = floats(x), floats(y)
    traced = any_symbolic(x)
    # SciPy's object says what the options mean; traced points take the places of its own.
    points = np.arange(float(x.size)) if traced else np.asarray(plain(x))
    order = np.argsort(x if traced else points, kind="stable")
    extrapolates = isinstance(fill_value, str)
    traced_fill = any_symbolic(fill_value)
    made = interpolate.interp1d(
        points, np.zeros(y.shape), kind, axis, True, bounds_error,
        0.0 if traced_fill else plain(fill_value), assume_sorted,
    )  # fmt: skip
    rows = axis_first(y, axis)
    rows = rows if assume_sorted else rows[order]
    x = x if assume_sorted else x[order]
    y = np.moveaxis(rows, 0, axis)
    fill: tuple[Any, Any] = (0.0, 0.0)
    if extrapolates and made._kind == "previous":
        fill = np.nan, rows[-1]
    elif extrapolates and made._kind == "next":
        fill = rows[0], np.nan
    elif traced_fill:
        fill = fill_value if isinstance(fill_value, tuple) else (fill_value, fill_value)
    elif not made._extrapolate:
        fill = made._fill_value_below, made._fill_value_above
    at = x if traced else known(made.x)
    return Interpolator(made, at, y, (floats(fill[0]), floats(fill[1])))
