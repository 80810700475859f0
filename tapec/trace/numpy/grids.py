"""Grids between traced ends, angles, and whether arrays are the same."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.narrow import refuse_narrow
from tapec.trace.arrays.operands import as_tracer, strong
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.select import where, wrapped
from tapec.trace.numpy.shape import axis_of, moveaxis
from tapec.trace.numpy.split import along


@implements("logspace")
def logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
             dtype: Any = None, axis: int = 0) -> Any:  # fmt: skip
    """Powers of a base with evenly spaced exponents."""
    if np.ndim(base):
        start, stop, base = TABLE["broadcast_arrays"](start, stop, base)
        base = TABLE["expand_dims"](base, axis)
    made = TABLE["power"](base, TABLE["linspace"](start, stop, num, endpoint, axis=axis))
    return made if dtype is None else TABLE["astype"](made, dtype)


@implements("geomspace")
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None,
              axis: int = 0) -> Any:  # fmt: skip
    """A geometric progression, which begins and ends exactly at the given numbers."""
    start, stop = strong(start), strong(stop)
    for end in (start, stop):
        demand(TABLE["all"](end), ValueError("Geometric sequence cannot include zero"))
    kind = np.result_type(start.dtype, stop.dtype, 1.0, np.dtype(dtype))
    start, stop = TABLE["broadcast_arrays"](
        TABLE["astype"](start, kind), TABLE["astype"](stop, kind)
    )
    sign = np.sign(start)
    low, high = start / sign, stop / sign
    made = logspace(np.log10(low), np.log10(high), num, endpoint, dtype=kind)
    if int(num) > 0:
        made[0] = low
    if int(num) > 1 and endpoint:
        made[-1] = high
    made = moveaxis(made * sign, 0, axis)
    return made if dtype is None else TABLE["astype"](made, dtype)


@implements("unwrap")
def unwrap_phases(p: Any, discont: Any = None, axis: int = -1, *, period: Any = None) -> Any:
    """Angles without jumps by whole turns."""
    p = strong(p)
    axis = axis_of(axis, p.ndim)
    period = 2 * np.pi if period is None else period
    steps = TABLE["diff"](p, axis=axis)
    kind = TABLE["result_type"](steps, period)
    whole = kind.kind in "iu"
    high = period // 2 if whole else period / 2
    inside = TABLE["remainder"](steps + high, period) - high
    if not whole or period % 2 == 0:
        inside = where((TABLE["equal"](inside, -high)) & (steps > 0), high, inside)
    limit = period / 2 if discont is None else discont
    turns = where(TABLE["absolute"](steps) < limit, 0, inside - steps)
    rest = along(p, axis, slice(1, None)) + TABLE["cumsum"](turns, axis=axis)
    made = TABLE["concatenate"]([along(p, axis, slice(0, 1)), rest], axis)
    return TABLE["astype"](made, kind, copy=False)


# -- real input: known from element types --------------------------------------------------


def _by_shape(name: str) -> None:
    real = getattr(np, name)

    def function(x: Any, *args: Any, **kwargs: Any) -> Any:
        x = as_tracer(x)
        return concrete(real(np.broadcast_to(np.zeros((), x.dtype), x.shape), *args, **kwargs))

    TABLE[name] = functools.wraps(real)(function)


for _name in ("triu_indices_from", "tril_indices_from", "diag_indices_from"):
    _by_shape(_name)


@implements("isreal")
def isreal(x: Any) -> Any:
    """True everywhere."""
    return concrete(np.ones(as_tracer(x).shape, bool))


@implements("iscomplex")
def iscomplex(x: Any) -> Any:
    """False everywhere."""
    return concrete(np.zeros(as_tracer(x).shape, bool))


@implements("isposinf")
def isposinf(x: Any) -> Any:
    """Whether it is infinity."""
    return TABLE["equal"](as_tracer(x), math.inf)


@implements("isneginf")
def isneginf(x: Any) -> Any:
    """Whether it is minus infinity."""
    return TABLE["equal"](as_tracer(x), -math.inf)


@implements("real_if_close")
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Itself."""
    return as_tracer(a)


@implements("angle")
def angle(z: Any, deg: bool = False) -> Any:
    """0 for numbers that are not negative, else pi."""
    z = as_tracer(z)
    refuse_narrow(z)
    if z._dtype[0] != "f":
        z = TABLE["astype"](z, float)
    argument = where(TABLE["signbit"](z), 180.0 if deg else math.pi, 0.0)
    made = where(TABLE["isnan"](z), math.nan, argument)
    return TABLE["astype"](made, z.dtype)


@implements("isin")
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Whether elements are among others: all are compared."""
    x, others = as_tracer(element), TABLE["ravel"](test_elements)
    wide = TABLE["reshape"](x, (*x.shape, 1))
    found = np.equal(wide, others)
    found = np.any(found, axis=-1)
    return np.logical_not(found) if invert else found


@implements("unravel_index")
def unravel_index(indices: Any, shape: Any, order: str = "C") -> Any:
    """Indices of every axis of the places in the flattened array."""
    if order != "C":
        raise unsupported(np.unravel_index, f" with order={order!r}")
    index, found = as_tracer(indices), []
    sizes = [int(n) for n in np.atleast_1d(np.asarray(shape))]
    inside = TABLE["logical_and"](
        TABLE["greater_equal"](index, 0), TABLE["less"](index, math.prod(sizes))
    )
    message = f"index is out of bounds for array with size {math.prod(sizes)}"
    demand(TABLE["all"](inside), ValueError(message))
    for size in reversed(sizes):
        found.append(TABLE["remainder"](index, size))
        index = TABLE["floor_divide"](index, size)
    return tuple(reversed(found))


@implements("ravel_multi_index")
def ravel_multi_index(multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Any:
    """Places in the flattened array."""
    if order != "C" or not isinstance(mode, str):
        raise unsupported(np.ravel_multi_index, " with these options")
    made: Any = 0
    outside: Any = False
    sizes = [int(n) for n in dims]
    for index, size in zip(multi_index, sizes, strict=True):
        if mode != "raise":
            index = wrapped(index, size, mode)
        outside = np.logical_or(outside, np.logical_or(np.less(index, 0), index >= size))
        made = made * size + index
    if mode == "raise":
        demand(np.logical_not(np.any(outside)), ValueError("invalid entry in coordinates array"))
    return made
