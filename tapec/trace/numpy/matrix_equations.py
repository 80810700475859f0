"""Functions of matrices, and equations for matrices, of `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.ops.matrix_functions import EXPM, LOGM, SQRTM, SYLVESTER
from tapec.lazy import loaded
from tapec.trace.arrays.table import implements
from tapec.trace.numpy.declared import made_by
from tapec.trace.numpy.scipy_systems import array_of, square


@implements("scipy.linalg.expm")
def expm(A: Any) -> Any:
    """``scipy.linalg.expm``; of a number, a matrix of one element."""
    a = array_of(A)
    if a.ndim < 2 and a.size == 1:
        return np.exp(a).reshape(1, 1)
    if a.ndim < 2:
        raise np.linalg.LinAlgError("The input array must be at least two-dimensional")
    if a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return made_by(EXPM, a)


@implements("scipy.linalg.logm")
def logm(A: Any) -> Any:
    """``scipy.linalg.logm``, in double precision; LinAlgError where the logarithm is complex."""
    return made_by(LOGM, np.astype(square("logm", A), float))


@implements("scipy.linalg.sqrtm")
def sqrtm(A: Any) -> Any:
    """``scipy.linalg.sqrtm``; raises LinAlgError where the root is complex."""
    return made_by(SQRTM, square("sqrtm", A))


@implements("scipy.linalg.solve_sylvester")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """``scipy.linalg.solve_sylvester``: a x + x b = q."""
    a, b, q = map(array_of, (a, b, q))
    lead = np.broadcast_shapes(*(x.shape[:-2] for x in (a, b, q)))
    return made_by(SYLVESTER, *(np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (a, b, q)))


@implements("scipy.linalg.solve_continuous_lyapunov")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """``scipy.linalg.solve_continuous_lyapunov``: a x + x a^T = q."""
    a = square("solve_continuous_lyapunov", a)
    return solve_sylvester(a, np.swapaxes(a, -1, -2), q)


@implements("scipy.linalg.solve_discrete_lyapunov")
def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """``scipy.linalg.solve_discrete_lyapunov``: a x a^T - x + q = 0."""
    a, q = square("solve_discrete_lyapunov", a), array_of(q)
    n = a.shape[-1]
    method = method or ("direct" if n < 10 else "bilinear")  # as in SciPy
    if method.lower() not in ("direct", "bilinear"):
        raise ValueError(f"Unknown solver {method}")
    if method.lower() == "direct":
        pairs = a[..., :, None, :, None] * a[..., None, :, None, :]
        system = np.eye(n * n) - pairs.reshape(*a.shape[:-2], n * n, n * n)
        right = np.broadcast_to(q, a.shape).reshape(*a.shape[:-2], n * n, 1)
        return np.linalg.solve(system, right).reshape(a.shape)
    back = np.swapaxes(a, -1, -2)
    inverse = np.linalg.inv(back + np.eye(n))
    b = (back - np.eye(n)) @ inverse
    c = 2 * np.linalg.inv(a + np.eye(n)) @ q @ inverse
    return solve_continuous_lyapunov(np.swapaxes(b, -1, -2), -c)


@implements("scipy.linalg.solve_continuous_are")
def solve_continuous_are(a: Any, b: Any, q: Any, r: Any, balanced: bool = True) -> Any:
    """The stabilising solution of A^T X + X A - X B R^-1 B^T X + Q = 0."""
    return loaded("tapec.scipy.riccati").continuous(a, b, q, r)


@implements("scipy.linalg.solve_discrete_are")
def solve_discrete_are(a: Any, b: Any, q: Any, r: Any, balanced: bool = True) -> Any:
    """The stabilising solution of A^T X A - X - A^T X B (R + B^T X B)^-1 B^T X A + Q = 0."""
    return loaded("tapec.scipy.riccati").discrete(a, b, q, r)


@implements("scipy.linalg.eigh_tridiagonal")
def eigh_tridiagonal(d: Any, e: Any, eigvals_only: bool = False) -> Any:
    """Eigenvalues and eigenvectors of a symmetric tridiagonal matrix."""
    d, e = map(array_of, (d, e))
    matrix = np.diag(d) + np.diag(e, -1)
    found = np.linalg.eigh(matrix)
    return found[0] if eigvals_only else tuple(found)
