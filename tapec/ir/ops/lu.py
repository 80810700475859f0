"""Triangular factors of matrices by elimination with partial pivoting, in stacks too.

Derivatives, where the pivots stay as they are: with M = L^-1 P^T dA U^-1, dL = L tril(M, -1) and
dU = triu(M) U (Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008). Factors that are not square are completed with columns of the identity.
"""

from __future__ import annotations

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.matrices import (
    columns_of,
    decomposition,
    masked,
    matrices,
    matrix_transpose,
    product,
    rows_of,
)
from tapec.ir.ops.shape import Array, Flags, Tangents, array, broadcasted, call, lift, zeros
from tapec.ir.ops.unread import strong_matrices, usable
from tapec.ir.primitive import structured
from tapec.ir.types import Type


def _infer(a: Type) -> tuple[Type, Type]:
    *lead, m, n = matrices("lu", a).shape
    return a, a.with_shape((*lead, min(m, n)))


def _lu(a: Array) -> tuple[Array, Array]:
    from scipy.linalg.lapack import get_lapack_funcs

    (getrf,) = get_lapack_funcs(("getrf",), (a,))
    packed, pivots = np.empty_like(a), np.zeros((*a.shape[:-2], min(a.shape[-2:])), a.dtype)
    for at in np.ndindex(a.shape[:-2]):
        if a[at].size:
            packed[at], pivots[at], _ = getrf(a[at])
    return packed, pivots


def row_order(pivots: Array, rows: int) -> Array:
    """The order of rows that exchanging each row with its pivot leads to."""
    found = np.empty((*pivots.shape[:-1], rows), np.int32)
    for at in np.ndindex(pivots.shape[:-1]):
        order = np.arange(rows)
        for k, other in enumerate(pivots[at]):
            order[[k, other]] = order[[other, k]]
        found[at] = order
    return found


def _batch_order(xs: tuple[Expr, ...], batched: Flags, size: int, *, rows: int) -> Expr:
    return call("row_order", lift(xs[0], batched[0], size), rows=rows)


ROW_ORDER = structured(
    "row_order",
    lambda pivots, *, rows: Type("i32", (*pivots.shape[:-1], rows)),
    row_order,
    batch=_batch_order,
    cost=4,
    doc="The order in which rows (..., rows) stand after row k has been exchanged with row "
    "pivots[..., k], for one k after the other.",
)


# --- derivatives ---------------------------------------------------------------------------------


def _exchanged(a: Expr, pivots: Expr) -> Expr:
    """The matrices whose product with others puts their rows in the order of the pivots."""
    m = a.shape[-2]
    order = call("row_order", call("convert", pivots, dtype="i32"), rows=m)
    rows = broadcasted(call("reshape", order, shape=(*order.shape, 1)), (*order.shape, m))
    places = broadcasted(array(order, np.arange(m, dtype=np.int32)), rows.shape)
    return call("convert", call("equal", rows, places), dtype=a.type.dtype)


def _unit_lower(packed: Expr) -> Expr:
    """L, square: completed with columns of the identity."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    first = masked(columns_of(packed, 0, k), np.tri(m, k, -1, dtype=bool))
    rest = zeros(packed, (*packed.shape[:-1], m - k))
    whole = call("concatenate", first, rest, axis=len(packed.shape) - 1) if m > k else first
    return whole + broadcasted(array(packed, np.eye(m, dtype=packed.type.numpy)), whole.shape)


def _upper(packed: Expr) -> Expr:
    """U, square: completed with rows of the identity."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    first = masked(rows_of(packed, 0, k), ~np.tri(k, n, -1, dtype=bool))
    if n == k:
        return first
    below = np.eye(n, dtype=packed.type.numpy)[k:]
    rest = broadcasted(array(packed, below), (*packed.shape[:-2], n - k, n))
    return call("concatenate", first, rest, axis=len(packed.shape) - 2)


def _jvp(
    operands: tuple[Expr, ...], tangents: Tangents, result: tuple[Expr, Expr]
) -> tuple[Expr | None, None]:
    (a,), (ta,), (packed, pivots) = operands, tangents, result
    if ta is None:
        return None, None
    left, right = _unit_lower(packed), _upper(packed)
    right, ta = strong_matrices(usable(right, triangle=True), right, ta)
    below = np.tri(a.shape[-2], a.shape[-1], -1, dtype=bool)
    inner = call("solve", left, product(_exchanged(a, pivots), ta))
    inner = matrix_transpose(call("solve", matrix_transpose(right), matrix_transpose(inner)))
    moved = product(left, masked(inner, below)) + product(masked(inner, ~below), right)
    return moved, None


def _vjp(
    ct: tuple[Expr | None, Expr | None], result: tuple[Expr, Expr], operands: tuple[Expr, ...]
) -> tuple[Expr | None, ...]:
    (a,), (packed, pivots) = operands, result
    if ct[0] is None:
        return (None,)
    left, right = _unit_lower(packed), _upper(packed)
    right, moved = strong_matrices(usable(right, triangle=True), right, ct[0])
    below = np.tri(a.shape[-2], a.shape[-1], -1, dtype=bool)
    inner = masked(product(matrix_transpose(left), moved), below)
    inner = inner + masked(product(moved, matrix_transpose(right)), ~below)
    inner = call("solve", matrix_transpose(left), inner)
    inner = matrix_transpose(call("solve", right, matrix_transpose(inner)))
    return (product(matrix_transpose(_exchanged(a, pivots)), inner),)


LU = decomposition(
    "lu",
    _infer,
    _lu,
    results=2,
    jvp=_jvp,
    vjp=_vjp,
    sparsity=stacked(2),
    cost=40,
    analytic=False,
    doc="The factors of matrices (..., m, n) in one: U on and above the diagonal, below it L, "
    "whose diagonal is 1; and the rows (..., min(m, n)) that each row was exchanged with, "
    "as floats. The derivative raises LinAlgError where U is singular.",
)
