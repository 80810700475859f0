"""Quantiles and medians: interpolated between sorted elements."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.pick import places_along
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, moveaxis, ravel, reshaped
from tapec.trace.numpy.sorting import sort
from tapec.trace.tuning import SEPARATE_QUANTILES


def _between(virtual: Any, method: str) -> tuple[Any, Any]:
    """The place before a virtual index, and how far the index lies beyond it."""
    low = np.floor(virtual)
    part = virtual - low
    return low, part if method == "linear" else _PARTS[method](low, part)


def _nearest(low: Any, part: Any) -> Any:
    # Ties go to the even index.
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
    if q.size > SEPARATE_QUANTILES and not skip_nan:
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
    """One quantile of every row, whose first `count` elements are not NaN."""
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
    # At weight 0 the upper element may be a padding NaN, so it is not used.
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
