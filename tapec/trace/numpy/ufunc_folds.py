"""``ufunc.accumulate`` and ``reduce`` of functions that no running sum or reduction stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.loops import repeated
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.shape import axes_of, axis_of, moveaxis
from tapec.trace.tuning import AT_WRITTEN_OUT

# Those whose loops NumPy runs in this order; of others the result is not what the order says.
FOLDS = frozenset(["logaddexp", "logaddexp2", "hypot", "subtract", "divide", "fmax", "fmin"])
# Those that NumPy takes over one axis only.
ORDERED = frozenset(("subtract", "divide"))


def accumulated(name: str, x: Any, axis: Any, dtype: Any) -> Any:
    """y_0 = x_0, y_k = f(y_(k-1), x_k), along one axis."""
    f, rows, axis = _rows(name, x, axis, dtype)

    def step(k: Any, made: Any) -> Any:
        made[k + 1] = f(made[k], made[k + 1])
        return made

    return moveaxis(_looped(rows.shape[0] - 1, step, rows), 0, axis)


def reduced(name: str, x: Any, axis: Any, dtype: Any, keepdims: bool = False) -> Any:
    """f(... f(f(x_0, x_1), x_2) ..., x_n), along one axis or several."""
    x = as_tracer(x)
    axes = axes_of(None if not x.ndim and axis in (0, -1) else axis, x.ndim)
    if not x.size or (len(axes) > 1 and name in ORDERED):  # NumPy knows the answer, or the error
        empty = np.ones(x.shape, x.dtype)
        return as_tracer(getattr(np, name).reduce(empty, axis, dtype, keepdims=keepdims))
    rest = tuple(n for k, n in enumerate(x.shape) if k not in axes)
    joined = moveaxis(x, axes, tuple(range(len(axes)))).reshape((-1, *rest))
    f, rows, _ = _rows(name, joined, 0, dtype)
    start = np.abs(rows[0]) if name == "hypot" else +rows[0]
    made = _looped(rows.shape[0] - 1, lambda k, made: f(made, rows[k + 1]), start)
    shape = [1 if k in axes else n for k, n in enumerate(x.shape)]
    return made.reshape(shape) if keepdims else made


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
