"""Sums of exponentials, shifted by the maximum so that none overflows."""

from __future__ import annotations

import math
from typing import Any

from tapec.trace.arrays.operands import need_session, session_of
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.numpy.composites import times
from tapec.trace.numpy.reduce import as_float
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, reshaped


@implements("logsumexp")
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: Any = False) -> Any:
    """log(sum(b exp(a))), shifted by the maximum."""
    a = as_float(a)
    if b is not None:
        a, b = TABLE["broadcast_arrays"](a, b)
    # Terms of weight 0 do not count, but their weights have derivatives.
    counted = a if b is None else where(TABLE["equal"](b, 0), -math.inf, a)
    top = _stopped(TABLE["max"](counted, axis=axis, keepdims=True))
    top = where(TABLE["isfinite"](top), top, 0.0)
    terms = TABLE["exp"](a - top)
    terms = terms if b is None else times(b, terms)
    total = TABLE["sum"](terms, axis=axis, keepdims=True)
    none = TABLE["equal"](total, 0)
    made = where(none, -math.inf, TABLE["log"](where(none, 1.0, total)) + top)
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
    x = as_float(x)
    terms = TABLE["exp"](x - _stopped(TABLE["max"](x, axis=axis, keepdims=True)))
    return terms / TABLE["sum"](terms, axis=axis, keepdims=True)


@implements("log_softmax")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """x - logsumexp(x)."""
    return as_float(x) - logsumexp(x, axis, keepdims=True)
