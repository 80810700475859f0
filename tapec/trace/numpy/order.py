"""Sorting, and what is found in sorted arrays: medians, quantiles, places, bins."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_tracer,
    key_of,
    need_session,
    operand,
    session_of,
)
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.arrays.writes import copyto
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, axis_of, moveaxis, ravel, reshaped
from tapec.trace.numpy.split import places_along


def _permutation(x: Tracer, axis: int) -> Any:
    if x._storage.array is not None:
        return concrete(np.argsort(x._array, axis=axis, kind="stable"))
    session = session_of(x) or need_session()
    value = x._value(session)
    if x._dtype == "bool":
        value = session.emit("convert", value, dtype="i32")
    return wrap(session, session.emit("argsort", value, axis=axis))


def _numbered(x: Any, axis: Any) -> tuple[Tracer, int]:
    x = ravel(x) if axis is None else as_tracer(x)
    if axis is None and not x.ndim:
        x = reshaped(x, (1,))
    return x, axis_of(0 if axis is None else axis, x.ndim)


@implements("argsort")
def argsort(a: Any, axis: Any = -1, order: Any = None) -> Any:
    """Where the sorted elements come from; equal ones keep their order."""
    x, axis = _numbered(a, axis)
    return _permutation(x, axis)


@implements("sort")
def sort(a: Any, axis: Any = -1, order: Any = None) -> Any:
    """The elements in order."""
    x, axis = _numbered(a, axis)
    return x[places_along(x, _permutation(x, axis), axis)]


@method_of_arrays("sort")
def sort_method(a: Tracer, axis: int = -1, kind: Any = None, order: Any = None, *,
                stable: Any = None) -> None:  # fmt: skip
    """``a.sort()``: in place."""
    copyto(a, sort(a, axis))


@implements("partition")
def partition(a: Any, kth: Any, axis: Any = -1) -> Any:
    """Sorted outright, which is a partition too."""
    x, axis = _numbered(a, axis)
    _check_kth(kth, x.shape[axis])
    return sort(x, axis)


@method_of_arrays("partition")
def partition_method(a: Tracer, kth: Any, axis: int = -1, kind: Any = None,
                     order: Any = None) -> None:  # fmt: skip
    """``a.partition()``: in place."""
    copyto(a, partition(a, kth, axis))


@implements("argpartition")
def argpartition(a: Any, kth: Any, axis: Any = -1) -> Any:
    """The permutation that sorts, which partitions too."""
    x, axis = _numbered(a, axis)
    _check_kth(kth, x.shape[axis])
    return _permutation(x, axis)


def _check_kth(kth: Any, size: int) -> None:
    if any(not -size <= int(k) < size for k in np.atleast_1d(np.asarray(kth))):
        raise ValueError(f"kth(={kth}) out of bounds ({size})")


@implements("lexsort")
def lexsort(keys: Any, axis: int = -1) -> Any:
    """The permutation that sorts by the last key, then by those before it."""
    rows = list(as_tracer(keys)) if isinstance(keys, Tracer) else [as_tracer(k) for k in keys]
    axis = axis_of(axis, rows[0].ndim)
    found = _permutation(rows[0], axis)
    for key in rows[1:]:
        again = _permutation(key[places_along(key, found, axis)], axis)
        found = found[places_along(found, again, axis)]
    return found


# -- quantiles -----------------------------------------------------------------------------


def _between(virtual: Any, method: str) -> tuple[Any, Any]:
    """The place before a virtual index, and how far the index lies beyond it."""
    low = np.floor(virtual)
    part = virtual - low
    return low, part if method == "linear" else _PARTS[method](low, part)


def _nearest(low: Any, part: Any) -> Any:
    # Half way goes to the even place.
    odd = np.remainder(low, 2.0) == 1.0
    up = (part > 0.5) | ((part == 0.5) & odd)
    return np.where(up, 1.0, 0.0)


_PARTS: dict[str, Callable[[Any, Any], Any]] = {
    "lower": lambda low, part: part * 0.0,
    "higher": lambda low, part: np.where(part > 0.0, 1.0, 0.0),
    "midpoint": lambda low, part: np.where(part > 0.0, 0.5, 0.0),
    "nearest": _nearest,
}


def _rows(a: Any, axis: Any) -> Tracer:
    """The elements that are reduced together, as the last axis; floats."""
    x = as_tracer(a)
    if x._dtype == "bool":
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported")
    x = x if x._dtype[0] == "f" else TABLE["astype"](x, float)
    axes = axes_of(axis, x.ndim)
    for k, i in enumerate(sorted(axes)):
        x = moveaxis(x, i - k, -1)
    rest = x.shape[: x.ndim - len(axes)]
    return reshaped(x, (*rest, math.prod(x.shape[len(rest) :])))


def _kept(made: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    if not keepdims or keepdims is np._NoValue:
        return made
    shape = as_tracer(a).shape
    axes = axes_of(axis, len(shape))
    lead = made.shape[: made.ndim - (len(shape) - len(axes))]
    return reshaped(made, (*lead, *(1 if i in axes else n for i, n in enumerate(shape))))


def _quantile(a: Any, q: Any, axis: Any, method: str, keepdims: Any, skip_nan: bool) -> Any:
    if method not in ("linear", *_PARTS):
        raise unsupported(np.quantile, f" with method={method!r}")
    rows: Any = sort(_rows(a, axis))
    n = rows.shape[-1]
    numbers = np.logical_not(TABLE["isnan"](rows))
    count = TABLE["sum"](numbers, axis=-1) if skip_nan else n
    q = as_tracer(q)
    if q.size > _QUANTILES and not skip_nan:
        return _kept(_together(rows, q, method), a, axis, keepdims)
    made = [_at(rows, n, count, q[k], method) for k in np.ndindex(q.shape)]
    if q._storage.array is not None:
        made = [TABLE["astype"](m, _resulting(rows, q)) for m in made]
    if not skip_nan:
        bad = TABLE["isnan"](rows[..., n - 1])
        made = [where(bad, np.nan, m) for m in made]
    found = TABLE["stack"](made) if q.shape else made[0]
    found = reshaped(found, (*q.shape, *rows.shape[:-1]))
    return _kept(found, a, axis, keepdims)


def _resulting(rows: Any, q: Any) -> Any:
    """The element type of quantiles at constants: arrays of these widen it, numbers do not."""
    return np.result_type(rows.dtype, q.dtype) if q.shape else rows.dtype


_QUANTILES = 8  # up to which each is computed by itself


def _together(rows: Any, q: Any, method: str) -> Any:
    """All quantiles of every row, as one array."""
    n, known = rows.shape[-1], q._storage.array is not None
    if known and not ((q._array >= 0.0) & (q._array <= 1.0)).all():
        raise ValueError("Quantiles must be in the range [0, 1]")
    low, part = _between(TABLE["maximum"](ravel(q) * (n - 1.0), 0.0), method)
    first = TABLE["astype"](low, int)
    a, b = rows[..., first], rows[..., TABLE["minimum"](first + 1, n - 1)]
    inside = where(TABLE["equal"](part, 1.0), b, a + (b - a) * part)
    made = where(TABLE["greater"](part, 0.0), inside, a)
    made = where(TABLE["isnan"](rows[..., n - 1 :]), np.nan, made)
    made = TABLE["astype"](made, _resulting(rows, q)) if known else made
    return reshaped(moveaxis(made, -1, 0), (*q.shape, *rows.shape[:-1]))


def _at(rows: Any, n: int, count: Any, q: Any, method: str) -> Any:
    """One quantile of every row, of which so many are numbers."""
    if not isinstance(q, Tracer) or q._storage.array is not None:
        q = float(q)
        if not 0.0 <= q <= 1.0:
            raise ValueError("Quantiles must be in the range [0, 1]")
    virtual = q * (count - 1.0)
    if isinstance(virtual, Tracer):
        virtual = TABLE["maximum"](virtual, 0.0)
    low, part = _between(virtual, method)
    if not isinstance(low, Tracer):
        first = int(low)
        a, b = rows[..., first], rows[..., min(first + 1, n - 1)]
    else:
        first = TABLE["astype"](low, int)
        second = TABLE["minimum"](first + 1, n - 1)
        if not low.shape:
            a, b = rows[..., first], rows[..., second]
        else:
            a, b = (rows[places_along(rows, i[..., None], rows.ndim - 1)][..., 0]
                    for i in (first, second))  # fmt: skip
    if not isinstance(part, Tracer):
        return a if part == 0.0 else b if part == 1.0 else a + (b - a) * float(part)
    # Where the upper one counts for nothing it may be missing, a NaN.
    return where(TABLE["greater"](part, 0.0), a + (b - a) * part, a)


@implements("quantile")
def quantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear",
             keepdims: Any = False) -> Any:  # fmt: skip
    """``np.quantile``: interpolated between the sorted elements."""
    return _quantile(a, q, axis, method, keepdims, False)


@implements("percentile")
def percentile(a: Any, q: Any, axis: Any = None, *, method: str = "linear",
               keepdims: Any = False) -> Any:  # fmt: skip
    """``np.percentile``."""
    return _quantile(a, as_tracer(q) / 100.0, axis, method, keepdims, False)  # type: ignore[operator]


@implements("nanquantile")
def nanquantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear",
                keepdims: Any = False) -> Any:  # fmt: skip
    """``np.nanquantile``: of what is not NaN."""
    return _quantile(a, q, axis, method, keepdims, True)


@implements("nanpercentile")
def nanpercentile(a: Any, q: Any, axis: Any = None, *, method: str = "linear",
                  keepdims: Any = False) -> Any:  # fmt: skip
    """``np.nanpercentile``: of what is not NaN."""
    return _quantile(a, as_tracer(q) / 100.0, axis, method, keepdims, True)  # type: ignore[operator]


@implements("median")
def median(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The middle of the sorted elements, or the mean of the two in the middle."""
    return _quantile(a, 0.5, axis, "linear", keepdims, False)


@implements("nanmedian")
def nanmedian(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The median of what is not NaN."""
    return _quantile(a, 0.5, axis, "linear", keepdims, True)


# -- places in sorted arrays ---------------------------------------------------------------


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
    if a.size > _COMPARED:
        return _searched(a, v, side)
    wide = reshaped(v, (*v.shape, 1))
    return np.sum(_before(a, wide, side), axis=-1)


_COMPARED = 48  # elements up to which all are compared, which runs as vectors


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
    """The numbers of the bins, whose edges are known while tracing."""
    edges = as_tracer(bins)
    if edges._storage.array is None:
        raise unsupported(np.digitize, " with traced bins: np.searchsorted(bins, x)")
    side = "left" if right else "right"
    known = edges._array
    if (np.diff(known) >= 0).all():
        return searchsorted(edges, x, side)
    if (np.diff(known) <= 0).all():
        return known.size - searchsorted(known[::-1], x, side)
    raise ValueError("bins must be monotonically increasing or decreasing")


# -- running extremes ----------------------------------------------------------------------


def _running(name: str) -> Callable[..., Any]:
    def accumulate(x: Any, axis: Any = 0, dtype: Any = None) -> Any:
        x = as_tracer(x) if dtype is None else TABLE["astype"](as_tracer(x), dtype)
        session = session_of(x) or need_session()
        made = session.emit(name, x._value(session), axis=axis_of(axis, x.ndim))
        return wrap(session, made)

    return accumulate


running_max, running_min = _running("cummax"), _running("cummin")
