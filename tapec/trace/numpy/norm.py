"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.moments import guarded_root
from tapec.trace.numpy.reduce import as_float
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, reshaped, squeeze, transpose


@implements("linalg.vector_norm")
def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Norm of the elements along axes taken as one vector."""
    x = as_tracer(x)
    axes = axes_of(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    count = math.prod(x.shape[i] for i in axes)
    flat = reshaped(transpose(x, [*rest, *axes]), (*(x.shape[i] for i in rest), count))
    made = norm(flat, ord, -1)
    return (
        reshaped(made, [1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else made
    )


@implements("linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norms of vectors and matrices; those of sums of squares have gradient 0 at 0."""
    x = as_float(x)
    axes = axes_of(axis, x.ndim)
    matrix = len(axes) == 2 and ord is not None
    if (axis is not None or ord is not None) and len(axes) not in (1, 2):
        raise ValueError("Improper number of dimensions to norm.")
    if (ord is not None and len(axes) > 2) or (ord == "fro" and not matrix):
        raise ValueError("Improper number of dimensions to norm.")
    if ord is None or ord == "fro" or (ord == 2 and not matrix):
        return guarded_root(TABLE["sum"](TABLE["power"](x, 2), axis=axes, keepdims=keepdims))
    if isinstance(ord, str) and not matrix:
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    if matrix:
        return _matrix_norm(x, ord, axes, keepdims)
    size = TABLE["absolute"](x)
    if ord == math.inf:
        return TABLE["max"](size, axis=axes, keepdims=keepdims)
    if ord == -math.inf:
        return TABLE["min"](size, axis=axes, keepdims=keepdims)
    if ord == 0:
        return TABLE["astype"](TABLE["count_nonzero"](x, axes, keepdims=keepdims), x.dtype)
    if ord == 1:
        return TABLE["sum"](size, axis=axes, keepdims=keepdims)
    total = TABLE["sum"](TABLE["power"](size, ord), axis=axes, keepdims=keepdims)
    zero = TABLE["equal"](total, 0)
    return where(zero, 0.0, TABLE["power"](where(zero, 1.0, total), 1.0 / ord))


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    order = {
        1: (rows, columns, "max"),
        -1: (rows, columns, "min"),
        math.inf: (columns, rows, "max"),
        -math.inf: (columns, rows, "min"),
    }.get(ord)
    if order is None:
        return _spectral(x, ord, axes, keepdims)
    first, second, extreme = order
    made = TABLE["sum"](TABLE["absolute"](x), axis=first, keepdims=True)
    made = TABLE[extreme](made, axis=second, keepdims=True)
    return made if keepdims else squeeze(made, axes)


_OF_SINGULAR_VALUES: dict[Any, Callable[..., Any]] = {2: np.max, -2: np.min, "nuc": np.sum}


def _spectral(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The largest singular value, the smallest, or the sum of them."""
    if ord not in _OF_SINGULAR_VALUES:
        raise ValueError("Invalid norm order for matrices.")
    values = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
    made = _OF_SINGULAR_VALUES[ord](values, axis=-1)
    return np.expand_dims(made, tuple(sorted(axes))) if keepdims else made


@implements("linalg.matrix_norm")
def matrix_norm(x: Any, *, ord: Any = "fro", keepdims: bool = False) -> Any:
    """Norm over the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)
