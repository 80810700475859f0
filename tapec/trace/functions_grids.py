"""Grids between traced ends, angles, and whether arrays are the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.dispatch import tracer, unsupported
from tapec.trace.functions_select import where
from tapec.trace.functions_shape import axis_of
from tapec.trace.functions_split import along
from tapec.trace.table import TABLE, implements


@implements("array_equal")
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether shapes and all elements are the same."""
    a, b = tracer(a1), tracer(a2)
    if a.shape != b.shape:
        return False
    same = TABLE["equal"](a, b)
    if equal_nan:
        same = same | (TABLE["isnan"](a) & TABLE["isnan"](b))
    return TABLE["all"](same)


@implements("array_equiv")
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether all elements are the same once shapes are broadcast."""
    a, b = tracer(a1), tracer(a2)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return TABLE["all"](TABLE["equal"](a, b))


@implements("logspace")
def logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
             dtype: Any = None, axis: int = 0) -> Any:  # fmt: skip
    """Powers of a base with evenly spaced exponents."""
    if np.ndim(base):
        raise unsupported(np.logspace, " with several bases")
    made = TABLE["power"](base, TABLE["linspace"](start, stop, num, endpoint, axis=axis))
    return made if dtype is None else TABLE["astype"](made, dtype)


@implements("geomspace")
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None,
              axis: int = 0) -> Any:  # fmt: skip
    """A geometric progression between ends of one sign."""
    start, stop = tracer(start), tracer(stop)
    sign = TABLE["__call__"](np.sign, (start,), {})
    low, high = (TABLE["__call__"](np.log10, (sign * e,), {}) for e in (start, stop))
    made = sign * logspace(low, high, num, endpoint, axis=axis)
    return made if dtype is None else TABLE["astype"](made, dtype)


@implements("unwrap")
def unwrap_phases(p: Any, discont: Any = None, axis: int = -1, *, period: Any = None) -> Any:
    """Angles without jumps by whole turns."""
    p = tracer(p)
    if p._dtype[0] != "f":
        p = TABLE["astype"](p, float)
    axis = axis_of(axis, p.ndim)
    period = 2 * np.pi if period is None else period
    steps = TABLE["diff"](p, axis=axis)
    high = period / 2
    inside = TABLE["remainder"](steps + high, period) - high
    inside = where((TABLE["equal"](inside, -high)) & (steps > 0), high, inside)
    limit = high if discont is None else max(float(discont), high)
    turns = where(TABLE["absolute"](steps) < limit, 0.0, inside - steps)
    rest = along(p, axis, slice(1, None)) + TABLE["cumsum"](turns, axis=axis)
    return TABLE["concatenate"]([along(p, axis, slice(0, 1)), rest], axis)
