"""Linear algebra of complex matrices by real ones of twice the size.

[[A, -B], [B, A]] stands for A + iB: sums, products and inverses of such matrices are those of the
complex ones (Golub and Van Loan, Matrix Computations, 4th ed., section 1.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import RULES, pair, rule, split
from tapec.trace.complex.elementary import conjugate
from tapec.tree import is_complex


def real_form(z: Any) -> Any:
    """The real matrix that stands for a complex one; a stack of them for a stack."""
    a, b = split(z)
    return np.concatenate(
        [np.concatenate([a, -b], axis=-1), np.concatenate([b, a], axis=-1)], axis=-2
    )


def complex_form(m: Any) -> Any:
    """The complex matrix that a real one stands for."""
    rows, columns = m.shape[-2] // 2, m.shape[-1] // 2
    return pair(+m[..., :rows, :columns], +m[..., rows:, :columns])


@rule("linalg.solve")
def solve(a: Any, b: Any) -> Any:
    """The solution of a linear system."""
    if not is_complex(a):
        return pair(np.linalg.solve(a, b.real), np.linalg.solve(a, b.imag))
    x, y = split(b)
    if not is_complex(b):
        y = np.zeros(np.shape(x))
    axis = -1 if np.ndim(x) == 1 else -2
    made = np.linalg.solve(real_form(a), np.concatenate([x, y], axis=axis))
    n = a.shape[-1]
    if axis == -1:
        return pair(+made[:n], +made[n:])
    return pair(+made[..., :n, :], +made[..., n:, :])


@rule("linalg.inv")
def inv(a: Any) -> Any:
    """The inverse."""
    return complex_form(np.linalg.inv(real_form(a)))


@rule("scipy.linalg.expm")
def expm(a: Any) -> Any:
    """The exponential: a series of sums and products, for which the real form stands."""
    return complex_form(TABLE["scipy.linalg.expm"](real_form(a)))


@rule("linalg.det")
def det(a: Any) -> Any:
    """The determinant, by elimination with the greatest pivot of each column."""
    a = +a
    n, kind, made = a.shape[-1], a.dtype, 1.0 + 0.0j
    for k in range(n):
        best = np.argmax(np.abs(a[..., k:, k]), axis=-1) + k
        a, moved = swapped(a, k, best)
        pivot = a[..., k, k]
        made = made * pivot * where_swapped(moved)
        if k < n - 1:
            factor = ratio(a[..., k + 1 :, k], pivot[..., None])
            rest = a[..., k + 1 :, k + 1 :] - factor[..., None] * a[..., k, k + 1 :][..., None, :]
            a = _bordered(a, rest, k)
    return RULES["astype"](made, kind)


def where_swapped(swapped: Any) -> Any:
    """The sign of an exchange of rows."""
    return np.where(swapped, -1.0, 1.0)


def ratio(x: Any, pivot: Any) -> Any:
    """x / pivot, and 0 where the pivot is: then the whole column is 0."""
    zero = pivot == 0
    return x / pair(np.where(zero, 1.0, pivot.real), pivot.imag)


def swapped(a: Any, k: int, best: Any) -> tuple[Any, Any]:
    """Rows k and `best` exchanged, and whether they differ."""
    rows = np.arange(a.shape[-2])
    column = best[..., None]
    order = np.where(rows == k, column, np.where(rows == column, k, rows))
    index = np.broadcast_to(order[..., None], a.shape)
    return np.take_along_axis(a, index, axis=-2), best != k


def _bordered(a: Any, rest: Any, k: int) -> Any:
    """The matrix with the part behind row and column k replaced."""
    below = np.concatenate([a[..., k + 1 :, : k + 1], rest], axis=-1)
    return np.concatenate([a[..., : k + 1, :], below], axis=-2)


@rule("linalg.slogdet")
def slogdet(a: Any) -> Any:
    """Sign and logarithm of the modulus of the determinant."""
    found = det(a)
    kind = type(np.linalg.slogdet(np.eye(1)))
    return kind(np.sign(found), np.log(np.abs(found)))


@rule("linalg.cholesky")
def cholesky(a: Any, *, upper: bool = False) -> Any:
    """The Cholesky factor of a Hermitian positive definite matrix, column by column."""
    a, n = hermitian(a, not upper), a.shape[-1]
    columns: list[Any] = []
    for j in range(n):
        column = a[..., j:, j]
        for k in range(j):
            row = columns[k]
            column = column - row[..., j - k :] * conjugate(row[..., j - k])[..., None]
        head = np.sqrt(column.real[..., 0])
        columns.append(pair(column.real / head[..., None], column.imag / head[..., None]))
    full = [_padded(c, n) for c in columns]
    made = pair(*(np.stack([getattr(c, p) for c in full], axis=-1) for p in ("real", "imag")))
    return conjugate(np.swapaxes(made, -1, -2)) if upper else made


def _padded(column: Any, n: int) -> Any:
    missing = np.zeros((*column.shape[:-1], n - column.shape[-1]), column.real.dtype)
    real = np.concatenate([missing, column.real], axis=-1)
    return pair(real, np.concatenate([missing, column.imag], axis=-1))


def hermitian(a: Any, lower: bool) -> Any:
    """The Hermitian matrix of which one triangle is given, whatever the rest holds."""
    x, y = (np.tril(part, -1) if lower else np.triu(part, 1) for part in (a.real, a.imag))
    diagonal = np.where(np.eye(a.shape[-1], dtype=bool), a.real, 0.0)
    return pair(x + np.swapaxes(x, -1, -2) + diagonal, y - np.swapaxes(y, -1, -2))


@rule("linalg.eigvalsh")
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a Hermitian matrix; the real matrix would have each of them twice."""
    return RULES["linalg.eigh"](a, UPLO)[0]


@rule("linalg.svdvals")
def svdvals(a: Any) -> Any:
    """The singular values; the real matrix would have each of them twice."""
    return np.linalg.svd(a, full_matrices=False)[1]
