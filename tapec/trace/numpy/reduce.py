"""Reductions, with axis, keepdims and dtype as in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import any_symbolic, as_tracer, convert, need_session, session_of
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, axis_of, broadcast_to, ravel, reshaped
from tapec.trace.numpy.split import along


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def reduce(name: str, x: Any, axis: Any, keepdims: Any, dtype: str | None = None) -> Any:
    """One reduction op."""
    x = as_tracer(x)
    axes = axes_of(axis, x.ndim)
    session = session_of(x) or need_session()
    value = x._value(session)
    if dtype is not None and dtype != x._dtype:
        value = convert(session, value, dtype)
    if axes:
        value = session.emit(name, value, axes=axes)
    if keepdims and axes:
        value = session.emit("reshape", value, shape=_kept(x.shape, axes))
    return wrap(session, value)


def _wide(x: Tracer, dtype: Any) -> str:
    """Element type of sums and products: small integers count in i64."""
    from tapec.ir.types import dtype_name

    if dtype is not None:
        return dtype_name(dtype)
    return "i64" if x._dtype in ("bool", "i32") else x._dtype


def _given(argument: Any) -> Any:
    """An argument, None where NumPy says that it is not given."""
    return None if argument is np._NoValue else argument


def _everywhere(mask: Any) -> bool:
    return mask is True or mask is None or mask is np._NoValue


def _mask(x: Any, mask: Any, neutral: Any) -> Any:
    if _everywhere(mask):
        return x
    return where(broadcast_to(mask, x.shape), x, neutral)


def _sum_like(np_name: str, primitive: str, neutral: float) -> None:
    def function(x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False,
                 initial: Any = None, where: Any = True) -> Any:  # fmt: skip
        x = _mask(as_tracer(x), where, neutral)
        made = reduce(primitive, x, axis, _given(keepdims), _wide(x, dtype))
        if _given(initial) is None:
            return made
        return made + initial if primitive == "reduce_sum" else made * initial

    TABLE[np_name] = function


_sum_like("sum", "reduce_sum", 0)
_sum_like("prod", "reduce_prod", 1)


def _extreme_like(np_names: tuple[str, ...], primitive: str, pair: str) -> None:
    def function(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
                 where: Any = True) -> Any:  # fmt: skip
        x = as_tracer(x)
        initial = _given(initial)
        if not _everywhere(where) and initial is None:
            raise ValueError("reduction has no identity, so to use where= one gives initial=")
        if not all(x.shape[a] for a in axes_of(axis, x.ndim)):
            if initial is None:
                raise ValueError("zero-size array to reduction operation which has no identity")
            raise unsupported(getattr(np, np_names[0]), " with initial= on an empty array")
        made = reduce(primitive, _mask(x, where, initial), axis, _given(keepdims))
        return made if initial is None else TABLE[pair](made, initial)

    TABLE.update(dict.fromkeys(np_names, function))


_extreme_like(("max", "amax"), "reduce_max", "maximum")
_extreme_like(("min", "amin"), "reduce_min", "minimum")


def _truth_like(np_name: str, primitive: str) -> None:
    neutral = np_name == "all"

    def function(x: Any, axis: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        return reduce(primitive, _mask(_truth(x), where, neutral), axis, _given(keepdims))

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


def _float(x: Any) -> Any:
    x = as_tracer(x)
    return x if x._dtype[0] == "f" else TABLE["astype"](x, float)


def _count(x: Tracer, axis: Any, mask: Any = True, keepdims: Any = False) -> Any:
    """How many elements are reduced to one: those where a mask holds."""
    if _everywhere(mask):
        return math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    count = TABLE["sum"](broadcast_to(mask, x.shape), axis=axis, keepdims=keepdims)
    return TABLE["astype"](count, x.dtype)


def _as_float(x: Any, dtype: Any) -> Any:
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise unsupported(np.mean, f" with dtype={np.dtype(dtype)}")
    return _float(x if dtype is None else TABLE["astype"](as_tracer(x), dtype))


@implements("mean")
def mean(x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, *,
         where: Any = True) -> Any:  # fmt: skip
    """Arithmetic mean."""
    x, keepdims = _as_float(x, dtype), _given(keepdims)
    total = TABLE["sum"](x, axis=axis, keepdims=keepdims, where=where)
    return total / _count(x, axis, where, keepdims)


@implements("average")
def average(x: Any, axis: Any = None, weights: Any = None, returned: bool = False, *,
            keepdims: Any = False) -> Any:  # fmt: skip
    """Weighted mean."""
    keepdims = _given(keepdims)
    if weights is None:
        made = mean(x, axis, keepdims=keepdims)
        return (
            (made, broadcast_to(float(_count(as_tracer(x), axis)), made.shape))
            if returned
            else made
        )
    x, w = _float(x), as_tracer(weights)
    if w.shape != x.shape:
        if w.ndim != 1 or not isinstance(axis, (int, np.integer)):
            raise unsupported(np.average, f" with weights of shape {w.shape}")
        i = axis_of(axis, x.ndim)
        w = reshaped(w, [n if j == i else 1 for j, n in enumerate(x.shape)])
        w = broadcast_to(w, x.shape)
    total = TABLE["sum"](w, axis=axis, keepdims=keepdims) if any_symbolic(w) else np.sum(
        w._array, axis=axis, keepdims=keepdims)  # fmt: skip
    made = TABLE["sum"](x * w, axis=axis, keepdims=keepdims) / total
    return (made, broadcast_to(total, made.shape)) if returned else made


@implements("var")
def var(x: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, *,
        where: Any = True, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    """Variance: mean squared deviation, over n - ddof."""
    x, keepdims = _as_float(x, dtype), _given(keepdims)
    ddof = ddof if _given(correction) is None else correction
    if _given(mean) is None:
        mean = TABLE["mean"](x, axis, keepdims=True, where=where)
    squares = TABLE["power"](x - mean, 2)
    total = TABLE["sum"](squares, axis=axis, keepdims=keepdims, where=where)
    count = _count(x, axis, where, keepdims) - ddof
    if isinstance(count, Tracer):
        return total / TABLE["maximum"](count, 0)
    return total / count if count > 0 else total / 0.0


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


@implements("ptp")
def ptp(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Range: maximum - minimum."""
    keepdims = _given(keepdims)
    return TABLE["max"](x, axis, keepdims=keepdims) - TABLE["min"](x, axis, keepdims=keepdims)


def _argument_like(name: str) -> None:
    def function(x: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        x = as_tracer(x)
        flat = ravel(x) if axis is None else x
        i = 0 if axis is None else axis_of(axis, x.ndim)
        session = session_of(x) or need_session()
        value = session.emit(name, flat._value(session), axis=i)
        if keepdims is True:
            axes = axes_of(axis, x.ndim)
            value = session.emit("reshape", value, shape=_kept(x.shape, axes))
        return wrap(session, value)

    TABLE[name] = function


_argument_like("argmax")
_argument_like("argmin")


def _scanned(x: Any, axis: Any) -> tuple[Any, int]:
    x = ravel(x) if axis is None else as_tracer(x)
    return x, axis_of(axis or 0, x.ndim)


@implements("cumsum", "cumulative_sum")
def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running sums."""
    x, i = _scanned(x, axis)
    session = session_of(x) or need_session()
    value, target = x._value(session), _wide(x, dtype)
    if target != x._dtype:
        value = convert(session, value, target)
    return wrap(session, session.emit("cumsum", value, axis=i, reverse=False))


@implements("cumprod", "cumulative_prod")
def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running products: the recurrence s_i = x_i s_(i-1) started at x_0."""
    x, i = _scanned(x, axis)
    x = x if x._dtype == _wide(x, dtype) else TABLE["astype"](x, _numpy_dtype(_wide(x, dtype)))
    start = TABLE["zeros_like"](x)
    key = slice(0, 1)
    start[(slice(None),) * i + (key,)] = along(x, i, key)
    session = session_of(x) or need_session()
    value = session.emit(
        "recurrence", x._value(session), start._value(session), axis=i, reverse=False
    )
    return wrap(session, value)


def _numpy_dtype(name: str) -> Any:
    from tapec.ir.types import NUMPY_DTYPES

    return NUMPY_DTYPES[name]


@implements("logsumexp")
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: Any = False) -> Any:
    """log(sum(b exp(a))), shifted by the maximum."""
    a = _float(a)
    top = _stopped(TABLE["max"](a, axis=axis, keepdims=True))
    top = where(TABLE["isfinite"](top), top, 0.0)
    terms = TABLE["exp"](a - top)
    terms = terms if b is None else terms * b
    made = TABLE["log"](TABLE["sum"](terms, axis=axis, keepdims=True)) + top
    if keepdims:
        return made
    axes = axes_of(axis, a.ndim)
    return reshaped(made, [n for i, n in enumerate(made.shape) if i not in axes])


def _stopped(x: Tracer) -> Tracer:
    """`x` as a constant for differentiation."""
    session = session_of(x) or need_session()
    return wrap(session, session.emit("stop_gradient", x._value(session)))


@implements("softmax")
def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x)), shifted by the maximum."""
    x = _float(x)
    terms = TABLE["exp"](x - _stopped(TABLE["max"](x, axis=axis, keepdims=True)))
    return terms / TABLE["sum"](terms, axis=axis, keepdims=True)


@implements("log_softmax")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """x - logsumexp(x)."""
    return _float(x) - logsumexp(x, axis, keepdims=True)


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
    return TABLE["sum"](pairs * dx, axis=i) / 2.0
