"""Linear systems and inverses, all through `solve`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.trace.arrays.operands import (
    as_array,
    as_tracer,
    need_session,
    operand,
    session_of,
)
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import implements
from tapec.trace.arrays.tracer import wrap
from tapec.trace.numpy.shape import broadcast_to, expand_dims, moveaxis, reshaped


@implements("linalg.solve")
def solve(a: Any, b: Any) -> Any:
    """``np.linalg.solve``: a vector only where `b` has one axis, stacks of matrices otherwise."""
    a, b = square_matrix(a, "solve"), as_tracer(as_array(b))
    if b.ndim == 0:
        raise ShapeError(
            "np.linalg.solve: b is a number, it needs at least one axis", where=where()
        )
    vector = b.ndim == 1
    columns = expand_dims(b, -1) if vector else b
    n = a.shape[-1]
    if columns.shape[-2] != n:
        raise ShapeError(
            f"np.linalg.solve: a is {n} x {n}, b has {columns.shape[-2]} rows", where=where()
        )
    found = _stacked(a, columns)
    return reshaped(found, found.shape[:-1]) if vector else found


@implements("linalg.inv")
def inv(a: Any) -> Any:
    """``np.linalg.inv``: the solutions for the columns of the identity."""
    a = square_matrix(a, "inv")
    return _stacked(
        a, as_tracer(np.eye(a.shape[-1], dtype=np.float32 if a._dtype == "f32" else float))
    )


@implements("linalg.tensorsolve")
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """``np.linalg.tensorsolve``: a system whose unknown has several axes."""
    a, b = as_tracer(a), as_tracer(b)
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.remove(axis)
            order.append(axis)
        a = a.transpose(order)
    shape = a.shape[b.ndim - a.ndim :]  # as in NumPy: the full shape where the slice starts at 0
    size = int(np.prod(shape, dtype=int))
    return reshaped(solve(reshaped(a, (b.size, size)), reshaped(b, (b.size,))), shape)


@implements("linalg.tensorinv")
def tensorinv(a: Any, ind: int = 2) -> Any:
    """``np.linalg.tensorinv``: the inverse of a matrix whose sides have several axes."""
    a = as_tracer(a)
    rows, columns = a.shape[:ind], a.shape[ind:]
    made = inv(reshaped(a, (math.prod(rows), math.prod(columns))))
    return reshaped(made, (*columns, *rows))


def square_matrix(a: Any, name: str) -> Any:
    """The operand, checked to be a square matrix or a stack of them."""
    a = as_tracer(as_array(a))
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"np.linalg.{name}: an array of shape {a.shape} is no square matrix", where=where()
        )
    return a


def _stacked(a: Any, b: Any) -> Any:
    """Both over the same leading axes; NumPy solves integers as floats."""
    if a.ndim == 2 and b.ndim > 2:
        return _one_matrix(a, b)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    session = session_of(a, b) or need_session()
    dtype = "f32" if a._dtype == b._dtype == "f32" else "f64"
    values = [operand(session, broadcast_to(x, (*lead, *x.shape[-2:])), dtype) for x in (a, b)]
    return wrap(session, session.emit("solve", *values))


def _one_matrix(a: Any, b: Any) -> Any:
    """One matrix for a stack of columns is factored once."""
    *lead, n, k = b.shape
    found = _stacked(a, reshaped(moveaxis(b, -2, 0), (n, math.prod(lead) * k)))
    return moveaxis(reshaped(found, (n, *lead, k)), 0, -2)
