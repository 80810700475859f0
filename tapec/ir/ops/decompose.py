"""Numbers and triangles of square matrices: determinants and Cholesky factors, in stacks too."""

from __future__ import annotations

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.cofactors import cofactors
from tapec.ir.ops.matrices import (
    decomposition,
    eye,
    for_each,
    identity,
    lower,
    masked,
    matrix_transpose,
    per_matrix,
    product,
    square,
)
from tapec.ir.ops.shape import Array, Tangents, call
from tapec.ir.ops.unread import strong_matrices, usable
from tapec.ir.series import Rate
from tapec.ir.tuning import LAPLACE
from tapec.ir.types import Type

# --- determinants --------------------------------------------------------------------------------


def _infer_determinant(a: Type) -> Type:
    return square("determinant", a).with_shape(a.shape[:-2])


def _trace_of_quotient(a: Expr, ta: Expr) -> Expr:
    """trace(a^-1 da), the derivative of log|a|."""
    moved = masked(call("solve", a, ta), np.eye(a.shape[-1], dtype=bool))
    n = len(a.shape)
    return call("reduce_sum", moved, axes=(n - 2, n - 1))


def _scaled_inverse(a: Expr, ct: Expr) -> Expr:
    """The gradient a^-T of log|a|, times a number per matrix."""
    return call("strong_mul", per_matrix(ct, a.shape), call("solve", matrix_transpose(a), eye(a)))


def _jvp_determinant(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    (a,), (ta,) = operands, tangents
    if ta is None:
        return None
    n = len(a.shape)
    return call("reduce_sum", cofactors(a) * ta, axes=(n - 2, n - 1))


def _vjp_determinant(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...]:
    (a,) = operands
    return (cofactors(a) * per_matrix(ct, a.shape),)


def _strong_vjp_determinant(
    ct: Expr, result: Expr, operands: tuple[Expr, ...]
) -> tuple[Expr | None, ...]:
    a, ct = strong_matrices(usable(operands[0]), operands[0], ct)
    return (call("strong_mul", per_matrix(ct, a.shape), cofactors(a)),)


def _determinant_rate(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    """By cofactors of few rows, beyond them y' = y trace(a^-1 a'): singular matrices raise.

    Cofactors of cofactors would cost n! operations.
    """
    (a,), (ta,) = operands, tangents
    if ta is None or a.shape[-1] <= LAPLACE:
        return _jvp_determinant(operands, tangents, result)
    return result * _trace_of_quotient(a, ta)


DETERMINANT = decomposition(
    "determinant",
    _infer_determinant,
    lambda a: np.asarray(np.linalg.det(a)),
    jvp=_jvp_determinant,
    vjp=_vjp_determinant,
    strong={"vjp": _strong_vjp_determinant},
    taylor=Rate(_determinant_rate),
    sparsity=stacked(0),
    cost=40,
    lower="own loops",
    doc="The determinants of square matrices (..., n, n). The derivative is the matrix of "
    "cofactors, whatever the rank (from 9 rows on: n - 1 at least, LinAlgError below).",
)


def _infer_slogdet(a: Type) -> tuple[Type, Type]:
    numbers = square("slogdet", a).with_shape(a.shape[:-2])
    return numbers, numbers


def _slogdet(a: Array) -> tuple[Array, Array]:
    sign, size = np.linalg.slogdet(a)
    if np.iscomplexobj(a):  # continued analytically, for complex steps
        sign, size = np.sign(sign.real), size + 0.5 * np.log(sign * sign)
    return np.asarray(sign), np.asarray(size)


def _jvp_slogdet(
    operands: tuple[Expr, ...], tangents: Tangents, result: tuple[Expr, Expr]
) -> tuple[Expr | None, Expr | None]:
    (a,), (ta,) = operands, tangents
    if ta is None:
        return None, None
    return None, _trace_of_quotient(*strong_matrices(call("isfinite", result[1]), a, ta))


def _vjp_slogdet(
    ct: tuple[Expr | None, Expr | None], result: tuple[Expr, Expr], operands: tuple[Expr, ...]
) -> tuple[Expr | None, ...]:
    if ct[1] is None:
        return (None,)
    return (_scaled_inverse(*strong_matrices(call("isfinite", result[1]), operands[0], ct[1])),)


SLOGDET = decomposition(
    "slogdet",
    _infer_slogdet,
    _slogdet,
    results=2,
    jvp=_jvp_slogdet,
    vjp=_vjp_slogdet,
    sparsity=stacked(0),
    cost=40,
    lower="own loops",
    doc="Sign and logarithm of the size of the determinants of square matrices (..., n, n). Where "
    "one is 0 they are 0 and -inf, and a derivative that is not zero raises LinAlgError.",
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
    return masked(x, lower(n)) * for_each(x, half)


def _jvp_cholesky(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    """dL = L halved(L^-1 dA L^-T), of the lower triangle of dA mirrored."""
    (ta,) = tangents
    if ta is None:
        return None
    n = ta.shape[-1]
    mirrored = masked(ta, lower(n)) + matrix_transpose(masked(ta, lower(n, -1)))
    right = matrix_transpose(_substituted(result, mirrored, transposed=False))
    return product(result, _halved(_substituted(result, right, transposed=False)))


def _substituted(triangle: Expr, b: Expr, *, transposed: bool) -> Expr:
    attrs = {"lower": True, "transposed": transposed, "unit": False}
    return call("solve_triangular", triangle, b, **attrs)


def _vjp_cholesky(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...]:
    """S = L^-T halved(L^T ct) L^-1; elements below the diagonal stand for two of the matrix."""
    up = matrix_transpose(result)
    n = ct.shape[-1]
    middle = _halved(product(up, masked(ct, lower(n))))
    inner = _substituted(result, middle, transposed=True)
    s = _substituted(result, matrix_transpose(inner), transposed=True)
    return (masked(s, lower(n)) + masked(matrix_transpose(s), lower(n, -1)),)


def _strong_jvp_cholesky(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr
) -> Expr | None:
    (ta,) = tangents
    if ta is None:
        return None
    factor, ta = strong_matrices(usable(result), result, ta)
    return _jvp_cholesky(operands, (ta,), factor)


def _strong_vjp_cholesky(
    ct: Expr, result: Expr, operands: tuple[Expr, ...]
) -> tuple[Expr | None, ...]:
    factor, ct = strong_matrices(usable(result), result, ct)
    return _vjp_cholesky(ct, factor, operands)


CHOLESKY = decomposition(
    "cholesky",
    _infer_cholesky,
    _cholesky,
    jvp=_jvp_cholesky,
    vjp=_vjp_cholesky,
    strong={"jvp": _strong_jvp_cholesky, "vjp": _strong_vjp_cholesky},
    sparsity=stacked(2),
    cost=40,
    analytic=False,
    raises=True,
    harmless=identity,
    lower="own loops",
    doc="L with L L^T = a, lower triangular, for positive definite matrices (..., n, n). Only the "
    "lower triangle of a is read, and has a derivative; raises LinAlgError where there is no L.",
)
