"""Choosing between values: where, select, clip, and functions guarded by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.dispatch import (
    key_of,
    need_session,
    normal,
    operand,
    session_of,
    tracer,
    unsupported,
)  # fmt: skip
from tapec.trace.promote import common
from tapec.trace.table import TABLE, implements
from tapec.trace.tracer import wrap


@implements("where")
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """``np.where`` with three arguments."""
    if x is None or y is None:
        raise unsupported(np.where, " with one argument")
    condition, x, y = normal(condition), normal(x), normal(y)
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
        made = TABLE["__call__"](np.where, (condition, choice, made), {})
    return made


@implements("choose")
def choose(index: Any, choices: Any, **kw: Any) -> Any:
    """``np.choose``."""
    return select([index == i for i in range(len(choices))], list(choices))


@implements("clip")
def clip(x: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None,
         max: Any = None, **kw: Any) -> Any:  # fmt: skip
    """``minimum(maximum(x, a_min), a_max)``."""
    low, high = (a_min if a_min is not None else min), (a_max if a_max is not None else max)
    made = x if low is None else TABLE["maximum"](x, low)
    made = made if high is None else TABLE["minimum"](made, high)
    if out is not None:
        TABLE["copyto"](out, made)
        return out
    return made


@implements("nan_to_num")
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None,
               neginf: Any = None) -> Any:  # fmt: skip
    """NaN and infinities replaced by numbers."""
    x = tracer(x)
    info = np.finfo(x.dtype)
    high = info.max if posinf is None else posinf
    low = info.min if neginf is None else neginf
    infinite, nans = TABLE["isinf"](x), TABLE["isnan"](x)
    made = where(infinite, where(x > 0, float(high), float(low)), x)
    return where(nans, float(nan), made)


@implements("sinc")
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), with value 1 and derivative 0 at 0."""
    x = tracer(x)
    zero = TABLE["equal"](x, 0)
    t = where(zero, 1.0, x) * np.pi
    return where(zero, 1.0 - (np.pi**2 / 6.0) * TABLE["power"](x, 2), TABLE["sin"](t) / t)


@implements("round", "around", "round_")
def round_(x: Any, decimals: int = 0, out: Any = None) -> Any:
    """Rounded half to even, at a decimal place."""
    if not decimals:
        return TABLE["rint"](x)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return TABLE["rint"](x * scale) / scale
    return TABLE["rint"](x / scale) * scale
