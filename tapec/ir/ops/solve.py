"""Linear systems: one square matrix, or a stack of them, and the columns to solve for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.matrices import eliminations, identity, matrix_transpose, square
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Tangents,
    call,
    check_dtypes,
    lift,
    moved,
    reshaped,
)
from tapec.ir.ops.unread import strong_matrices, strong_product, usable
from tapec.ir.primitive import structured
from tapec.ir.series import Coefficients, Recurrence, Term, minus, products
from tapec.ir.types import Type


def _infer(a: Type, b: Type) -> Type:
    check_dtypes("solve", a, b)
    square("solve", a)
    if b.ndim != a.ndim or b.shape[:-1] != a.shape[:-1]:
        raise ShapeError(f"solve: {a} and right-hand sides {b} do not fit together")
    return b


def _solve(a: Array, b: Array) -> Array:
    result: Array = np.linalg.solve(a, b)
    return result


def _dot(a: Expr, b: Expr, **attrs: Any) -> Expr:
    return call("dot", a, b, **attrs)


def _product(
    a: Expr, b: Expr, inner: tuple[int, int], multiply: Callable[..., Expr] = _dot
) -> Expr:
    """Products of the matrices of two stacks over these axes."""
    lead = len(a.shape) - 2
    batch = tuple((k, k) for k in range(lead))
    return multiply(a, b, contract=((lead + inner[0], lead + inner[1]),), batch=batch)


def _jvp(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    """A dx = db - dA x."""
    (a, _), (ta, tb) = operands, tangents
    if ta is None and tb is None:
        return None
    right = tb
    if ta is not None:
        moving = _product(ta, result, (1, 0))
        right = -moving if tb is None else tb - moving
    return call("solve", a, right)


def _vjp(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...]:
    """b gets A^-T ct, and A the negative outer product of that and x."""
    to_b = call("solve", matrix_transpose(operands[0]), ct)
    return -_product(to_b, result, (1, 1)), to_b


def _batch(xs: tuple[Expr, ...], batched: Flags, size: int) -> Expr:
    """One matrix for all lanes takes them as further columns: it is factored once."""
    a, b = xs
    if batched[0]:
        return call("solve", a, lift(b, batched[1], size))
    if not batched[1]:
        return lift(call("solve", a, b), False, size)
    *lead, n, k = b.shape[1:]
    columns = reshaped(moved(b, 0, len(lead) + 1), (*lead, n, size * k))
    found: Any = call("solve", a, columns)
    return moved(reshaped(found, (*lead, n, size, k)), len(lead) + 1, 0)


def _strong_jvp(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    (a, _), (ta, tb) = operands, tangents
    if ta is None and tb is None:
        return None
    moving = None if ta is None else -_product(ta, result, (1, 0), strong_product)
    right = tb if moving is None else moving if tb is None else tb + moving
    assert right is not None
    return call("solve", *strong_matrices(usable(a), a, right))


def _strong_vjp(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...]:
    a, ct = strong_matrices(usable(operands[0]), operands[0], ct)
    to_b = call("solve", matrix_transpose(a), ct)
    return -_product(to_b, result, (1, 1), strong_product), to_b


def _terms(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """a[0] y[k] = b[k] - a[1] y[k - 1] - ..."""
    moving = products(a.__getitem__, y.__getitem__, k, 1, k, lambda p, q: _product(p, q, (1, 0)))
    right = minus(b[k], moving)
    return None if right is None else call("solve", a[0], right)


SOLVE = structured(
    "solve",
    _infer,
    _solve,
    jvp=_jvp,
    vjp=_vjp,
    strong={"jvp": _strong_jvp, "vjp": _strong_vjp},
    batch=_batch,
    sparsity=stacked(2),
    taylor=Recurrence(_terms, alone=(1,)),
    cost=40,
    raises=True,
    harmless=identity,
    lower="own loops",
    work=eliminations,
    doc="x with a x = b, for matrices a (..., n, n) and columns b (..., n, k), by elimination with "
    "partial pivoting; raises LinAlgError where a matrix is singular.",
)
