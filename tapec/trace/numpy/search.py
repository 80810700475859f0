"""Places in sorted arrays: search and bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_tracer,
    key_of,
    need_session,
    operand,
    session_of,
)
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.table import implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.numpy.shape import reshaped
from tapec.trace.tuning import COMPARED_ELEMENTS


@method_of_arrays("searchsorted")
@implements("searchsorted")
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """How many elements of the sorted `a` come before `v`."""
    a, v = as_tracer(a), as_tracer(v)
    if a.ndim != 1:
        raise ValueError("object of too small depth for desired array")
    if side not in ("left", "right"):
        raise ValueError(f"search side must be 'left' or 'right' (got {side!r})")
    if sorter is not None:
        a = a[as_tracer(sorter)]
    if not any_symbolic((a, v)):
        return concrete(np.searchsorted(a._array, v._array, side))  # type: ignore[call-overload]
    if a.size > COMPARED_ELEMENTS:
        return _searched(a, v, side)
    wide = reshaped(v, (*v.shape, 1))
    return np.sum(_before(a, wide, side), axis=-1)


def _before(a: Any, v: Any, side: str) -> Any:
    """Whether elements come before the place of `v`; NaN come last."""
    found = (np.less if side == "left" else np.less_equal)(a, v)
    if v._dtype[0] != "f" and a._dtype[0] != "f":
        return found
    last = np.isnan(v)
    if side == "right":
        return found | last
    return found | (last & ~np.isnan(a))


def _searched(a: Tracer, v: Tracer, side: str) -> Any:
    session = session_of(a, v) or need_session()
    dtype, _ = common(key_of(a), key_of(v))
    table, found = (operand(session, x, "i32" if dtype == "bool" else dtype) for x in (a, v))
    return wrap(session, session.emit("search", table, found, right=side == "right"))


@implements("digitize")
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """The numbers of the bins, whose edges go up or down."""
    edges, side = as_tracer(bins), "left" if right else "right"
    if is_symbolic(edges):
        steps = edges[1:] - edges[:-1]
        rises, falls = np.all(steps >= 0), np.all(steps <= 0)
        demand(rises | falls, ValueError("bins must be monotonically increasing or decreasing"))
        down = edges.shape[0] - searchsorted(edges[::-1], x, side)
        return np.where(rises, searchsorted(edges, x, side), down)
    known = edges._array
    if (np.diff(known) >= 0).all():
        return searchsorted(edges, x, side)
    if (np.diff(known) <= 0).all():
        return known.size - searchsorted(known[::-1], x, side)
    raise ValueError("bins must be monotonically increasing or decreasing")
