"""``ufunc.accumulate`` and ``reduce`` of functions that no running sum or reduction stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.loops import repeated
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.shape import axis_of, moveaxis
from tapec.trace.tuning import AT_WRITTEN_OUT

# Those whose loops NumPy runs in this order; of others the result is not what the order says.
FOLDS = frozenset(["logaddexp", "logaddexp2", "hypot", "subtract", "divide", "fmax", "fmin"])


def accumulated(name: str, x: Any, axis: Any, dtype: Any) -> Any:
    """y_0 = x_0, y_k = f(y_(k-1), x_k), along one axis."""
    f, rows, axis = _rows(name, x, axis, dtype)

    def step(k: Any, made: Any) -> Any:
        made[k + 1] = f(made[k], made[k + 1])
        return made

    return moveaxis(_looped(rows.shape[0] - 1, step, rows), 0, axis)


def reduced(name: str, x: Any, axis: Any, dtype: Any) -> Any:
    """f(... f(f(x_0, x_1), x_2) ..., x_n), along one axis."""
    f, rows, _ = _rows(name, x, axis, dtype)
    if not rows.shape[0]:
        raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    start = np.abs(rows[0]) if name == "hypot" else +rows[0]
    return _looped(rows.shape[0] - 1, lambda k, made: f(made, rows[k + 1]), start)


def _rows(name: str, x: Any, axis: Any, dtype: Any) -> tuple[Callable[..., Any], Any, int]:
    """The function, a copy of x in the type of its results, the axis first, and that axis."""
    x = as_tracer(x)
    axis = axis_of(axis, x.ndim)
    rows = moveaxis(x if dtype is None else TABLE["astype"](x, dtype), axis, 0)
    one = np.ones((), rows.dtype)
    return TABLE[name], TABLE["astype"](rows, getattr(np, name)(one, one).dtype), axis


def _looped(count: int, step: Callable[[Any, Any], Any], start: Tracer) -> Any:
    if count > AT_WRITTEN_OUT:
        return repeated(count, step, start)
    for k in range(count):
        start = step(k, start)
    return start
