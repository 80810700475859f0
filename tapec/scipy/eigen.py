"""Eigenvalues and singular vectors that are complex: LAPACK by a call, derivatives in NumPy.

Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation,
2008; Wan and Zhang, Automatic differentiation for complex valued SVD, 2019. Vectors are determined
up to a phase: those of `eig` have LAPACK's (norm 1, the largest component real), those of `eigh`
and `svd` any, so that only what does not depend on it has derivatives with a meaning. Vectors of
repeated values have NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.scipy.several import several

Array = np.ndarray[Any, Any]


def _square(a: Any) -> tuple[int, ...]:
    if len(a.shape) < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return tuple(a.shape)


def _adjoint(m: Any) -> Any:
    return np.conjugate(np.swapaxes(m, -1, -2))


def _diagonal(m: Any) -> Any:
    return np.stack([m[..., k, k] for k in range(m.shape[-1])], axis=-1)


def _over(x: Any, gaps: Any, sizes: Any) -> Any:
    """x over the gaps of values of these sizes: 0 on the diagonal, NaN where two values are equal.

    They are if they differ by no more than the error of LAPACK.
    """
    same = np.eye(sizes.shape[-1], dtype=bool)
    error = np.max(sizes, axis=-1)[..., None, None] * (len(same) * np.finfo(sizes.dtype).eps)
    apart = np.where(np.abs(gaps) > error, gaps, np.nan)
    return np.where(same, 0.0, x / np.where(same, 1.0, apart))


# -- general matrices ------------------------------------------------------------------------------


def _eig(a: Array) -> tuple[Array, Array]:
    found = np.linalg.eig(a)
    return found.eigenvalues, found.eigenvectors


def eigvals(a: Any) -> Any:
    """The eigenvalues, complex in any case."""
    *lead, n, _ = _square(a)

    def tangents(operands: Sequence[Any], moved: Sequence[Any], _: Sequence[Any]) -> Sequence[Any]:
        _, v = eig(operands[0])
        return [_diagonal(np.linalg.solve(v, moved[0] @ v))]

    kinds = [(True, (*lead, n))]
    return several(lambda a: _eig(a)[:1], [a], kinds, "eigvals", tangents)[0]


def eig(a: Any) -> tuple[Any, Any]:
    """Eigenvalues and right eigenvectors, complex in any case."""
    *lead, n, _ = _square(a)
    kinds = [(True, (*lead, n)), (True, (*lead, n, n))]
    w, v = several(_eig, [a], kinds, "eig", _of_eig)
    return w, v


def _of_eig(operands: Sequence[Any], moved: Sequence[Any], results: Sequence[Any]) -> Sequence[Any]:
    """dw = diag(X) and dV = V (X / (w_j - w_i)) with X = V^-1 dA V, then norms and phases."""
    (da,), (w, v) = moved, results
    x = np.linalg.solve(v, da @ v)
    dv = v @ _over(x, w[..., None, :] - w[..., :, None], np.abs(w))
    dv = dv - v * np.sum((np.conjugate(v) * dv).real, axis=-2)[..., None, :]
    size = np.abs(v)
    largest = size == np.max(size, axis=-2)[..., None, :]
    first = largest & (np.cumsum(largest, axis=-2) == 1)
    turn = np.sum(np.where(first, (dv * np.conjugate(v)).imag / size**2, 0.0), axis=-2)
    return [_diagonal(x), dv - 1j * v * turn[..., None, :]]


# -- Hermitian matrices ----------------------------------------------------------------------------


def eigh(a: Any, lower: bool) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors of a Hermitian matrix."""
    *lead, n, _ = _square(a)
    kinds = [(False, (*lead, n)), (True, (*lead, n, n))]
    w, v = several(
        lambda a: tuple(np.linalg.eigh(a, "L" if lower else "U")), [a], kinds, "eigh", _of_eigh
    )
    return w, v


def _of_eigh(
    operands: Sequence[Any], moved: Sequence[Any], results: Sequence[Any]
) -> Sequence[Any]:
    (da,), (w, v) = moved, results
    x = _adjoint(v) @ (da @ v)
    return [_diagonal(x).real, v @ _over(x, w[..., None, :] - w[..., :, None], np.abs(w))]


# -- singular values -------------------------------------------------------------------------------


def svd(a: Any) -> tuple[Any, Any, Any]:
    """The thin decomposition U S V^H of a complex matrix."""
    *lead, m, n = a.shape
    k = min(m, n)
    kinds = [(True, (*lead, m, k)), (False, (*lead, k)), (True, (*lead, k, n))]
    u, s, vh = several(
        lambda a: tuple(np.linalg.svd(a, full_matrices=False)), [a], kinds, "svd", _of_svd
    )
    return u, s, vh


def _of_svd(operands: Sequence[Any], moved: Sequence[Any], results: Sequence[Any]) -> Sequence[Any]:
    (da,), (u, s, vh) = moved, results
    k, v = s.shape[-1], _adjoint(vh)
    row, column = s[..., None, :], s[..., :, None]
    p = _adjoint(u) @ (da @ v)
    ahead, back = (_over(m, row - column, s) / (row + column + np.eye(k)) for m in (p, _adjoint(p)))
    turn = np.eye(k) * (0.5j * _diagonal(p).imag / s)[..., None, :]
    du = u @ (ahead * row + back * column + turn)
    dv = v @ (ahead * column + back * row - turn)
    if u.shape[-2] > k:
        rest = da @ v
        du = du + (rest - u @ (_adjoint(u) @ rest)) / row
    if v.shape[-2] > k:
        rest = _adjoint(da) @ u
        dv = dv + (rest - v @ (_adjoint(v) @ rest)) / row
    return [du, _diagonal(p).real, _adjoint(dv)]
