"""Singular value decompositions of matrices, in stacks too.

Derivatives: Townsend, Differentiating the singular value decomposition, 2016. Vectors of a repeated
singular value, or of one that is zero, are not unique: what follows from them has NaN. So has what
follows from the vectors that `full_matrices` adds; singular values by themselves have derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.ops.lapack import Call, integers, routine, scratch
from tapec.ir.ops.loop import NO_SVD
from tapec.ir.ops.matrices import (
    columns_of,
    decomposition,
    diagonal,
    eye,
    identity,
    masked,
    matrices,
    matrix_transpose,
    of_diagonal,
    or_nan,
    per_column,
    product,
    rows_of,
)
from tapec.ir.ops.shape import Array, Tangents, broadcasted, call, calls, splat, zeros
from tapec.ir.ops.unread import read, read_columns, read_stack
from tapec.ir.primitive import Primitive, Sample
from tapec.ir.tuning import LAPACK_BLOCK
from tapec.ir.types import Type

Triple = tuple[Expr, Expr, Expr]
Given = tuple[Expr | None, Expr | None, Expr | None]

# --- native code ---------------------------------------------------------------------------------


def _call_gesdd(transposed: Type, *, job: str) -> Call:
    n, m = transposed.shape
    low, high = min(m, n), max(m, n)
    left, right = (m, n) if job == "A" else (low, low) if job == "S" else (1, 1)
    work = 4 * low * low + 7 * low + high + LAPACK_BLOCK * (m + n)
    room = (
        transposed.with_shape((low,)),
        transposed.with_shape((left, m)),
        transposed.with_shape((n, right)),
        scratch(transposed, work),
        integers(8 * low),
    )
    sizes = f"{m} {n} @0 {m} @1 @2 {m} @3 {right} @4 {work} @5"
    return Call(f"{job} {sizes}", room, (2, 1, 3))


GESDD = routine(
    "gesdd",
    _call_gesdd,
    "The transposes of U, the singular values and the transposes of Vh, of transposed matrices; "
    "with job 'N' the singular values alone.",
    results=3,
    status=NO_SVD,
)


def _svd_native(a: Expr, *, full_matrices: bool) -> Triple:
    m, n = a.shape[-2:]
    if not min(m, n):
        u, s, v = _infer_svd(a.type, full_matrices=full_matrices)
        return _identity(a, u), zeros(a, s.shape), _identity(a, v)
    left, values, right = calls("gesdd", matrix_transpose(a), job="A" if full_matrices else "S")
    return matrix_transpose(left), values, matrix_transpose(right)


def _identity(a: Expr, kind: Type) -> Expr:
    found = zeros(a, kind.shape)
    return eye(found) if kind.shape[-1] == kind.shape[-2] else found


def _svdvals_native(a: Expr) -> Expr:
    if not min(a.shape[-2:]):
        return zeros(a, (*a.shape[:-2], 0))
    return calls("gesdd", matrix_transpose(a), job="N")[1]


# --- parts of the rules --------------------------------------------------------------------------


def _turns(s: Expr) -> tuple[Expr, Expr]:
    """s_j and s_i over s_j^2 - s_i^2: 0 on the diagonal, NaN where two of the values are equal."""
    k = s.shape[-1]
    columns, other = per_column(s, k), ~diagonal(k)
    rows = matrix_transpose(columns)
    safe = (masked(or_nan(columns - rows, s), other) + eye(columns)) * (columns + rows)
    return masked(columns / safe, other), masked(rows / safe, other)


def _outside(u: Expr, x: Expr) -> Expr:
    """What of x is orthogonal to the columns of u."""
    return x - product(u, product(matrix_transpose(u), x))


def _thin(result: Triple) -> Triple:
    """Without the vectors that belong to no singular value."""
    u, s, vh = result
    k = s.shape[-1]
    return columns_of(u, 0, k), s, rows_of(vh, 0, k)


# --- the decomposition ---------------------------------------------------------------------------


def _infer_svd(a: Type, *, full_matrices: bool) -> tuple[Type, Type, Type]:
    *lead, m, n = matrices("svd", a).shape
    k = min(m, n)
    left, right = (m, n) if full_matrices else (k, k)
    return a.with_shape((*lead, m, left)), a.with_shape((*lead, k)), a.with_shape((*lead, right, n))


def _svd(a: Array, *, full_matrices: bool) -> tuple[Array, Array, Array]:
    u, s, vh = np.linalg.svd(a, full_matrices)
    return u, s, vh


def _tangent_of_values(result: Triple, ta: Expr) -> tuple[Expr, Expr]:
    """The diagonal of U^T dA V, and all of it."""
    u, _, vh = result
    inner = product(matrix_transpose(u), product(ta, matrix_transpose(vh)))
    return of_diagonal(inner), inner


def _jvp_svd(
    operands: tuple[Expr, ...], tangents: Tangents, result: Triple, *, full_matrices: bool
) -> Given:
    (ta,), (u, s, vh) = tangents, _thin(result)
    if ta is None or not s.shape[-1]:
        return None, None, None
    v = matrix_transpose(vh)
    ts, inner = _tangent_of_values((u, s, vh), ta)
    across, (columns, rows) = matrix_transpose(inner), (read_stack(ta, x) for x in _turns(s))
    tu = product(u, inner * columns + across * rows)
    tv = product(v, inner * rows + across * columns)
    if u.shape[-2] > s.shape[-1]:
        tu = tu + _outside(u, product(ta, v)) * read_stack(ta, _per_value(u, s))
    if v.shape[-2] > s.shape[-1]:
        right = _outside(v, product(matrix_transpose(ta), u))
        tv = tv + right * read_stack(ta, _per_value(v, s))
    return _widened(tu, result[0], ta), ts, matrix_transpose(
        _widened(tv, matrix_transpose(result[2]), ta)
    )  # fmt: skip


def _per_value(vectors: Expr, s: Expr) -> Expr:
    """The reciprocals of the singular values, for each vector: NaN where a value is zero."""
    return per_column(1.0 / or_nan(s, s), vectors.shape[-2])


def _turned(vectors: Expr, ct: Expr, factors: Expr) -> Expr:
    """What cotangents of the vectors are for turns of them, (m - m^T) * factors with m = v^T ct."""
    turn, back = product(matrix_transpose(vectors), ct), matrix_transpose(factors)
    return turn * read_columns(ct, factors) - matrix_transpose(turn * read_columns(ct, back))


def _widened(thin: Expr, like: Expr, ta: Expr) -> Expr:
    """The tangent with NaN for vectors of no singular value, unless that of the matrix is zero."""
    rest = like.shape[-1] - thin.shape[-1]
    if not rest:
        return thin
    unknown = broadcasted(_undefined(ta), (*thin.shape[:-1], rest))
    return call("concatenate", thin, unknown, axis=len(thin.shape) - 1)


def _vjp_svd(
    ct: Given, result: Triple, operands: tuple[Expr, ...], *, full_matrices: bool
) -> tuple[Expr | None, ...]:
    (ct_u, ct_s, ct_vh), (u, s, vh) = ct, _thin(result)
    k = s.shape[-1]
    if not k:
        return (zeros(operands[0]),)
    inner, v = zeros(s, (*s.shape, k)), matrix_transpose(vh)
    columns, rows = _turns(s)
    if ct_s is not None:
        inner = inner + masked(per_column(ct_s, k), diagonal(k))
    left = right = None
    if ct_u is not None:
        left = columns_of(ct_u, 0, k)
        inner = inner + _turned(u, left, columns)
    if ct_vh is not None:
        right = matrix_transpose(rows_of(ct_vh, 0, k))
        inner = inner + _turned(v, right, rows)
    found = product(u, product(inner, vh))
    if left is not None and u.shape[-2] > k:
        factors = read_columns(left, _per_value(u, s))
        found = found + product(_outside(u, left) * factors, vh)
    if right is not None and v.shape[-2] > k:
        other = _outside(v, right) * read_columns(right, _per_value(v, s))
        found = found + product(u, matrix_transpose(other))
    for arrived, axis in ((ct_u, -1), (ct_vh, -2)):
        if arrived is not None and arrived.shape[axis] > k:
            found = found + _undefined(_rest(arrived, axis, k))
    return (found,)


def _rest(ct: Expr, axis: int, k: int) -> Expr:
    """The cotangent of vectors of no singular value."""
    m, n = ct.shape[-2:]
    return columns_of(ct, k, n - k) if axis == -1 else rows_of(ct, k, m - k)


def _undefined(derivative: Expr) -> Expr:
    """NaN per matrix whose derivative is not all zero, 0 elsewhere."""
    nan = splat(derivative, float("nan"), derivative.shape)
    marked = call("select", read(derivative), nan, zeros(derivative))
    last = len(marked.shape)
    total = call("reduce_sum", marked, axes=(last - 2, last - 1))
    return call("reshape", total, shape=(*total.shape, 1, 1))


def _public_svd(
    op: Any, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Of a Hermitian matrix the lower triangle is read."""
    if hermitian:
        a = np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)
    return op(a, full_matrices=bool(full_matrices)) if compute_uv else np.linalg.svdvals(a)


_SHAPES = [(4, 4), (5, 3), (3, 5), (1, 1), (2, 4, 2), (2, 2, 3)]

SVD: Primitive = decomposition(
    "svd",
    _infer_svd,
    _svd,
    results=3,
    jvp=_jvp_svd,
    vjp=_vjp_svd,
    cost=200,
    analytic=False,
    raises=True,
    harmless=identity,
    expand=_svd_native,
    public={"linalg.svd": _public_svd},
    samples=(
        *(Sample((s,), {"full_matrices": False}) for s in _SHAPES),
        Sample(((3, 3),), {"full_matrices": True}),
    ),
    doc="U, singular values in descending order and Vh, of matrices (..., m, n). Derivatives are "
    "NaN where they depend on vectors that are not unique.",
)

# --- singular values alone -----------------------------------------------------------------------


def _svdvals(a: Array) -> Array:
    found: Array = np.linalg.svd(a, compute_uv=False)
    return found


def _decomposed(a: Expr) -> Triple:
    u, s, vh = calls("svd", a, full_matrices=False)
    return u, s, vh


def _jvp_svdvals(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    (a,), (ta,) = operands, tangents
    return None if ta is None else _tangent_of_values(_decomposed(a), ta)[0]


def _vjp_svdvals(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...]:
    return _vjp_svd((None, ct, None), _decomposed(operands[0]), operands, full_matrices=False)


SVDVALS: Primitive = decomposition(
    "svdvals",
    lambda a: _infer_svd(a, full_matrices=False)[1],
    _svdvals,
    jvp=_jvp_svdvals,
    vjp=_vjp_svdvals,
    cost=100,
    analytic=False,
    raises=True,
    harmless=identity,
    expand=_svdvals_native,
    public={"linalg.svdvals": lambda op, x: op(x)},
    samples=tuple(Sample((s,)) for s in _SHAPES),
    doc="Singular values in descending order. The derivative of one that repeats is that along the "
    "vectors which LAPACK finds; of symmetric functions of them it is right.",
)
