"""QR factors of matrices, in stacks too.

Derivatives of matrices with at least as many rows as columns: Walter and Lehmann, Algorithmic
differentiation of linear algebra functions with application in optimum experimental design, 2018;
of wide ones: Roberts and Roberts, QR and LQ decomposition matrix backpropagation algorithms,
arXiv:2009.10071. What is known of the last columns of a square Q is said at `_completion`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import ShapeError, UnsupportedOperation
from tapec.ir.build import Expr
from tapec.ir.core import Op
from tapec.ir.incidence import stacked
from tapec.ir.ops.lapack import Call, routine, scratch
from tapec.ir.ops.matrices import (
    columns_of,
    decomposition,
    eye,
    lower,
    masked,
    matrices,
    matrix_transpose,
    product,
    rows_of,
)
from tapec.ir.ops.shape import Array, Tangents, call, zeros
from tapec.ir.ops.unread import strong_matrices, usable
from tapec.ir.primitive import Sample
from tapec.ir.tuning import LAPACK_BLOCK
from tapec.ir.types import Type

MODES = ("reduced", "complete")


def _infer(a: Type, *, mode: str) -> tuple[Type, Type]:
    if mode not in MODES:
        raise ShapeError(f"qr: mode is one of {MODES}, not {mode!r}")
    *lead, m, n = matrices("qr", a).shape
    inner = m if mode == "complete" else min(m, n)
    return a.with_shape((*lead, m, inner)), a.with_shape((*lead, inner, n))


def _qr(a: Array, *, mode: Any) -> tuple[Array, Array]:
    q, r = np.linalg.qr(a, mode)
    return q, r


def _terms(op: Op) -> int:
    *_, m, n = op.operands[0].type.shape
    return int(op.operands[0].type.size * min(m, n))


# --- parts of matrices ---------------------------------------------------------------------------


def _beside(*parts: Expr) -> Expr:
    """Matrices side by side."""
    return call("concatenate", *parts, axis=len(parts[0].shape) - 1)


def _above(x: Expr, rows: int) -> Expr:
    """The matrices, with zeros below them up to so many rows."""
    if x.shape[-2] == rows:
        return x
    rest = zeros(x, (*x.shape[:-2], rows - x.shape[-2], x.shape[-1]))
    return call("concatenate", x, rest, axis=len(x.shape) - 2)


def _divided(x: Expr, r: Expr) -> Expr:
    """x r^-1."""
    return matrix_transpose(call("solve", matrix_transpose(r), matrix_transpose(x)))


def _skew(m: Expr) -> Expr:
    """The skew matrix with the elements of m below the diagonal."""
    below = masked(m, lower(m.shape[-1], -1))
    return below - matrix_transpose(below)


def _mirrored(m: Expr) -> Expr:
    """The symmetric matrix with the elements of m on and below the diagonal."""
    n = m.shape[-1]
    return masked(m, lower(n)) + matrix_transpose(masked(m, lower(n, -1)))


# --- the last columns of a square Q --------------------------------------------------------------


def _completion(q: Expr) -> tuple[Expr, Expr, Expr]:
    """(E - Q1, I - T, W) with Q2 = E2 + (E - Q1) W, where Q = (Q1 Q2) is made by reflections.

    Q is I - V F V^T with V unit lower trapezoidal and F triangular, so that V F V1^T = E - Q1,
    where E, E2 are the columns of the identity and V1 the first rows of V: then
    W = (I - T)^-T B^T with T the first rows of Q1 and B the others (from which V follows by
    elimination; Ballard et al., Reconstructing Householder vectors from TSQR, 2014).
    """
    m, n = q.shape[-2:]
    top, bottom = rows_of(q, 0, n), rows_of(q, n, m - n)
    gap = eye(top) - top
    return (
        _above(eye(top), m) - q,
        gap,
        call("solve", matrix_transpose(gap), matrix_transpose(bottom)),
    )


def _completed_tangent(q: Expr, tq: Expr) -> Expr:
    m, n = q.shape[-2:]
    rest, gap, w = _completion(q)
    moved = product(matrix_transpose(rows_of(tq, 0, n)), w) + matrix_transpose(
        rows_of(tq, n, m - n)
    )
    return product(rest, call("solve", matrix_transpose(gap), moved)) - product(tq, w)


def _completed_cotangent(q: Expr, ct: Expr) -> Expr:
    """What the cotangent of Q2 is for Q1."""
    rest, gap, w = _completion(q)
    p = matrix_transpose(call("solve", gap, product(matrix_transpose(rest), ct)))
    below = call("concatenate", product(w, p), p, axis=len(p.shape) - 2)
    return below - product(ct, matrix_transpose(w))


# --- native code: LAPACK's LQ factors of the transpose, which is what it sees of rows ------------


def _call_gelqf(a: Type) -> Call:
    m, n = a.shape
    room = (scratch(a, min(m, n)), scratch(a, LAPACK_BLOCK * m))
    return Call(f"{n} {m} @0 {max(n, 1)} @1 @2 {room[1].size}", room, (0, 1))


def _call_orglq(a: Type, tau: Type) -> Call:
    m, n = a.shape
    room = scratch(a, LAPACK_BLOCK * m)
    return Call(f"{n} {m} {tau.size} @0 {max(n, 1)} @1 @2 {room.size}", (room,), (0,))


GELQF = routine(
    "gelqf",
    _call_gelqf,
    "Reflections that make Q below the diagonal, with R above them, and their factors.",
    results=2,
)
ORGLQ = routine(
    "orglq",
    _call_orglq,
    "Q, from the reflections below its diagonal and their factors.",
    ranks=(2, 1),
)


def _factors(a: Expr, *, mode: str) -> tuple[Expr, Expr]:
    m, n = a.shape[-2:]
    rank = min(m, n)
    inner = m if mode == "complete" else rank
    made, tau = GELQF(a)
    upper = masked(rows_of(made, 0, rank), ~np.tri(rank, n, -1, dtype=bool))
    reflections = columns_of(made, 0, rank)
    if inner > rank:
        reflections = _beside(reflections, zeros(made, (*made.shape[:-1], inner - rank)))
    return ORGLQ(reflections, tau), _above(upper, inner)


# --- derivatives ---------------------------------------------------------------------------------


def _tangent(q: Expr, r: Expr, ta: Expr) -> tuple[Expr, Expr]:
    """Of a reduced factorisation: dQ = dX R^-1 - Q (Q^T dX R^-1 - skew), dR = Q^T dA - skew R.

    Where there are more columns than rows, dX are as many as there are rows.
    """
    k = q.shape[-1]
    first = columns_of(r, 0, k)
    first, ta = strong_matrices(usable(first, triangle=True), first, ta)
    x = _divided(columns_of(ta, 0, k), first)
    inner = product(matrix_transpose(q), x)
    skew = _skew(inner)
    return x - product(q, inner - skew), product(matrix_transpose(q), ta) - product(skew, r)


def _jvp(
    operands: tuple[Expr, ...], tangents: Tangents, result: tuple[Expr, Expr], *, mode: str
) -> tuple[Expr | None, Expr | None]:
    (ta,), (q, r) = tangents, result
    if ta is None:
        return None, None
    m, n = ta.shape[-2:]
    if q.shape[-1] <= n:
        return _tangent(q, r, ta)
    first = columns_of(q, 0, n)
    tq, tr = _tangent(first, rows_of(r, 0, n), ta)
    return _beside(tq, _completed_tangent(first, tq)), _above(tr, m)


def _cotangent(q: Expr, r: Expr, ct_q: Expr, ct_r: Expr, a: Expr) -> Expr:
    """Of a reduced factorisation: (ct_q + Q mirrored(R ct_r^T - ct_q^T Q)) R^-T.

    Where there are more columns than rows, R = (U V) and A = (X Y): V = Q^T Y is a product.
    """
    n, k = a.shape[-1], q.shape[-1]
    u = columns_of(r, 0, k)
    u, ct_q, ct_r = strong_matrices(usable(u, triangle=True), u, ct_q, ct_r)
    ct_u = columns_of(ct_r, 0, k)
    if n > k:
        ct_v, y = columns_of(ct_r, k, n - k), columns_of(a, k, n - k)
        ct_q = ct_q + product(y, matrix_transpose(ct_v))
    inner = product(u, matrix_transpose(ct_u)) - product(matrix_transpose(ct_q), q)
    found = _divided(ct_q + product(q, _mirrored(inner)), matrix_transpose(u))
    return _beside(found, product(q, ct_v)) if n > k else found


def _vjp(
    ct: tuple[Expr | None, Expr | None],
    result: tuple[Expr, Expr],
    operands: tuple[Expr, ...],
    *,
    mode: str,
) -> tuple[Expr | None, ...]:
    (a,), (q, r) = operands, result
    n = a.shape[-1]
    ct_q, ct_r = (zeros(x) if c is None else c for c, x in zip(ct, result, strict=True))
    if q.shape[-1] <= n:
        return (_cotangent(q, r, ct_q, ct_r, a),)
    first = columns_of(q, 0, n)
    total = columns_of(ct_q, 0, n)
    if ct[0] is not None:
        total = total + _completed_cotangent(first, columns_of(ct_q, n, q.shape[-1] - n))
    return (_cotangent(first, rows_of(r, 0, n), total, rows_of(ct_r, 0, n), a),)


_SAMPLES = tuple(
    Sample((shape,), {"mode": mode})
    for shape in ((5, 3), (4, 4), (3, 5), (1, 3), (3, 1), (2, 4, 2), (2, 2, 3))
    for mode in MODES
)


def _public(op: Any, a: Any, mode: str = "reduced") -> Any:
    """Of NumPy, but for the mode 'raw'; mode 'r' gives R alone."""
    if mode not in (*MODES, "r"):
        raise UnsupportedOperation(
            f"np.linalg.qr with mode {mode!r} has no translation for traced arrays",
            hint="use mode 'reduced', 'complete' or 'r'",
        )
    q, r = op(a, mode="reduced" if mode == "r" else mode)
    return r if mode == "r" else (q, r)


QR = decomposition(
    "qr",
    _infer,
    _qr,
    results=2,
    jvp=_jvp,
    vjp=_vjp,
    sparsity=stacked(2),
    cost=40,
    work=_terms,
    analytic=False,
    expand=_factors,
    public={"linalg.qr": _public},
    samples=_SAMPLES,
    doc="Q and R with Q R = a, Q orthogonal and R upper triangular, of matrices (..., m, n), by "
    "reflections; Q is (m, min(m, n)), with mode 'complete' (m, m). The derivative raises "
    "LinAlgError where the first min(m, n) columns of R are singular.",
)
