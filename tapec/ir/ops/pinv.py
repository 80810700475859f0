"""Pseudo-inverses of matrices, in stacks too.

Derivatives where the rank stays as it is: Golub and Pereyra, The differentiation of pseudo-inverses
and nonlinear least squares problems whose variables separate, 1973. They need no singular vectors,
so repeated singular values do no harm.
"""

from __future__ import annotations

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.matrices import (
    decomposition,
    matrices,
    matrix_transpose,
    per_column,
    product,
)
from tapec.ir.ops.shape import Array, Tangents, broadcasted, call, calls, splat, zeros
from tapec.ir.primitive import Sample
from tapec.ir.types import Type


def _infer(a: Type, *, rcond: float) -> Type:
    *lead, m, n = matrices("pinv", a).shape
    return a.with_shape((*lead, n, m))


def _pinv(a: Array, *, rcond: float) -> Array:
    found: Array = np.linalg.pinv(a, rcond)
    return found


def _beyond(x: Expr, projection: Expr) -> Expr:
    """x less its part in the range of a projection."""
    return x - product(projection, x)


def _jvp(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, rcond: float
) -> Expr | None:
    """dP = -P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P."""
    (a,), (ta,), p = operands, tangents, result
    if ta is None:
        return None
    pt, moved = matrix_transpose(p), matrix_transpose(ta)
    left = product(product(p, pt), moved)
    right = product(moved, product(pt, p))
    beside = left - product(left, product(a, p))
    return beside + _beyond(right, product(p, a)) - product(p, product(ta, p))


def _vjp(ct: Expr, result: Expr, operands: tuple[Expr, ...], *, rcond: float) -> tuple[Expr | None]:
    """The transpose of the same sum, term by term."""
    (a,), p = operands, result
    pt, back = matrix_transpose(p), matrix_transpose(ct)
    left = product(back, product(p, pt))
    right = product(product(pt, p), back)
    beside = right - product(right, product(p, a))
    return (beside + _beyond(left, product(a, p)) - product(pt, product(ct, pt)),)


def _by_svd(a: Expr, *, rcond: float) -> Expr:
    """The reciprocals of the singular values above the limit, with the vectors exchanged."""
    u, s, vh = calls("svd", a, full_matrices=False)
    if not s.shape[-1]:
        return zeros(a, _infer(a.type, rcond=rcond).shape)
    top = call("reduce_max", s, axes=(len(s.shape) - 1,))
    limit = broadcasted(call("reshape", top, shape=(*top.shape, 1)), s.shape) * rcond
    large = call("greater", s, limit)
    safe = call("select", large, s, splat(s, 1.0, s.shape))
    inverse = call("select", large, 1.0 / safe, zeros(s))
    columns = matrix_transpose(vh) * per_column(inverse, vh.shape[-1])
    return product(columns, matrix_transpose(u))


PINV = decomposition(
    "pinv",
    _infer,
    _pinv,
    jvp=_jvp,
    vjp=_vjp,
    sparsity=stacked(2),
    cost=60,
    raises=True,
    analytic=False,
    expand=_by_svd,
    samples=tuple(
        Sample((shape,), {"rcond": 1e-15}) for shape in ((4, 4), (5, 3), (2, 4), (2, 3, 2))
    ),
    doc="The pseudo-inverses (..., n, m) of matrices (..., m, n), from the singular values that "
    "are larger than rcond times the largest. The derivative is that at constant rank.",
)
