"""Factors and eigenvalues of `scipy.linalg`."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.ops.lu import LU, row_order
from tapec.trace.arrays.operands import any_symbolic, need_session, operand, session_of
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import wrap
from tapec.trace.numpy.declared import made_by
from tapec.trace.numpy.least_squares import known, least, lstsq, pinv
from tapec.trace.numpy.matrices import mirrored
from tapec.trace.numpy.scipy_systems import (
    TRANSPOSED,
    array_of,
    both_sides,
    by_columns,
    by_factor,
    square,
    triangular,
)


def _refused(what: str, cure: str) -> UnsupportedOperation:
    return UnsupportedOperation(
        f"scipy.linalg.{what} has no translation for traced arrays", where=user_line(), hint=cure
    )


# --- Cholesky factors ----------------------------------------------------------------------------


@implements("scipy.linalg.cholesky")
def cholesky(a: Any, lower: bool = False) -> Any:
    """``scipy.linalg.cholesky``: of the upper triangle, or of the lower one."""
    return np.linalg.cholesky(square("cholesky", a), upper=not lower)


@implements("scipy.linalg.cho_factor")
def cho_factor(a: Any, lower: bool = False) -> tuple[Any, bool]:
    """``scipy.linalg.cho_factor``: the factor, with the other triangle as it was."""
    a = square("cho_factor", a)
    rest = np.triu(a, 1) if lower else np.tril(a, -1)
    return cholesky(a, lower) + rest, lower


@implements("scipy.linalg.cho_solve")
def cho_solve(c_and_lower: Any, b: Any) -> Any:
    """``scipy.linalg.cho_solve``."""
    factor, lower = c_and_lower
    return by_factor("cho_solve", square("cho_solve", factor), b, bool(lower))


@implements("scipy.linalg.cholesky_banded")
def cholesky_banded(ab: Any, lower: bool = False) -> Any:
    """``scipy.linalg.cholesky_banded``, by way of the whole matrix."""
    ab = array_of(ab)
    count, n = ab.shape[-2:]
    i, j = np.indices((n, n))
    inside = np.abs(i - j) < count
    rows = np.where(inside, count - 1 + i - j, 0)
    factor = cholesky(np.where(inside, both_sides(ab, lower)[..., rows, j], 0.0), lower)
    k, j = np.indices((count, n))
    i = j + k if lower else j + k - (count - 1)
    there = (i >= 0) & (i < n)
    return np.where(there, factor[..., np.clip(i, 0, n - 1), j], ab)


# --- triangular factors by elimination -----------------------------------------------------------


@implements("scipy.linalg.lu_factor")
def lu_factor(a: Any) -> tuple[Any, Any]:
    """``scipy.linalg.lu_factor``."""
    packed, pivots = made_by(LU, a)
    return packed, pivots.astype(np.int32)


def _order(pivots: Any, rows: int) -> Any:
    """The order of rows that pivots lead to."""
    if not any_symbolic(pivots):
        return row_order(np.asarray(pivots), rows)
    pivots = array_of(pivots)
    session = session_of(pivots) or need_session()
    return wrap(session, session.emit("row_order", operand(session, pivots, "i32"), rows=rows))


def _in_order(x: Any, order: Any) -> Any:
    """The rows of matrices in an order."""
    return np.take_along_axis(x, np.broadcast_to(order[..., None], x.shape), axis=-2)


@implements("scipy.linalg.lu_solve")
def lu_solve(lu_and_piv: Any, b: Any, trans: Any = 0) -> Any:
    """``scipy.linalg.lu_solve``."""
    packed, pivots = lu_and_piv
    packed = square("lu_solve", packed)
    if trans not in (0, 1, 2):
        raise ValueError(f"scipy.linalg.lu_solve: trans is 0, 1 or 2, not {trans!r}")
    order = _order(pivots, packed.shape[-1])

    def solver(lead: Any, columns: Any) -> Any:
        if TRANSPOSED[trans]:
            inner = triangular("lu_solve", packed, columns, lower=False, transposed=True)
            made = triangular("lu_solve", packed, inner, lower=True, transposed=True, unit=True)
            return _in_order(made, np.argsort(order, axis=-1))
        inner = triangular("lu_solve", packed, _in_order(columns, order), lower=True, unit=True)
        return triangular("lu_solve", packed, inner, lower=False)

    return by_columns("lu_solve", packed.shape[-1], packed.shape[:-2], b, solver)


@implements("scipy.linalg.lu")
def lu(a: Any, permute_l: bool = False, p_indices: bool = False) -> Any:
    """``scipy.linalg.lu``: P, L and U, or P L and U."""
    a = array_of(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    packed, pivots = made_by(LU, a)
    order = _order(pivots.astype(np.int32), m)
    left = np.tril(packed[..., :k], -1) + np.eye(m, k, dtype=packed.dtype)
    right = np.triu(packed[..., :k, :])
    if permute_l:
        return _in_order(left, np.argsort(order, axis=-1)), right
    if p_indices:
        return np.argsort(order, axis=-1).astype(np.int32), left, right
    places = order[..., None, :] == np.arange(m)[:, None]
    return places.astype(packed.dtype), left, right


# --- orthogonal factors, singular values ---------------------------------------------------------


@implements("scipy.linalg.svd")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """``scipy.linalg.svd``."""
    a = array_of(a)
    if not compute_uv:
        return np.linalg.svdvals(a)
    return tuple(np.linalg.svd(a, full_matrices=bool(full_matrices)))


@implements("scipy.linalg.svdvals")
def svdvals(a: Any) -> Any:
    """``scipy.linalg.svdvals``."""
    return np.linalg.svdvals(array_of(a))


@implements("scipy.linalg.pinv")
def scipy_pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False) -> Any:
    """``scipy.linalg.pinv``, with a limit relative to the largest singular value."""
    if atol is not None:
        raise _refused("pinv with atol=", "give rtol=, relative to the largest singular value")
    a = array_of(a)
    limit = least(a, max(a.shape[-2:])) if rtol is None else known("pinv", rtol)
    if not return_rank:
        return pinv(a, limit)
    return pinv(a, limit), np.linalg.matrix_rank(a, rtol=limit)


@implements("scipy.linalg.lstsq")
def scipy_lstsq(a: Any, b: Any, cond: Any = None) -> Any:
    """``scipy.linalg.lstsq``; sums of residuals are NaN where the rank is less than the columns."""
    a, b = array_of(a), array_of(b)
    x, sums, rank, values = lstsq(a, b, least(a, 1.0) if cond is None else cond)
    return x, sums[0] if b.ndim == 1 and sums.size else sums, np.astype(rank, int), values


# --- eigenvalues of symmetric matrices -----------------------------------------------------------


@implements("scipy.linalg.eigh")
def eigh(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, type: int = 1,
    subset_by_index: Any = None,
) -> Any:  # fmt: skip
    """``scipy.linalg.eigh``, of one matrix or of a pair, all eigenvalues or those numbered so.

    LAPACK's driver is NumPy's, so that signs of vectors are those of ``np.linalg.eigh``.
    """
    a = square("eigh", a)
    first, last = (0, a.shape[-1] - 1) if subset_by_index is None else map(int, subset_by_index)
    chosen = slice(first, last + 1)
    if b is not None:
        inner, back = _reduced(mirrored(a, lower), square("eigh", b), bool(lower), int(type))
    else:
        inner, back = a, None
    side: Literal["L", "U"] = "L" if lower or b is not None else "U"
    if eigvals_only:
        return np.linalg.eigvalsh(inner, side)[..., chosen]
    values, vectors = np.linalg.eigh(inner, side)
    vectors = vectors[..., :, chosen]
    return values[..., chosen], vectors if back is None else back(vectors)


def _reduced(a: Any, b: Any, lower: bool, kind: int) -> tuple[Any, Any]:
    """The problem of one matrix that a pair leads to, and its vectors as those of the pair.

    With b = L L^T: a v = w b v has L^-1 a L^-T, and v = L^-T y; a b v = w v and b a v = w v have
    L^T a L, with v = L^-T y and v = L y.
    """
    factor = np.swapaxes(cholesky(b), -1, -2) if not lower else cholesky(b, True)

    def halved(x: Any) -> Any:
        return triangular("eigh", factor, x, lower=True)

    def back(vectors: Any) -> Any:
        if kind == 3:
            return factor @ vectors
        return triangular("eigh", factor, vectors, lower=True, transposed=True)

    if kind == 1:
        return halved(np.swapaxes(halved(a), -1, -2)), back
    return np.swapaxes(factor, -1, -2) @ a @ factor, back


@implements("scipy.linalg.eigvalsh")
def eigvalsh(a: Any, b: Any = None, *, lower: bool = True, type: int = 1,
             subset_by_index: Any = None) -> Any:  # fmt: skip
    """``scipy.linalg.eigvalsh``."""
    options = {"lower": lower, "type": type, "subset_by_index": subset_by_index}
    return eigh(a, b, eigvals_only=True, **options)


@implements("scipy.linalg.det")
def det(a: Any) -> Any:
    """``scipy.linalg.det``: in double precision whatever the matrix is in."""
    return np.linalg.det(np.astype(square("det", a), float))


# Of NumPy's, these differ in nothing but their names.
for _name in ("inv", "norm"):
    TABLE[f"scipy.linalg.{_name}"] = TABLE[f"linalg.{_name}"]
