"""Functions of matrices that users give, powers that are no integers, condition numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from tapec.scipy.registry import floats, is_traced, raises_unless, translates
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.scipy_systems import square
from tapec.tree import is_complex


def _function_of(a: Any, function: Callable[[Any], Any]) -> Any:
    """V f(w) V^-1 by eigenvalues w and vectors V, real for a real matrix where that is right."""
    w, v = np.linalg.eig(a)
    made = (v * function(w)[..., None, :]) @ np.linalg.inv(v)
    if is_complex(a):
        return made
    small = 1e3 * np.finfo(float).eps * np.max(np.abs(made.real))
    raises_unless(
        np.max(np.abs(made.imag)) <= np.maximum(small, 1e-9),
        np.linalg.LinAlgError("scipy.linalg: the function of a real matrix is complex here"),
    )
    return made.real


@translates(linalg.funm)
def _funm(A: Any, func: Callable[[Any], Any], disp: bool = True) -> Any:
    """By eigenvalues: matrices without a basis of eigenvectors have no value."""
    made = _function_of(A if is_complex(A) else square("funm", A), func)
    return made if disp else (made, np.zeros(made.shape[:-2]))


@translates(linalg.fractional_matrix_power)
def _fractional_matrix_power(A: Any, t: Any) -> Any:
    """exp(t log A); integers by products."""
    if not is_traced(t) and float(t) == int(t):
        return np.linalg.matrix_power(square("fractional_matrix_power", A), int(t))
    # SciPy's logarithm draws random numbers, which a program does when it runs: A is traced too.
    a = floats(square("fractional_matrix_power", A)) + 0.0 * t
    return TABLE["scipy.linalg.expm"](t * TABLE["scipy.linalg.logm"](a))


@translates(linalg.expm_cond)
def _expm_cond(A: Any) -> Any:
    """The norm of the derivative of exp at A, times |A| / |exp A| (Frobenius norms)."""
    a = floats(square("expm_cond", A))
    n = a.shape[-1]
    steps = np.eye(n * n).reshape(n * n, n, n)
    rows = np.broadcast_to(a, (n * n, n, n))
    top = np.concatenate([rows, steps], axis=-1)
    whole = np.concatenate([top, np.concatenate([np.zeros((n * n, n, n)), rows], axis=-1)], axis=-2)
    made = TABLE["scipy.linalg.expm"](whole)
    derivative = made[:, :n, n:].reshape(n * n, n * n)
    size = np.linalg.norm(a) / np.linalg.norm(made[0, :n, :n])
    return np.linalg.norm(derivative, 2) * size
