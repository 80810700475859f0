"""Choosing between values: where, select, clip, and functions guarded by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.dispatch import call
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
from tapec.trace.arrays.table import TABLE, implements
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
    return wrap(session, value, weak and not value.type.shape)


@implements("select")
def select(conditions: Any, choices: Any, default: Any = 0) -> Any:
    """``np.select``: the first condition that holds."""
    made = default
    for condition, choice in zip(reversed(list(conditions)), reversed(list(choices)), strict=True):
        made = call(np.where, (condition, choice, made), {})
    return made


@implements("choose")
def choose(index: Any, choices: Any, mode: str = "raise") -> Any:
    """``np.choose``: the elements at `index` of the choices, all broadcast together."""
    parts = TABLE["broadcast_arrays"](index, *choices)
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
def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None,
         max: Any = None) -> Any:  # fmt: skip
    """``minimum(maximum(x, a_min), a_max)``."""
    low, high = (b if b is not np._NoValue else None for b in (a_min, a_max))
    low, high = (low if low is not None else min), (high if high is not None else max)
    made = x if low is None else TABLE["maximum"](x, low)
    made = made if high is None else TABLE["minimum"](made, high)
    return TABLE["copy"](made) if made is x else made


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
    if x._dtype[0] != "f":
        return TABLE["copy"](x)
    if not decimals:
        return TABLE["rint"](x)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return TABLE["rint"](x * scale) / scale
    return TABLE["rint"](x / scale) * scale
