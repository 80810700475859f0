"""Pseudo-inverses, roots, equations and spectra of complex matrices.

Real matrices of twice the size stand for them (see `linear`) in everything that sums, products,
inverses and adjoints define: the real form of the result is the result of the real forms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import RULES, both, pair, rule, split
from tapec.trace.complex.linear import complex_form, real_form
from tapec.trace.numpy.least_squares import UNSET
from tapec.tree import is_complex


def _form(a: Any) -> Any:
    return real_form(a if is_complex(a) else pair(a, 0.0 * a))


@rule("linalg.pinv")
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = UNSET) -> Any:
    """The pseudo-inverse."""
    return complex_form(np.linalg.pinv(_form(a), rcond, hermitian, **_limit(rtol)))


def _limit(rtol: Any) -> dict[str, Any]:
    return {} if rtol is UNSET else {"rtol": rtol}


@rule("scipy.linalg.pinv")
def scipy_pinv(a: Any, *, rtol: Any = None) -> Any:
    """The pseudo-inverse, with a limit relative to the largest singular value."""
    kind = np.finfo(a.real.dtype)
    return pinv(a, max(a.shape[-2:]) * kind.eps if rtol is None else rtol)


@rule("linalg.lstsq")
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Least squares: those of the real and the imaginary parts together."""
    limit = np.finfo(a.real.dtype).eps * max(a.shape) if rcond is None else rcond
    x, y = split(b)
    y = y if is_complex(b) else 0.0 * x
    made, sums, rank, values = np.linalg.lstsq(_form(a), np.concatenate([x, y]), limit)
    n = a.shape[-1]
    if a.shape[0] <= n:
        sums = np.zeros(0, made.dtype)
    return pair(+made[:n], +made[n:]), sums, rank // 2, +values[::2]


@rule("scipy.linalg.lstsq")
def scipy_lstsq(a: Any, b: Any, cond: Any = None) -> Any:
    """Least squares, as SciPy gives them."""
    limit = np.finfo(a.real.dtype).eps if cond is None else cond
    x, sums, rank, values = lstsq(a, b, limit)
    return x, sums[0] if np.ndim(b) == 1 and sums.size else sums, np.astype(rank, int), values


@rule("linalg.cond")
def cond(x: Any, p: Any = None) -> Any:
    """By singular values, or as the norm of the matrix times its inverse's."""
    if p not in (None, 2, -2):
        axes = (-2, -1)
        return np.linalg.norm(x, p, axes) * np.linalg.norm(np.linalg.inv(x), p, axes)
    values = RULES["linalg.svdvals"](x)
    high, low = values[..., 0], values[..., -1]
    return low / high if p == -2 else high / low


@rule("linalg.matrix_rank")
def matrix_rank(A: Any, tol: Any = None, *, rtol: Any = None) -> Any:
    """The number of singular values above a limit: a step, without a derivative."""
    values = RULES["linalg.svdvals"](A)
    if tol is None:
        share = max(A.shape[-2:]) * np.finfo(values.dtype).eps if rtol is None else rtol
        tol = np.max(values, axis=-1, keepdims=True) * share
    return np.count_nonzero(values > tol, axis=-1)


def _of_real_forms(name: str) -> None:
    def function(*matrices: Any) -> Any:
        return complex_form(TABLE[name](*map(_form, matrices)))

    RULES[name] = function


for _name in ("sqrtm", "logm", "solve_sylvester"):
    _of_real_forms(f"scipy.linalg.{_name}")


@rule("scipy.linalg.inv")
def inv(a: Any) -> Any:
    """The inverse."""
    return np.linalg.inv(a)


@rule("scipy.linalg.det")
def det(a: Any) -> Any:
    """The determinant."""
    return np.linalg.det(a)


@rule("scipy.linalg.norm")
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norms of vectors and matrices."""
    return np.linalg.norm(a, ord, axis, keepdims)


@rule("scipy.linalg.svdvals")
def svdvals(a: Any) -> Any:
    """Singular values."""
    return RULES["linalg.svdvals"](a)


@rule("scipy.linalg.svd")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition."""
    made = RULES["linalg.svd"](a, full_matrices, compute_uv)
    return tuple(made) if compute_uv else made


@rule("scipy.linalg.eigh")
def eigh(a: Any, *, lower: bool = True, eigvals_only: bool = False) -> Any:
    """Eigenvalues and eigenvectors of a Hermitian matrix."""
    values, vectors = RULES["linalg.eigh"](a, "L" if lower else "U")
    return values if eigvals_only else (values, vectors)


@rule("scipy.linalg.eigvalsh")
def eigvalsh(a: Any, *, lower: bool = True) -> Any:
    """Eigenvalues of a Hermitian matrix."""
    return eigh(a, lower=lower, eigvals_only=True)


@rule("scipy.linalg.toeplitz")
def toeplitz(c: Any, r: Any = None) -> Any:
    """Constant along diagonals; the row is the conjugate of the column unless it is given."""
    (a, b), (x, y) = split(c), split(c if r is None else r)
    function = TABLE["scipy.linalg.toeplitz"]
    return pair(function(a, x), function(0.0 * a + b, -(0.0 * x + y) if r is None else 0.0 * x + y))


@rule("scipy.linalg.circulant")
def circulant(c: Any) -> Any:
    """Every column is the one before, turned by a place."""
    return both(TABLE["scipy.linalg.circulant"], c)
