"""Eigenvalues of general matrices, and what has complex results: `eig`, `roots`, `poly`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.lazy import loaded
from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.complex.array import RULES, pair, rule
from tapec.trace.complex.linear import hermitian, svdvals
from tapec.tree import is_complex


def _rules() -> Any:
    # Their derivatives are traced, so they stand above tracing and derivatives.
    return loaded("tapec.scipy.eigen")


def _matrix(a: Any) -> Any:
    a = as_array(a)
    return a if is_complex(a) else as_tracer(a)


@rule("linalg.eig")
@implements("linalg.eig")
def eig(a: Any) -> Any:
    """Eigenvalues and eigenvectors, complex also where all eigenvalues are real."""
    a = _matrix(a)
    return type(np.linalg.eig(np.eye(1)))(*(_as_exact_as(a, x) for x in _rules().eig(a)))


@rule("linalg.eigvals")
@implements("linalg.eigvals")
def eigvals(a: Any) -> Any:
    """Eigenvalues, complex also where all of them are real."""
    a = _matrix(a)
    return _as_exact_as(a, _rules().eigvals(a))


def _as_exact_as(a: Any, z: Any) -> Any:
    """A result in the precision of an argument."""
    if a.dtype not in (np.float32, np.complex64):
        return z
    return z.astype(np.complex64 if is_complex(z) else np.float32)


@rule("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of a Hermitian matrix."""
    lower = UPLO.upper() == "L"
    made = _rules().eigh(hermitian(a, lower), lower)
    return type(np.linalg.eigh(np.eye(1)))(*(_as_exact_as(a, x) for x in made))


@rule("linalg.svd")
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """The singular value decomposition; full matrices only where they are no larger."""
    if not compute_uv:
        return svdvals(a)
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise UnsupportedOperation(
            "all singular vectors of a complex matrix that is not square",
            where=where(),
            hint="those of singular values are known: np.linalg.svd(a, full_matrices=False)",
        )
    return type(np.linalg.svd(np.eye(1)))(*(_as_exact_as(a, x) for x in _rules().svd(a)))


def _scipy_eig(
    a: Any, b: Any = None, left: bool = False, right: bool = True, homogeneous_eigvals: bool = False
) -> Any:
    if left or homogeneous_eigvals:
        raise UnsupportedOperation(
            "scipy.linalg.eig with left= or homogeneous_eigvals=", where=where(),
            hint="left eigenvectors are those of a.T",
        )  # fmt: skip
    a = _matrix(a) if b is None else np.linalg.solve(_matrix(b), _matrix(a))
    return tuple(eig(a)) if right else eigvals(a)


def _scipy_eigvals(a: Any, b: Any = None) -> Any:
    return _scipy_eig(a, b, right=False)


TABLE["scipy.linalg.eig"] = RULES["scipy.linalg.eig"] = _scipy_eig
TABLE["scipy.linalg.eigvals"] = RULES["scipy.linalg.eigvals"] = _scipy_eigvals


# -- polynomials -----------------------------------------------------------------------------------


@rule("roots")
@implements("roots")
def roots(p: Any) -> Any:
    """The roots of a polynomial whose first coefficient is not 0, complex in any case."""
    p = _matrix(p)
    if len(p.shape) != 1:
        raise ValueError("Input must be a rank-1 array.")
    n = p.shape[0] - 1
    if n < 1:
        return pair(np.zeros(0), np.zeros(0))
    top = (-p[1:] / p[0])[None]
    return eigvals(np.concatenate([top, np.eye(n, dtype=top.real.dtype)[:-1]]))


@rule("poly")
@implements("poly")
def poly(seq_of_zeros: Any) -> Any:
    """The coefficients of the polynomial with these roots, or of the characteristic one."""
    zeros = _matrix(seq_of_zeros)
    if len(zeros.shape) == 2:
        made = poly(eigvals(zeros))
        return made if is_complex(zeros) else made.real
    zeros = zeros * 1.0 if zeros.dtype.kind in "biu" else zeros
    zero = np.zeros(1, zeros.dtype)
    made = np.ones(1, zeros.dtype)
    for k in range(zeros.shape[0]):
        made = np.concatenate([made, zero]) - np.concatenate([zero, made * zeros[k]])
    return made


@rule("sort_complex")
def sort_complex(a: Any) -> Any:
    """Sorted by real parts, then by imaginary ones."""
    return sort(a)


@rule("sort")
def sort(a: Any, axis: int = -1) -> Any:
    """By real parts, then by imaginary ones."""
    order = np.lexsort((a.imag, a.real), axis=axis)
    return np.take_along_axis(a, order, axis=axis)


@rule("vander")
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Powers of `x` as columns."""
    n = x.shape[0] if N is None else int(N)
    powers = [x * 0.0 + 1.0]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    return np.stack(powers if increasing else powers[::-1], axis=1)
