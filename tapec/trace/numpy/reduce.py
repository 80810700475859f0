"""Reductions, with axis, keepdims and dtype as in NumPy."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapec.ir.types import dtype_name
from tapec.trace.arrays.operands import as_tracer, convert, need_session, session_of
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axis_of, broadcast_to, ravel, reduced_axes
from tapec.trace.numpy.split import along


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def reduce(name: str, x: Any, axis: Any, keepdims: Any, dtype: str | None = None) -> Any:
    """One reduction op."""
    x = as_tracer(x)
    axes = reduced_axes(axis, x.ndim)
    session = session_of(x) or need_session()
    value = x._value(session)
    if dtype is not None and dtype != x._dtype:
        value = convert(session, value, dtype)
    if axes:
        value = session.emit(name, value, axes=axes)
    if keepdims and axes:
        value = session.emit("reshape", value, shape=_kept(x.shape, axes))
    return wrap(session, value)


def accumulator_type(x: Tracer, dtype: Any) -> str:
    """Element type of sums and products: small integers count in i64."""
    if dtype is not None:
        return dtype_name(dtype)
    return "i64" if x._dtype in ("bool", "i32") else x._dtype


def given(argument: Any) -> Any:
    """An argument, None for NumPy's `_NoValue`."""
    return None if argument is np._NoValue else argument


def is_everywhere(mask: Any) -> bool:
    return mask is True or mask is None or mask is np._NoValue


def _mask(x: Any, mask: Any, neutral: Any) -> Any:
    if is_everywhere(mask):
        return x
    return where(broadcast_to(mask, x.shape), x, neutral)


def _started(initial: Any, made: Tracer) -> Any:
    """`initial=` in the element type of the reduction."""
    start = as_tracer(initial)
    if start.ndim:
        raise ValueError("Input object to initial= must be a number")
    return TABLE["astype"](start, made.dtype)


def _sum_like(np_name: str, primitive: str, neutral: float, pair: str) -> None:
    def function(x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False,
                 initial: Any = None, where: Any = True) -> Any:  # fmt: skip
        x = _mask(as_tracer(x), where, neutral)
        made = reduce(primitive, x, axis, given(keepdims), accumulator_type(x, dtype))
        if given(initial) is None:
            return made
        return TABLE[pair](made, _started(initial, made))

    TABLE[np_name] = function


_sum_like("sum", "reduce_sum", 0, "add")
_sum_like("prod", "reduce_prod", 1, "multiply")


def _extreme_like(np_names: tuple[str, ...], primitive: str, pair: str) -> None:
    def function(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
                 where: Any = True) -> Any:  # fmt: skip
        x = as_tracer(x)
        initial = given(initial)
        if not is_everywhere(where) and initial is None:
            raise ValueError("reduction has no identity, so to use where= one gives initial=")
        start = None if initial is None else _started(initial, x)
        if not all(x.shape[a] for a in reduced_axes(axis, x.ndim)):
            return _of_nothing(x, axis, given(keepdims), start)
        made = reduce(primitive, _mask(x, where, start), axis, given(keepdims))
        return made if start is None else TABLE[pair](made, start)

    TABLE.update(dict.fromkeys(np_names, function))


def _of_nothing(x: Tracer, axis: Any, keepdims: Any, start: Any) -> Any:
    """The extreme of no elements: where the reduction starts."""
    axes = reduced_axes(axis, x.ndim)
    shape = _kept(x.shape, axes) if keepdims else tuple(np.delete(x.shape, axes).tolist())
    if start is None:
        raise ValueError("zero-size array to reduction operation which has no identity")
    return broadcast_to(np.zeros((), x.dtype) if start is None else start, shape)


_extreme_like(("max", "amax"), "reduce_max", "maximum")
_extreme_like(("min", "amin"), "reduce_min", "minimum")


def _truth_like(np_name: str, primitive: str) -> None:
    neutral = np_name == "all"

    def function(x: Any, axis: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        return reduce(primitive, _mask(_truth(x), where, neutral), axis, given(keepdims))

    TABLE[np_name] = function


def _truth(x: Any) -> Any:
    x = as_tracer(x)
    return x if x._dtype == "bool" else TABLE["not_equal"](x, 0)


_truth_like("any", "reduce_any")
_truth_like("all", "reduce_all")


@implements("count_nonzero")
def count_nonzero(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Number of elements that are not zero."""
    return TABLE["sum"](_truth(x), axis=axis, keepdims=keepdims)


def as_float(x: Any) -> Any:
    x = as_tracer(x)
    return x if x._dtype[0] == "f" else TABLE["astype"](x, float)


@implements("ptp")
def ptp(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Range: maximum - minimum."""
    keepdims = given(keepdims)
    return TABLE["max"](x, axis, keepdims=keepdims) - TABLE["min"](x, axis, keepdims=keepdims)


def _argument_like(name: str) -> None:
    def function(x: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        x = as_tracer(x)
        axis = None if axis is not None and not reduced_axes(operator.index(axis), x.ndim) else axis
        flat = ravel(x) if axis is None else x
        i = 0 if axis is None else axis_of(axis, x.ndim)
        if not flat.shape[i]:
            raise ValueError(f"attempt to get {name} of an empty sequence")
        session = session_of(x) or need_session()
        value = session.emit(name, flat._value(session), axis=i)
        if keepdims is True:
            axes = reduced_axes(axis, x.ndim)
            value = session.emit("reshape", value, shape=_kept(x.shape, axes))
        return wrap(session, value)

    TABLE[name] = function


_argument_like("argmax")
_argument_like("argmin")


@implements("trapezoid", "trapz")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The trapezoidal rule."""
    y = as_tracer(y)
    i = axis_of(axis, y.ndim)
    if x is not None:
        dx = TABLE["diff"](x, axis=axis if as_tracer(x).ndim > 1 else 0)
        if dx.ndim == 1:
            dx = dx.reshape([-1 if j == i else 1 for j in range(y.ndim)])
    pairs = along(y, i, slice(1, None)) + along(y, i, slice(None, -1))
    return TABLE["sum"](pairs * dx, axis=axis) / 2.0
