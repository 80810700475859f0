"""Reductions that leave NaN out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.moments import degrees, guarded_root
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import reduced_axes


def _replaced(x: Any, number: float) -> tuple[Any, Any]:
    """The array with NaN replaced, and the mask of other elements (None: no NaN is possible)."""
    x = as_tracer(x)
    if x._dtype[0] != "f":
        return x, None
    valid = TABLE["logical_not"](TABLE["isnan"](x))
    return where(valid, x, number), valid


def _both(valid: Any, mask: Any) -> Any:
    if mask is True or mask is np._NoValue or valid is None:
        return mask if valid is None else valid
    return TABLE["logical_and"](valid, mask)


def _sum_like(name: str, plain: str, neutral: float) -> None:
    def function(x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False,
                 initial: Any = None, where: Any = True) -> Any:  # fmt: skip
        x, _ = _replaced(x, neutral)
        return TABLE[plain](x, axis, dtype, keepdims, initial, where)

    TABLE[name] = function


_sum_like("nansum", "sum", 0.0)
_sum_like("nanprod", "prod", 1.0)


def _running_like(name: str, plain: str, neutral: float) -> None:
    def function(x: Any, axis: Any = None, dtype: Any = None) -> Any:
        return TABLE[plain](_replaced(x, neutral)[0], axis, dtype)

    TABLE[name] = function


_running_like("nancumsum", "cumsum", 0.0)
_running_like("nancumprod", "cumprod", 1.0)


def _extreme_like(name: str, plain: str, neutral: float) -> None:
    def function(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
                 where: Any = True) -> Any:  # fmt: skip
        filled, valid = _replaced(x, neutral)
        made = TABLE[plain](filled, axis, keepdims, initial, where)
        if valid is None or initial not in (None, np._NoValue):
            return made
        some = TABLE["any"](_both(valid, where), axis, keepdims)
        return _nan_where_empty(some, made)

    TABLE[name] = function


def _nan_where_empty(some: Any, made: Any) -> Any:
    """The results, but NaN for rows that are all NaN."""
    return where(some, made, math.nan)


_extreme_like("nanmax", "max", -math.inf)
_extreme_like("nanmin", "min", math.inf)


def _argument_like(name: str, plain: str, neutral: float) -> Callable[..., Any]:
    def function(x: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        filled, valid = _replaced(x, neutral)
        if valid is not None:
            some = TABLE["all"](TABLE["any"](valid, axis))
            demand(some, ValueError("All-NaN slice encountered"))
        return TABLE[plain](filled, axis, keepdims=keepdims)

    TABLE[name] = function
    return function


_argument_like("nanargmax", "argmax", -math.inf)
_argument_like("nanargmin", "argmin", math.inf)


def _axis(axis: Any, x: Any) -> Any:
    """The axes of a mean; a number has the axes 0 and -1 here, unlike in `np.mean`."""
    return axis if x.ndim else reduced_axes(axis, 0)


@implements("nanmean")
def nanmean(x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, *,
            where: Any = True) -> Any:  # fmt: skip
    """Mean of what is not NaN."""
    filled, valid = _replaced(x, 0.0)
    axis = axis if valid is None else _axis(axis, filled)
    return TABLE["mean"](filled, axis, dtype, keepdims, where=_both(valid, where))


@implements("nanvar")
def nanvar(x: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, *,
           where: Any = True, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    """Variance of what is not NaN; NaN where `ddof` leaves nothing to divide by."""
    filled, valid = _replaced(x, 0.0)
    if valid is None:
        options = {"where": where, "mean": mean, "correction": correction}
        return TABLE["var"](filled, axis, dtype, ddof, keepdims, **options)
    axis = _axis(axis, filled)
    options = {"where": _both(valid, where), "mean": mean, "correction": correction}
    made = TABLE["var"](filled, axis, dtype, ddof, keepdims, **options)
    taken = degrees(ddof, correction)
    mask = TABLE["broadcast_to"](options["where"], filled.shape)
    count = TABLE["sum"](mask, axis=axis, keepdims=keepdims)
    return _nan_where_empty(TABLE["greater"](count, taken), made)


@implements("nanstd")
def nanstd(x: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, *,
           where: Any = True, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    """Standard deviation of what is not NaN."""
    options = {"where": where, "mean": mean, "correction": correction}
    return guarded_root(nanvar(x, axis, dtype, ddof, keepdims, **options))
