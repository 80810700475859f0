"""Eigenvalues and eigenvectors of symmetric matrices, in stacks too.

Derivatives: Magnus, On differentiating eigenvalues and eigenvectors, Econometric Theory, 1985;
Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation,
2008.
Vectors of a repeated eigenvalue are any basis of a plane: nothing that follows from them has a
derivative that the matrices of one basis tell, and NaN says so, unless their cotangents are zero.
Eigenvalues by themselves have one of every symmetric function of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.lapack import Call, integers, routine, scratch
from tapec.ir.ops.loop import NO_EIGENVALUES
from tapec.ir.ops.matrices import (
    decomposition,
    diagonal,
    eye,
    identity,
    lower,
    masked,
    matrix_transpose,
    of_diagonal,
    or_nan,
    per_column,
    product,
    square,
)
from tapec.ir.ops.shape import Array, Tangents, calls
from tapec.ir.ops.unread import read_columns, read_stack
from tapec.ir.primitive import Primitive, Sample
from tapec.ir.types import Type

_TRIANGLES = ("L", "U")

# --- native code ---------------------------------------------------------------------------------


def _call_syevd(a: Type, *, uplo: str, vectors: bool) -> Call:
    n = a.shape[-1]
    reals, integral = (1 + 6 * n + 2 * n * n, 3 + 5 * n) if vectors else (2 * n + 1, 1)
    sizes = f"@0 {max(n, 1)} @1 @2 {reals} @3 {integral}"
    room = (scratch(a, n).with_shape((n,)), scratch(a, reals), integers(integral))
    return Call(f"{'V' if vectors else 'N'} {uplo} {n} {sizes}", room, (1, 0))


SYEVD = routine(
    "syevd",
    _call_syevd,
    "Eigenvalues of a symmetric matrix, and in place of it its eigenvectors if they are asked for.",
    results=2,
    status=NO_EIGENVALUES,
)


def _by_lapack(a: Expr, *, uplo: str, vectors: bool) -> tuple[Expr, Expr]:
    """LAPACK sees a matrix with its columns in memory one after the other."""
    made: tuple[Expr, Expr] = SYEVD(matrix_transpose(a), uplo=uplo, vectors=vectors)
    return made


def _eigh_native(a: Expr, *, uplo: str) -> tuple[Expr, Expr]:
    values, vectors = _by_lapack(a, uplo=uplo, vectors=True)
    return values, matrix_transpose(vectors)


def _eigvalsh_native(a: Expr, *, uplo: str) -> Expr:
    return _by_lapack(a, uplo=uplo, vectors=False)[0]


# --- parts of the rules --------------------------------------------------------------------------


def _triangle(n: int, uplo: str, k: int = 0) -> Array:
    below = lower(n, -k)
    return below if uplo == "L" else below.T


def _mirrored(x: Expr, uplo: str) -> Expr:
    """The symmetric matrix of which this is one triangle."""
    n = x.shape[-1]
    strict = masked(x, _triangle(n, uplo, 1))
    return masked(x, _triangle(n, uplo)) + matrix_transpose(strict)


def _to_triangle(x: Expr, uplo: str) -> Expr:
    """The cotangent of one triangle from that of the symmetric matrix."""
    n = x.shape[-1]
    return masked(x + matrix_transpose(x), _triangle(n, uplo, 1)) + masked(x, diagonal(n))


def _differences(values: Expr) -> Expr:
    """1 / (w_j - w_i): 0 on the diagonal, NaN where they are equal up to the error of LAPACK."""
    n = values.shape[-1]
    columns = per_column(values, n)
    gap = columns - matrix_transpose(columns)
    other = ~diagonal(n)
    return masked(1.0 / (masked(or_nan(gap, values), other) + eye(gap)), other)


def _rotated(v: Expr, x: Expr) -> Expr:
    """v^T x v."""
    return product(matrix_transpose(v), product(x, v))


def _rotated_back(v: Expr, x: Expr) -> Expr:
    """v x v^T."""
    return product(v, product(x, matrix_transpose(v)))


# --- eigenvalues and eigenvectors ----------------------------------------------------------------


def _infer_eigh(a: Type, *, uplo: str) -> tuple[Type, Type]:
    if uplo not in _TRIANGLES:
        raise ShapeError(f"the triangle of a matrix is one of {_TRIANGLES}, not {uplo!r}")
    kind = square("eigh", a)
    return kind.with_shape(a.shape[:-1]), kind


def _eigh(a: Array, *, uplo: Any) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(a, uplo)
    return values, vectors


def _jvp_eigh(
    operands: tuple[Expr, ...], tangents: Tangents, result: tuple[Expr, Expr], *, uplo: str
) -> tuple[Expr | None, Expr | None]:
    (ta,), (w, v) = tangents, result
    if ta is None:
        return None, None
    inner = _rotated(v, _mirrored(ta, uplo))
    return of_diagonal(inner), product(v, inner * read_stack(ta, _differences(w)))


def _vjp_eigh(
    ct: tuple[Expr | None, Expr | None], result: tuple[Expr, Expr], operands: tuple[Expr, ...],
    *, uplo: str,
) -> tuple[Expr | None, ...]:  # fmt: skip
    (ct_w, ct_v), (w, v) = ct, result
    inner: Expr | None = None
    if ct_v is not None:
        turn = product(matrix_transpose(v), ct_v) * read_columns(ct_v, _differences(w))
        inner = (turn + matrix_transpose(turn)) * 0.5
    if ct_w is not None:
        straight = masked(per_column(ct_w, v.shape[-1]), diagonal(v.shape[-1]))
        inner = straight if inner is None else inner + straight
    assert inner is not None, "some cotangent has arrived"
    return (_to_triangle(_rotated_back(v, inner), uplo),)


def _public(op: Any, a: Any, UPLO: str = "L") -> Any:
    return op(a, uplo=UPLO.upper())


_SAMPLES = tuple(
    Sample((shape,), {"uplo": uplo})
    for shape in ((4, 4), (1, 1), (2, 3, 3), (7, 7))
    for uplo in _TRIANGLES
)

EIGH: Primitive = decomposition(
    "eigh",
    _infer_eigh,
    _eigh,
    results=2,
    jvp=_jvp_eigh,
    vjp=_vjp_eigh,
    cost=100,
    analytic=False,
    raises=True,
    harmless=identity,
    expand=_eigh_native,
    public={"linalg.eigh": _public},
    samples=_SAMPLES,
    doc="Eigenvalues, ascending, and eigenvectors (in columns) of symmetric matrices, of which one "
    "triangle is read and has a derivative. That of vectors is NaN where eigenvalues repeat.",
)

# --- eigenvalues alone ---------------------------------------------------------------------------


def _infer_eigvalsh(a: Type, *, uplo: str) -> Type:
    return _infer_eigh(a, uplo=uplo)[0]


def _eigvalsh(a: Array, *, uplo: Any) -> Array:
    found: Array = np.linalg.eigvalsh(a, uplo)
    return found


def _jvp_eigvalsh(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, uplo: str
) -> Expr | None:
    made = calls("eigh", operands[0], uplo=uplo)
    return _jvp_eigh(operands, tangents, (made[0], made[1]), uplo=uplo)[0]


def _vjp_eigvalsh(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], *, uplo: str
) -> tuple[Expr | None, ...]:
    made = calls("eigh", operands[0], uplo=uplo)
    return _vjp_eigh((ct, None), (made[0], made[1]), operands, uplo=uplo)


EIGVALSH: Primitive = decomposition(
    "eigvalsh",
    _infer_eigvalsh,
    _eigvalsh,
    jvp=_jvp_eigvalsh,
    vjp=_vjp_eigvalsh,
    cost=60,
    analytic=False,
    raises=True,
    harmless=identity,
    expand=_eigvalsh_native,
    public={"linalg.eigvalsh": _public},
    samples=_SAMPLES,
    doc="Eigenvalues of symmetric matrices, ascending. The derivative of one that repeats is that "
    "along the vector which LAPACK finds; of symmetric functions of them it is right.",
)
