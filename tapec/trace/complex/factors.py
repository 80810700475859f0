"""Triangular and orthogonal factors of complex matrices, column by column as LAPACK finds them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.session import where
from tapec.trace.complex.array import both, pair, rule
from tapec.trace.complex.elementary import conjugate
from tapec.trace.complex.linear import hermitian, ratio, swapped
from tapec.trace.complex.reductions import squared
from tapec.tree import is_complex

TRANSPOSED = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}


def adjoint(a: Any) -> Any:
    """The conjugate transpose."""
    turned = np.swapaxes(a, -1, -2)
    return conjugate(turned) if is_complex(turned) else turned


# -- orthogonal factors ----------------------------------------------------------------------------


@rule("linalg.qr")
def qr(a: Any, mode: str = "reduced") -> Any:
    """Householder's reflections, with the signs of LAPACK's zlarfg: R has a real diagonal."""
    if mode not in ("reduced", "complete", "r"):
        raise UnsupportedOperation(
            f"np.linalg.qr of a complex matrix with mode={mode!r}",
            where=where(),
            hint='mode="reduced", "complete" and "r" are known',
        )
    m, n = a.shape[-2:]
    rank, r = min(m, n), a * 1.0
    reflections: list[tuple[Any, Any]] = []
    for k in range(rank):
        v, tau = _reflection(r[..., k:, k])
        reflections.append((v, tau))
        r = _reflected(r, v, conjugate(tau), k)
    inner = m if mode == "complete" else rank
    upper = both(np.triu, r[..., :inner, :])
    if mode == "r":
        return upper
    lead = np.zeros((*a.shape[:-2], m, inner), a.real.dtype)
    q = pair(lead + np.eye(m, inner, dtype=lead.dtype), lead)
    for k in reversed(range(rank)):
        q = _reflected(q, *reflections[k], k)
    return type(np.linalg.qr(np.eye(1)))(q, upper)


def _reflection(x: Any) -> tuple[Any, Any]:
    """v and tau of H = I - tau v v^H, where H^H x has its first element alone, and real."""
    first, rest = x[..., 0], x[..., 1:]
    below = np.sum(squared(rest), axis=-1)
    nothing = (below == 0.0) & (first.imag == 0.0)
    size = np.sqrt(np.where(nothing, 1.0, below + squared(first)))
    beta = np.where(first.real > 0.0, -size, size)  # of -0.0 LAPACK's sign is that of 0.0
    beta = np.where(first.real == 0.0, -np.copysign(size, first.real), beta)
    tau = pair(
        np.where(nothing, 0.0, (beta - first.real) / beta),
        np.where(nothing, 0.0, -first.imag / beta),
    )
    shift = first - beta
    scale = pair(np.where(nothing, 1.0, shift.real), np.where(nothing, 0.0, shift.imag))
    tail = rest / scale[..., None]
    head = np.ones((*tail.shape[:-1], 1), x.real.dtype)
    return np.concatenate([pair(head, 0.0 * head), tail], axis=-1), tau


def _reflected(a: Any, v: Any, tau: Any, k: int) -> Any:
    """(I - tau v v^H) times a matrix, from row k on."""
    part = a[..., k:, :]
    row = np.sum(conjugate(v)[..., None] * part, axis=-2)
    part = part - (tau[..., None] * v)[..., None] * row[..., None, :]
    return np.concatenate([a[..., :k, :], part], axis=-2) if k else part


# -- triangular factors ----------------------------------------------------------------------------


def _eliminated(a: Any) -> tuple[Any, Any, Any]:
    """L and U in one matrix, the rows they are exchanged with, and the order of rows."""
    m, n = a.shape[-2:]
    order = np.broadcast_to(np.arange(m)[:, None], (*a.shape[:-2], m, 1))
    a, pivots = a * 1.0, []
    for k in range(min(m, n)):
        column = a[..., k:, k]
        best = np.argmax(np.abs(column.real) + np.abs(column.imag), axis=-1) + k
        pivots.append(best)
        a, order = swapped(a, k, best)[0], swapped(order, k, best)[0]
        factor = ratio(a[..., k + 1 :, k], a[..., k, k][..., None])
        rest = a[..., k + 1 :, k + 1 :] - factor[..., None] * a[..., k, k + 1 :][..., None, :]
        below = np.concatenate([a[..., k + 1 :, :k], factor[..., None], rest], axis=-1)
        a = np.concatenate([a[..., : k + 1, :], below], axis=-2)
    return a, np.astype(np.stack(pivots, axis=-1), np.int32), order[..., 0]


@rule("scipy.linalg.lu_factor")
def lu_factor(a: Any) -> tuple[Any, Any]:
    """L and U in one matrix, and the rows that were exchanged."""
    return _eliminated(a)[:2]


@rule("scipy.linalg.lu")
def lu(a: Any, permute_l: bool = False, p_indices: bool = False) -> Any:
    """P, L and U, or P L and U."""
    m, n = a.shape[-2:]
    k = min(m, n)
    packed, _, order = _eliminated(a)
    left = both(lambda part: np.tril(part, -1), packed[..., :k])
    left = pair(left.real + np.eye(m, k), left.imag)
    right = both(np.triu, packed[..., :k, :])
    back = np.argsort(order, axis=-1)
    if permute_l:
        index = np.broadcast_to(back[..., None], left.shape)
        return np.take_along_axis(left, index, axis=-2), right
    if p_indices:
        return np.astype(back, np.int32), left, right
    places = order[..., None, :] == np.arange(m)[:, None]
    return np.astype(places, packed.real.dtype), left, right


@rule("scipy.linalg.lu_solve")
def lu_solve(lu_and_piv: Any, b: Any, trans: Any = 0) -> Any:
    """The solution by such factors."""
    packed, pivots = lu_and_piv
    rows, kind = np.arange(packed.shape[-1]), TRANSPOSED[trans]
    order = rows
    for k in range(packed.shape[-1]):
        chosen = pivots[k]
        swap = np.where(rows == k, chosen, np.where(rows == chosen, k, rows))
        order = np.take_along_axis(order, swap, axis=0)
    if kind == 0:
        inner = solve_triangular(packed, b[order], lower=True, unit_diagonal=True)
        return solve_triangular(packed, inner)
    inner = solve_triangular(packed, b, trans=kind)
    made = solve_triangular(packed, inner, trans=kind, lower=True, unit_diagonal=True)
    return made[np.argsort(order)]


@rule("scipy.linalg.solve_triangular")
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Any:
    """The solution of a triangular system: the other triangle is not read."""
    a = (
        both(np.tril if lower else np.triu, a)
        if is_complex(a)
        else (np.tril if lower else np.triu)(a)
    )
    if unit_diagonal:
        diagonal = np.eye(a.shape[-1], dtype=bool)
        a = np.where(diagonal, 1.0, a)
    kind = TRANSPOSED[trans]
    if kind:
        a = np.swapaxes(a, -1, -2) if kind == 1 else adjoint(a)
    return np.linalg.solve(a, b)


@rule("scipy.linalg.cholesky")
def cholesky(a: Any, lower: bool = False) -> Any:
    """Of the upper triangle, or of the lower one."""
    return np.linalg.cholesky(a, upper=not lower)


@rule("scipy.linalg.cho_factor")
def cho_factor(a: Any, lower: bool = False) -> tuple[Any, bool]:
    """The factor, with the other triangle as it was."""
    rest = both(lambda part: np.triu(part, 1) if lower else np.tril(part, -1), a)
    return cholesky(a, lower) + rest, lower


@rule("scipy.linalg.cho_solve")
def cho_solve(c_and_lower: Any, b: Any) -> Any:
    """The solution by such a factor."""
    factor, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    inner = solve_triangular(factor, b, first, bool(lower))
    return solve_triangular(factor, inner, second, bool(lower))


@rule("scipy.linalg.solve")
def solve(a: Any, b: Any, lower: bool = False, assume_a: Any = None) -> Any:
    """The solution of a system: of the triangle given, where the matrix is Hermitian."""
    if assume_a not in (None, "gen", "general", "her", "hermitian", "pos", "positive definite"):
        raise UnsupportedOperation(
            f"scipy.linalg.solve of complex numbers with assume_a={assume_a!r}",
            where=where(),
            hint='leave assume_a out: systems of any kind are solved as "gen"',
        )
    if assume_a not in (None, "gen", "general") and is_complex(a):
        a = hermitian(a, bool(lower))
    return np.linalg.solve(a, b)
