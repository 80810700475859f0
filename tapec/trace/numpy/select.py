"""Choosing between values: where, select, clip, and functions guarded by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.dispatch import call
from tapec.trace.arrays.halves import refuse_halves
from tapec.trace.arrays.mixed import settle
from tapec.trace.arrays.operands import (
    as_array,
    as_tracer,
    key_of,
    need_session,
    operand,
    session_of,
)
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.arrays.writes import deliver


@implements("where")
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """``np.where``: with one argument, where it is not zero."""
    if x is None and y is None:
        return call(np.nonzero, (condition,), {})
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    condition, x, y = as_array(condition), as_array(x), as_array(y)
    session = session_of(condition, x, y) or need_session()
    c = operand(session, condition if key_of(condition)[0] == "bool" else condition != 0, "bool")
    dtype, weak = common(key_of(x), key_of(y))
    value = session.emit("select", c, operand(session, x, dtype), operand(session, y, dtype))
    made = wrap(session, value, weak and not value.type.shape)
    return settle(made, (x, y), common)


@implements("select")
def select(conditions: Any, choices: Any, default: Any = 0) -> Any:
    """``np.select``: the first condition that holds."""
    conditions, choices = [as_tracer(c) for c in conditions], [as_array(c) for c in choices]
    if len(conditions) != len(choices):
        raise ValueError("list of cases must be same length as list of conditions")
    if any(c._dtype != "bool" for c in conditions):
        raise TypeError("invalid entry in condlist: should be boolean ndarray")
    kind = NUMPY_DTYPES[common(*map(key_of, (*choices, default)))[0]]
    made: Any = TABLE["astype"](default, kind)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        choice = TABLE["astype"](choice, kind)
        made = call(np.where, (condition, choice, made), {})
    return made


@implements("choose")
def choose(index: Any, choices: Any, mode: str = "raise") -> Any:
    """``np.choose``: the elements at `index` of the choices, all broadcast together."""
    choices = [as_array(c) for c in choices]
    kind = NUMPY_DTYPES[common(*map(key_of, choices))[0]]
    parts = TABLE["broadcast_arrays"](index, *(TABLE["astype"](c, kind) for c in choices))
    i, stacked = parts[0], TABLE["stack"](parts[1:])
    if i._dtype[0] == "f":
        raise DTypeError("np.choose takes integers as its first argument", where=user_line())
    if i._dtype == "bool":
        i = TABLE["astype"](i, int)
    i = wrapped(i, len(choices), mode)
    grid = np.ix_(*(np.arange(n) for n in i.shape)) if i.shape else ()
    return stacked[(i, *grid)]


def wrapped(index: Any, n: int, mode: str) -> Any:
    """Indices as NumPy's `mode` says: of 0 .. n - 1 (negative ones only count under "wrap")."""
    if mode == "wrap":
        return index % n
    if mode == "clip":
        return TABLE["clip"](index, 0, n - 1)
    if mode != "raise":
        raise ValueError(f"mode must be 'raise', 'wrap' or 'clip', not {mode!r}")
    # Negative indices are out of bounds, too: n marks them.
    return np.where(np.less(index, 0), n, index)


@implements("clip")
def clip(x: Any, a_min: Any = np._NoValue, a_max: Any = np._NoValue, *, min: Any = np._NoValue,
         max: Any = np._NoValue) -> Any:  # fmt: skip
    """``minimum(maximum(x, a_min), a_max)``, the bounds under one pair of names or the other."""
    missing = [b for b in (a_min, a_max) if b is np._NoValue]
    if len(missing) == 1:
        raise TypeError("clip() missing 1 required positional argument")
    if not missing and not (min is np._NoValue and max is np._NoValue):
        raise ValueError("`min` or `max` are not allowed where `a_min` and `a_max` are given")
    low, high = (min, max) if missing else (a_min, a_max)
    return clipped(x, *(None if b is np._NoValue else b for b in (low, high)))


@method_of_arrays("clip")
def clip_method(x: Any, min: Any = None, max: Any = None, out: Any = None) -> Any:
    """``x.clip``: either bound may be left out."""
    made = clipped(x, min, max)
    return made if out is None else deliver(out, made)


def clipped(x: Any, low: Any, high: Any) -> Any:
    """Between two bounds, each of which may be None."""
    if low is None and high is None:
        return TABLE["positive"](x)
    x, low, high = as_array(x), as_array(low), as_array(high)
    kind, _ = common(*(key_of(a) for a in (x, low, high) if a is not None))
    if kind != key_of(x)[0]:
        x = TABLE["astype"](x, NUMPY_DTYPES[kind])
    made = x if low is None else TABLE["maximum"](x, low)
    return made if high is None else TABLE["minimum"](made, high)


@implements("nan_to_num")
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None,
               neginf: Any = None) -> Any:  # fmt: skip
    """NaN and infinities replaced by numbers."""
    given, x = x, as_tracer(x)
    if x._dtype[0] != "f":
        return TABLE["copy"](x) if copy else given
    info = np.finfo(x.dtype)
    high = info.max if posinf is None else posinf
    low = info.min if neginf is None else neginf
    infinite, nans = TABLE["isinf"](x), TABLE["isnan"](x)
    made = where(infinite, where(x > 0, float(high), float(low)), x)
    made = TABLE["astype"](where(nans, float(nan), made), x.dtype)
    return made if copy or type(given) is not Tracer else deliver(given, made)


@implements("round", "around", "round_")
def round_(x: Any, decimals: int = 0) -> Any:
    """Rounded half to even, at a decimal place."""
    x = as_tracer(x)
    if x._dtype in ("i32", "i64") and decimals < 0:
        raise unsupported(np.round, " with negative decimals of integers")
    if x._dtype == "bool" and decimals:
        raise TypeError("Cannot cast ufunc output from dtype('float64') to dtype('bool')")
    if x._dtype == "bool":
        refuse_halves("round", (x,))
    if x._dtype[0] != "f":
        return TABLE["copy"](x)
    if not decimals:
        return TABLE["rint"](x)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return TABLE["rint"](x * scale) / scale
    return TABLE["rint"](x / scale) * scale
