"""Means, variances and standard deviations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import as_tracer, strong
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.reduce import as_float, given, is_everywhere
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, axis_of, broadcast_to, reshaped


def _count(x: Tracer, axis: Any, mask: Any = True, keepdims: Any = False) -> Any:
    """The number of elements in each reduction, counting those where a mask holds."""
    if is_everywhere(mask):
        return math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    count = TABLE["sum"](broadcast_to(mask, x.shape), axis=axis, keepdims=keepdims)
    return TABLE["astype"](count, x.dtype)


def _as_float(x: Any, dtype: Any) -> Any:
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise unsupported(np.mean, f" with dtype={np.dtype(dtype)}")
    return as_float(x if dtype is None else TABLE["astype"](as_tracer(x), dtype))


@implements("mean")
def mean(x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, *,
         where: Any = True) -> Any:  # fmt: skip
    """Arithmetic mean."""
    x, keepdims = _as_float(x, dtype), given(keepdims)
    total = TABLE["sum"](x, axis=axis, keepdims=keepdims, where=where)
    return total / _count(x, axis, where, keepdims)


@implements("average")
def average(x: Any, axis: Any = None, weights: Any = None, returned: bool = False, *,
            keepdims: Any = False) -> Any:  # fmt: skip
    """Weighted mean."""
    keepdims = given(keepdims)
    axes_of(axis, as_tracer(x).ndim)
    if weights is None:
        made = mean(x, axis, keepdims=keepdims)
        count = np.asarray(_count(as_tracer(x), axis), made.dtype)
        return (made, broadcast_to(count, made.shape)) if returned else made
    x, w = as_tracer(x), strong(weights)
    kinds = (x.dtype, w.dtype) if x._dtype[0] == "f" else (x.dtype, w.dtype, float)
    x, w = (TABLE["astype"](t, np.result_type(*kinds)) for t in (x, w))
    if w.shape != x.shape:
        if w.ndim != 1 or not isinstance(axis, (int, np.integer)):
            raise unsupported(np.average, f" with weights of shape {w.shape}")
        i = axis_of(axis, x.ndim)
        w = reshaped(w, [n if j == i else 1 for j, n in enumerate(x.shape)])
        w = broadcast_to(w, x.shape)
    total = TABLE["sum"](w, axis=axis, keepdims=keepdims)
    some = TABLE["all"](TABLE["not_equal"](total, 0))
    demand(some, ZeroDivisionError("Weights sum to zero, can't be normalized"))
    made = TABLE["sum"](x * w, axis=axis, keepdims=keepdims) / total
    return (made, broadcast_to(total, made.shape)) if returned else made


@implements("var")
def var(x: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, *,
        where: Any = True, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    """Variance: mean squared deviation, over n - ddof."""
    _as_float(x, dtype)
    x, keepdims = as_float(x), given(keepdims)
    ddof = degrees(ddof, correction)
    if given(mean) is None:
        mean = TABLE["mean"](x, axis, dtype, keepdims=True, where=where)
    squares = TABLE["power"](x - mean, 2)
    total = TABLE["sum"](squares, axis=axis, dtype=dtype, keepdims=keepdims, where=where)
    count = _count(x, axis, where, keepdims) - ddof
    if isinstance(count, Tracer):
        return total / TABLE["astype"](TABLE["maximum"](count, 0), total.dtype, copy=False)
    return total / count if count > 0 else total / 0.0


def degrees(ddof: Any, correction: Any) -> Any:
    """What is taken off the count: one option under two names."""
    if given(correction) is None:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return correction


def guarded_root(squares: Any) -> Any:
    """sqrt, with derivative 0 at 0."""
    zero = TABLE["equal"](squares, 0)
    return where(zero, 0.0, TABLE["sqrt"](where(zero, 1.0, squares)))


@implements("std")
def std(x: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, *,
        where: Any = True, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    """Standard deviation, with derivative 0 where all are equal."""
    options = {"where": where, "mean": mean, "correction": correction}
    return guarded_root(var(x, axis, dtype, ddof, keepdims, **options))
