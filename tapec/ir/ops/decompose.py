"""Numbers and triangles of square matrices: determinants and Cholesky factors, in stacks too."""

from __future__ import annotations

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.matrices import (
    eye,
    identity,
    lower,
    masked,
    per_matrix,
    product,
    square,
    turned,
)
from tapec.ir.ops.shape import Array, Flags, Tangents, array, call, lift
from tapec.ir.primitive import structured
from tapec.ir.types import Type

FORMS = ("value", "sign", "log")


# --- determinants --------------------------------------------------------------------------------


def _infer_determinant(a: Type, *, form: str) -> Type:
    if form not in FORMS:
        raise ShapeError(f"determinant: form is one of {FORMS}, not {form!r}")
    return square("determinant", a).with_shape(a.shape[:-2])


def _determinant(a: Array, *, form: str) -> Array:
    if form == "value":
        return np.asarray(np.linalg.det(a))
    sign, size = np.linalg.slogdet(a)
    if form == "log" and np.iscomplexobj(a):  # continued analytically, for complex steps
        return np.asarray(size + 0.5 * np.log(sign * sign))
    return np.asarray(size if form == "log" else sign)


def _jvp_determinant(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, form: str
) -> Expr | None:
    """d log|a| = trace(a^-1 da)."""
    (a,), (ta,) = operands, tangents
    if ta is None or form == "sign":
        return None
    moved = masked(call("solve", a, ta), np.eye(a.shape[-1], dtype=bool))
    n = len(a.shape)
    trace = call("reduce_sum", moved, axes=(n - 2, n - 1))
    return trace * result if form == "value" else trace


def _vjp_determinant(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], *, form: str
) -> tuple[Expr | None, ...]:
    """log|a| has the gradient a^-T."""
    if form == "sign":
        return (None,)
    (a,) = operands
    inverse = call("solve", turned(a), eye(a))
    return (inverse * per_matrix(ct * result if form == "value" else ct, a.shape),)


def _batch_determinant(xs: tuple[Expr, ...], batched: Flags, size: int, *, form: str) -> Expr:
    return call("determinant", lift(xs[0], batched[0], size), form=form)


DETERMINANT = structured(
    "determinant",
    _infer_determinant,
    _determinant,
    jvp=_jvp_determinant,
    vjp=_vjp_determinant,
    batch=_batch_determinant,
    cost=40,
    doc="The determinants of square matrices (..., n, n): their value, sign, or the log of their "
    "size. Of a singular matrix it is 0 (log: -inf), and the derivative raises LinAlgError.",
)

# --- Cholesky factors ----------------------------------------------------------------------------


def _infer_cholesky(a: Type) -> Type:
    return square("cholesky", a)


def _cholesky(a: Array) -> Array:
    result: Array = np.linalg.cholesky(a)
    return result


def _halved(x: Expr) -> Expr:
    """The lower triangle, its diagonal halved."""
    n = x.shape[-1]
    half = np.where(np.eye(n, dtype=bool), 0.5, 1.0).astype(x.type.numpy)
    return masked(x, lower(n)) * array(x, np.broadcast_to(half, x.shape))


def _jvp_cholesky(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    """dL = L halved(L^-1 dA L^-T), of the lower triangle of dA mirrored."""
    (ta,) = tangents
    if ta is None:
        return None
    n = ta.shape[-1]
    mirrored = masked(ta, lower(n)) + turned(masked(ta, lower(n, -1)))
    inner = call("solve", result, turned(call("solve", result, mirrored)))
    return product(result, _halved(inner))


def _vjp_cholesky(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...]:
    """S = L^-T halved(L^T ct) L^-1; elements below the diagonal stand for two of the matrix."""
    up = turned(result)
    inner = call("solve", up, _halved(product(up, masked(ct, lower(ct.shape[-1])))))
    s = call("solve", up, turned(inner))
    n = ct.shape[-1]
    return (masked(s, lower(n)) + masked(turned(s), lower(n, -1)),)


def _batch_cholesky(xs: tuple[Expr, ...], batched: Flags, size: int) -> Expr:
    return call("cholesky", lift(xs[0], batched[0], size))


CHOLESKY = structured(
    "cholesky",
    _infer_cholesky,
    _cholesky,
    jvp=_jvp_cholesky,
    vjp=_vjp_cholesky,
    batch=_batch_cholesky,
    cost=40,
    analytic=False,
    raises=True,
    harmless=identity,
    doc="L with L L^T = a, lower triangular, for positive definite matrices (..., n, n). Only the "
    "lower triangle of a is read, and has a derivative; raises LinAlgError where there is no L.",
)
