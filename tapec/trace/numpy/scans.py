"""Running sums, products and extremes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.operands import as_tracer, convert, need_session, session_of
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import wrap
from tapec.trace.numpy.join import joined
from tapec.trace.numpy.reduce import accumulator_type
from tapec.trace.numpy.shape import atleast_1d, axes_of, axis_of, ravel
from tapec.trace.numpy.split import along


def _running(name: str) -> Callable[..., Any]:
    def accumulate(x: Any, axis: Any = 0, dtype: Any = None) -> Any:
        x = as_tracer(x) if dtype is None else TABLE["astype"](as_tracer(x), dtype)
        session = session_of(x) or need_session()
        made = session.emit(name, x._value(session), axis=axis_of(axis, x.ndim))
        return wrap(session, made)

    return accumulate


running_max, running_min = _running("cummax"), _running("cummin")


def _scanned(x: Any, axis: Any) -> tuple[Any, int]:
    x = as_tracer(x)
    x = ravel(x) if axis is None or not x.ndim else x
    return x, axis_of(0 if axis is None else axis, x.ndim)


@implements("cumsum")
def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running sums."""
    x, i = _scanned(x, axis)
    session = session_of(x) or need_session()
    value, target = x._value(session), accumulator_type(x, dtype)
    if target != x._dtype:
        value = convert(session, value, target)
    return wrap(session, session.emit("cumsum", value, axis=i, reverse=False))


@implements("cumprod")
def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running products: the recurrence s_i = x_i s_(i-1) started at x_0."""
    x, i = _scanned(x, axis)
    target = accumulator_type(x, dtype)
    x = x if x._dtype == target else TABLE["astype"](x, NUMPY_DTYPES[target])
    # Adding -0.0 changes no product, nor the sign of a zero.
    start = TABLE["full_like"](x, -0.0) if target[0] == "f" else TABLE["zeros_like"](x)
    key = slice(0, 1)
    start[(slice(None),) * i + (key,)] = along(x, i, key)
    session = session_of(x) or need_session()
    value = session.emit(
        "recurrence", x._value(session), start._value(session), axis=i, reverse=False
    )
    return wrap(session, value)


def _cumulative_like(np_name: str, plain: Callable[..., Any], start: int) -> None:
    def function(x: Any, *, axis: Any = None, dtype: Any = None,
                 include_initial: bool = False) -> Any:  # fmt: skip
        x = atleast_1d(x)
        if axis is None and x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension `axis` is required")
        axis = operator.index(axis) if include_initial and axis is not None else axis
        (i,) = (0,) if axis is None else axes_of(axis, x.ndim)
        made = plain(x, i, dtype)
        if not include_initial:
            return made
        first = np.full([1 if k == i else n for k, n in enumerate(x.shape)], start, made.dtype)
        return joined([first, made], i)

    TABLE[np_name] = function


_cumulative_like("cumulative_sum", cumsum, 0)
_cumulative_like("cumulative_prod", cumprod, 1)
