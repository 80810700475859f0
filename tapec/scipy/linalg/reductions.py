"""Hessenberg forms, L D L^T, balanced matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import linalg

from tapec.scipy.registry import refused, translates
from tapec.scipy.several import several
from tapec.trace.numpy.matrices import mirrored
from tapec.trace.numpy.scipy_systems import square
from tapec.tree import is_complex

Array = np.ndarray[Any, Any]


def _real_square(name: str, a: Any) -> Any:
    if is_complex(a):
        raise refused(f"scipy.linalg.{name} of a complex matrix")
    return square(name, a)


# -- Hessenberg forms ------------------------------------------------------------------------------


@translates(linalg.hessenberg)
def _hessenberg(a: Any, calc_q: bool = False) -> Any:
    a = _real_square("hessenberg", a)
    kinds = [(False, tuple(a.shape))] * 2

    def values(a: Array) -> Sequence[Array]:
        return tuple(linalg.hessenberg(a, calc_q=True))

    h, q = several(values, [a], kinds, "hessenberg", _of_hessenberg)
    return (h, q) if calc_q else h


def _of_hessenberg(
    operands: Sequence[Any], moved: Sequence[Any], results: Sequence[Any]
) -> Sequence[Any]:
    """dQ = Q W and dH = Q^T dA Q + H W - W H, where W is skew and its first column 0.

    Below the first subdiagonal dH is 0: column j determines column j + 1 of W, unless the element
    on the subdiagonal is 0 (Golub and Van Loan, Matrix Computations, 4th ed., theorem 7.4.2).
    """
    h, q = results
    n = h.shape[-1]
    m = np.swapaxes(q, -1, -2) @ (moved[0] @ q)
    columns = [np.zeros(h.shape[:-1])]
    for j in range(n - 2):
        w = np.stack(columns, axis=-1)
        right = m[..., j] + (h @ w[..., j][..., None])[..., 0]
        right = right - (w @ h[..., : j + 1, j][..., None])[..., 0]
        below = right[..., j + 2 :] / h[..., j + 1, j][..., None]
        above = -w[..., j + 1, :]
        columns.append(np.concatenate([above, np.zeros((*h.shape[:-2], 1)), below], axis=-1))
    if n > 1:
        above = np.stack([-c[..., n - 1] for c in columns], axis=-1)[..., : n - 1]
        columns.append(np.concatenate([above, np.zeros((*h.shape[:-2], 1))], axis=-1))
    w = np.stack(columns[:n], axis=-1)
    return [m + h @ w - w @ h, q @ w]


# -- symmetric matrices that need not be positive definite -----------------------------------------


@translates(linalg.ldl)
def _ldl(A: Any, lower: bool = True, hermitian: bool = True) -> Any:
    a = _real_square("ldl", A)
    shape = tuple(a.shape)
    kinds = [(False, shape), (False, shape), (False, shape[:-1])]

    def values(a: Array) -> Sequence[Array]:
        return tuple(linalg.ldl(a, lower=lower, hermitian=hermitian))

    def tangents(given: Sequence[Any], moved: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        factor, middle, order = made
        return _of_ldl(mirrored(moved[0], lower), factor, middle, order, lower)

    factor, middle, order = several(values, [a], kinds, "ldl", tangents)
    return factor, middle, order.astype(int)


def _of_ldl(da: Any, factor: Any, middle: Any, order: Any, lower: bool) -> Sequence[Any]:
    """X = L^-1 dA L^-T = L^-1 dL D + dD + (L^-1 dL D)^T: dD has the diagonal blocks of it.

    The pivots stay what they are, and so does which blocks there are.
    """
    n = da.shape[-1]
    half = np.linalg.solve(factor, da)
    x = np.linalg.solve(factor, np.swapaxes(half, -1, -2))
    inside = (np.eye(n) + np.abs(np.eye(n, k=1) + np.eye(n, k=-1)) * (middle != 0.0)) != 0.0
    one_side = np.tril(np.ones((n, n))) if lower else np.triu(np.ones((n, n)))
    beside = np.where(inside, 0.0, x * one_side)
    right = np.linalg.solve(middle, np.swapaxes(beside, -1, -2))
    moved = factor @ np.swapaxes(right, -1, -2)
    return [moved, np.where(inside, x, 0.0), np.zeros(order.shape)]


# -- balanced matrices -----------------------------------------------------------------------------


@translates(linalg.matrix_balance)
def _matrix_balance(
    A: Any, permute: bool = True, scale: bool = True, separate: bool = False
) -> Any:
    a = _real_square("matrix_balance", A)
    n = a.shape[-1]
    kinds = [(False, (n,)), (False, (n,))]

    def values(a: Array) -> Sequence[Array]:
        return tuple(linalg.matrix_balance(a, permute, scale, separate=True)[1])

    def tangents(given: Sequence[Any], moved: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        """Scales are powers of two: they and the order stay what they are."""
        return [np.zeros(n), np.zeros(n)]

    scales, order = several(values, [a], kinds, "matrix_balance", tangents)
    order = order.astype(int)
    balanced = a[order][:, order] * (scales[None, :] / scales[:, None])
    if separate:
        return balanced, (scales, order)
    return balanced, np.diag(scales)[np.argsort(order)]
