"""Functions of `scipy.linalg` that are few lines of others: bands, Toeplitz products, angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.scipy_systems import array_of


def _of_bands(bands: Any, lower: bool) -> Any:
    """The lower triangle of a symmetric matrix given by its diagonals."""
    n = bands.shape[1]
    rows = range(bands.shape[0])
    made = np.zeros((n, n), bands.dtype)
    for k in rows:
        row = bands[k] if lower else bands[bands.shape[0] - 1 - k]
        made = made + np.diag(row[: n - k] if lower else row[k:], -k)
    return made


@implements("scipy.linalg.eig_banded")
def eig_banded(a_band: Any, lower: bool = False, eigvals_only: bool = False) -> Any:
    """Eigenvalues and eigenvectors of a symmetric matrix given by its diagonals."""
    matrix = _of_bands(array_of(a_band), lower)
    return np.linalg.eigvalsh(matrix) if eigvals_only else tuple(np.linalg.eigh(matrix))


@implements("scipy.linalg.eigvals_banded")
def eigvals_banded(a_band: Any, lower: bool = False) -> Any:
    """Eigenvalues of a symmetric matrix given by its diagonals."""
    return np.linalg.eigvalsh(_of_bands(array_of(a_band), lower))


@implements("scipy.linalg.cho_solve_banded")
def cho_solve_banded(cb_and_lower: Any, b: Any) -> Any:
    """The solution of a system whose banded Cholesky factor is known."""
    factor, lower = cb_and_lower
    half = _of_bands(array_of(factor), lower)
    return np.linalg.solve(half.T, np.linalg.solve(half, array_of(b)))


@implements("scipy.linalg.matmul_toeplitz")
def matmul_toeplitz(c_or_cr: Any, x: Any) -> Any:
    """The product of a Toeplitz matrix and a vector or matrix, in double precision."""
    given = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr,)
    return TABLE["scipy.linalg.toeplitz"](*map(_doubles, given)) @ _doubles(x)


def _doubles(x: Any) -> Any:
    return array_of(x).astype(float)


@implements("scipy.linalg.expm_frechet")
def expm_frechet(A: Any, E: Any, method: Any = None, compute_expm: bool = True) -> Any:
    """exp(A) and its derivative along E, by the exponential of a matrix of twice the size."""
    if method not in (None, "SPS", "blockEnlarge"):
        raise ValueError(f"Unknown implementation {method}")
    a, e = _doubles(A), _doubles(E)
    n = a.shape[0]
    top = np.concatenate([a, e], axis=1)
    made = TABLE["scipy.linalg.expm"](
        np.concatenate([top, np.concatenate([np.zeros((n, n)), a], axis=1)])
    )
    return (made[:n, :n], made[:n, n:]) if compute_expm else made[:n, n:]


@implements("scipy.linalg.pinvh")
def pinvh(a: Any, atol: Any = None, rtol: Any = None, lower: bool = True) -> Any:
    """The pseudo-inverse of a symmetric matrix."""
    a = array_of(a)
    matrix = a if lower else np.swapaxes(a, -1, -2)
    limit = max(a.shape) * float(np.finfo(float).eps) if rtol is None else rtol
    return np.linalg.pinv(matrix, rcond=limit, hermitian=True)


@implements("scipy.linalg.subspace_angles")
def subspace_angles(A: Any, B: Any) -> Any:
    """The angles between the ranges of two matrices of full rank, the largest first."""
    a, b = (np.linalg.qr(array_of(x))[0] for x in (A, B))
    product = a.T @ b
    cosines = np.linalg.svd(product, compute_uv=False)
    thin, rest = (b, a @ product) if a.shape[1] >= b.shape[1] else (a, b @ product.T)
    sines = np.clip(np.linalg.svd(thin - rest, compute_uv=False), -1.0, 1.0)
    small = cosines**2 >= 0.5
    by_sine = np.arcsin(np.where(small, sines[::-1], 0.0))
    return np.where(small, by_sine, np.arccos(np.where(small, 0.0, cosines)))[::-1]


@implements("scipy.linalg.signm")
def signm(A: Any) -> Any:
    """The sign of a matrix without eigenvalues on the imaginary axis: A (A^2)^(-1/2)."""
    a = array_of(A)
    return a @ np.linalg.inv(TABLE["scipy.linalg.sqrtm"](a @ a))
