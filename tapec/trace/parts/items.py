"""Slices of run-time length: their axes, parts and elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.dynamic import is_dynamic
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of
from tapec.trace.numpy.ufunc_methods import at
from tapec.trace.parts.intervals import Interval, within
from tapec.trace.parts.ragged import Ragged, unsupported, write
from tapec.trace.parts.rules import RULES, elementwise, rule

# --- shape ---------------------------------------------------------------------------------------


@rule("transpose")
def transpose(x: Ragged, *axes: Any) -> Ragged:
    """Axes in another order."""
    perm = tuple(range(x.ndim))[::-1] if not axes or axes[0] is None else axes
    perm = tuple(perm[0]) if isinstance(perm[0], (tuple, list)) else tuple(perm)
    perm = tuple(p % x.ndim for p in perm)
    intervals = {k: x.intervals[p] for k, p in enumerate(perm) if p in x.intervals}
    return Ragged(TABLE["transpose"](x.frame, perm), intervals)


@rule("flip", "flipud")
def flip(x: Ragged, axis: Any = None) -> Any:
    """Axes backwards."""
    axes = axes_of(axis, x.ndim)
    return x[tuple(slice(None, None, -1) if a in axes else slice(None) for a in range(x.ndim))]


@rule("ravel", "flatten")
def ravel(x: Ragged) -> Ragged:
    """A vector as it is."""
    if x.ndim != 1:
        raise unsupported("np.ravel of a matrix")
    return x


@rule("zeros_like", "ones_like", "empty_like")
def zeros_like(x: Ragged, dtype: Any = None) -> Ragged:
    """Zeros in the shape of a part."""
    return Ragged(_as_traced(TABLE["zeros_like"](x.frame, dtype)), x.intervals)


RULES["ones_like"] = lambda x, dtype=None: Ragged(
    _as_traced(TABLE["ones_like"](x.frame, dtype)), x.intervals
)


def _as_traced(x: Tracer) -> Tracer:
    x._storage.trace_into(need_session())
    return x


@rule("reshape")
def reshape(x: Ragged, *shape: Any) -> Ragged:
    """A vector as a row or a column."""
    wanted = tuple(shape[0]) if isinstance(shape[0], (tuple, list)) else shape
    keys = {(-1,): (slice(None),), (-1, 1): (slice(None), None), (1, -1): (None, slice(None))}
    if x.ndim != 1 or wanted not in keys:
        raise unsupported("np.reshape")
    made: Ragged = x[keys[wanted]]
    return made


RULES["shape"] = lambda x: x.shape
RULES["ndim"] = lambda x: x.ndim
RULES["size"] = lambda x: x.size


@rule("place")
def place(arr: Any, mask: Any, vals: Any) -> None:
    """As many values as places of the mask: those that were extracted by it."""
    arr[mask if mask.dtype == bool else mask != 0] = vals


# --- items ---------------------------------------------------------------------------------------


def _located(x: Ragged, key: Any) -> tuple[tuple[Any, ...], dict[int, Interval]]:
    """The key for the frame, and the bounds of the axes it leaves."""
    entries = list(key) if isinstance(key, tuple) else [key]
    used = sum(e is not None and e is not Ellipsis for e in entries)
    rest = [slice(None)] * (x.ndim - used)
    if any(e is Ellipsis for e in entries):
        i = next(i for i, e in enumerate(entries) if e is Ellipsis)
        entries[i : i + 1] = rest
    else:
        entries += rest
    intervals: dict[int, Interval] = {}
    made: list[Any] = []
    axis = place = 0
    for e in entries:
        interval = None if e is None else x.intervals.get(axis)
        if interval is not None:
            e, interval = _cut_entry(e, interval)
        if interval is not None:
            intervals[place] = interval
        made.append(e)
        axis += e is not None
        place += e is None or isinstance(e, slice)
    return tuple(made), intervals


def _cut_entry(e: Any, interval: Interval) -> tuple[Any, Interval | None]:
    if isinstance(e, slice):
        if e.step in (None, 1):
            return slice(None), _sliced(e, interval)
        if e.step == -1 and e.start is None and e.stop is None:
            return slice(None, None, -1), interval.flipped()
        raise unsupported("a step, or bounds and a step,")
    if isinstance(e, (list, np.ndarray)) or (type(e) is Tracer and e.shape):
        raise unsupported("an array of indices")
    length = interval.length
    k = where(e < 0, e + length, e) if is_symbolic(e) else (e + length if e < 0 else e)
    inside = TABLE["logical_and"](TABLE["greater_equal"](k, 0), TABLE["less"](k, length))
    # What leaves the part leaves the array, and is found when the program runs.
    return where(inside, interval.low + k, int(interval.n)), None


def _sliced(e: slice, interval: Interval) -> Interval:
    """A part of a part."""
    length = interval.length
    start, stop, low, high = interval.start, interval.stop, interval.low, interval.high
    if e.stop is not None:
        high = interval.low + within(e.stop, length)
        stop = e.stop + (
            interval.stop if not is_symbolic(e.stop) and e.stop < 0 else interval.start
        )
    if e.start is not None:
        low = interval.low + within(e.start, length)
        start = e.start + (
            interval.stop if not is_symbolic(e.start) and e.start < 0 else interval.start
        )
    return Interval(interval.n, start, stop, low, high)


@rule("getitem")
def getitem(x: Ragged, key: Any) -> Any:
    """A part of a part, or an element."""
    place, intervals = _located(x, key)
    made = x.frame[place]
    if type(made) is Ragged:
        return Ragged(made.frame, {**made.intervals, **intervals})
    return Ragged(made, intervals) if intervals else made


@rule("setitem")
def setitem(x: Ragged, key: Any, value: Any) -> None:
    """Write a part of a part, or an element."""
    place, intervals = _located(x, key)
    if intervals or any(is_dynamic(e) and isinstance(e, slice) for e in place):
        write(getitem(x, key), value)
    else:
        x.frame[place] = value


@rule("gather")
def gather(x: Tracer, key: Any) -> Ragged:
    """``x[indices]``, where there are as many indices as a slice has elements."""
    if type(key) is not Ragged or key.ndim != 1 or key.frame._dtype[0] != "i":
        raise unsupported("such an index")
    return Ragged(x[key.filled(0)], dict(key.intervals))


@rule("add.at")
def add_at(x: Any, key: Any, value: Any) -> None:
    """``np.add.at`` at indices of run-time number: masked indices add zero."""
    if type(key) is not Ragged or key.ndim != 1:
        raise unsupported("np.add.at")
    part = elementwise("multiply", (value, zeros_like(key, float) + 1.0), {})
    at("add", x, key.filled(0), part.filled(0))


@rule("scatter")
def scatter(x: Tracer, key: Any, value: Any) -> None:
    """Refused: which of several equal indices comes last is unknown."""
    raise unsupported("writing to places given by an array of indices cut out")
