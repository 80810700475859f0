"""Triangles and diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.view_kinds import diagonal_size
from tapec.trace.numpy.shape import axis_of, broadcast_to, ravel


def _masked(x: Any, mask: Any) -> Any:
    x = as_tracer(x)
    return TABLE["where"](mask, x, np.zeros((), x.dtype))


def _triangle(x: Any, k: int) -> Any:
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, k, dtype=np.bool_)


@implements("triu")
def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle, zeros below."""
    x = _rows(x)
    return _masked(x, ~_triangle(x, k - 1))


@implements("tril")
def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle, zeros above."""
    x = _rows(x)
    return _masked(x, _triangle(x, k))


def _rows(x: Any) -> Any:
    """A matrix, or stack of them: a vector stands for as many equal rows, as in NumPy."""
    x = as_tracer(x)
    return broadcast_to(x, (x.size, x.size)) if x.ndim == 1 else x


@implements("diagonal")
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Diagonals as the last axis: a read-only view."""
    made = diagonal_view(x, offset, axis1, axis2)
    return made._view(("read only", None), made.shape)


def diagonal_view(x: Any, offset: int, axis1: int, axis2: int) -> Tracer:
    """Diagonals as the last axis, which may be written."""
    x = as_tracer(x)
    if x.ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    axes = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    if axes[0] == axes[1]:
        raise ValueError("axis1 and axis2 cannot be the same")
    arg = (int(offset), *axes)
    rest = [n for k, n in enumerate(x.shape) if k not in axes]
    made: Tracer = x._view(("diagonal", arg), (*rest, diagonal_size(x.shape, arg)))
    return made


@implements("diag")
def diag(x: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    x = as_tracer(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = x.size + abs(k)
    made = concrete(np.zeros((n, n), x.dtype))
    i = np.arange(x.size)
    made[i + max(-k, 0), i + max(k, 0)] = x
    return made


TABLE["diagflat"] = lambda x, k=0: diag(ravel(x), k)


@implements("trace")
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """Sum of the diagonal."""
    return TABLE["sum"](diagonal(x, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements("fill_diagonal")
def fill_diagonal(x: Any, value: Any, wrap: bool = False) -> None:
    """Write the main diagonal."""
    if x.ndim < 2 or (x.ndim > 2 and len(set(x.shape)) > 1):
        raise ValueError("array must be at least 2-d, and all dimensions of equal length beyond 2")
    if wrap and x.ndim == 2 and x.shape[0] > x.shape[1] + 1:
        raise unsupported(np.fill_diagonal, " with wrap=True")
    i = np.arange(min(x.shape))
    x[(i,) * x.ndim] = value
