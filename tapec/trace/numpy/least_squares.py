"""Pseudo-inverses, least squares, ranks and condition numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.ops.pinv import PINV
from tapec.trace.arrays.operands import any_symbolic, as_array, as_tracer
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import implements
from tapec.trace.numpy.declared import made_by
from tapec.trace.numpy.matrices import mirrored
from tapec.trace.numpy.norm import norm
from tapec.trace.numpy.reduce import as_float
from tapec.trace.numpy.solve import square_matrix

UNSET: Any = getattr(np, "_NoValue", None)
# What NumPy returns, and SciPy too: x, sums of squares of residuals, rank, singular values.
Fit = tuple[Any, Any, Any, Any]


def known(name: str, number: Any) -> float:
    """A limit of singular values, which is known while tracing."""
    if any_symbolic(number) or np.ndim(number):
        raise UnsupportedOperation(
            f"np.linalg.{name}: the limit of singular values is no number known while tracing",
            where=user_line(),
            hint="pass a Python number",
        )
    return float(number)


def least(a: Any, factor: float) -> float:
    """What singular values are by default taken for zero below, relative to the largest."""
    return factor * float(np.finfo(as_float(a).dtype).eps)


@implements("linalg.pinv")
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = UNSET) -> Any:
    """``np.linalg.pinv``: by singular values; of the lower triangle where `hermitian`."""
    a = as_tracer(as_array(a))
    a = mirrored(a, True) if hermitian else a
    if rcond is not None and rtol is not UNSET:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None:
        rcond = 1e-15 if rtol is UNSET else rtol
    limit = least(a, max(a.shape[-2:])) if rcond is None else known("pinv", rcond)
    return made_by(PINV, a, rcond=limit)


@implements("linalg.lstsq")
def lstsq(a: Any, b: Any, rcond: Any = None) -> Fit:
    """``np.linalg.lstsq``; sums of residuals are NaN where the rank is less than the columns."""
    a, b = as_tracer(as_array(a)), as_tracer(as_array(b))
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise np.linalg.LinAlgError(
            f"{a.ndim}-dimensional array given. Array must be two-dimensional"
        )
    if a.shape[0] != b.shape[0]:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    limit = least(a, max(a.shape)) if rcond is None else max(known("lstsq", rcond), 0.0)
    x = made_by(PINV, a, rcond=limit) @ b
    values = np.linalg.svdvals(a)
    rank: Any = np.count_nonzero(values > limit * np.max(values, initial=0.0))
    return x, _residuals(a, b, x, rank), np.astype(rank, np.int32), values


def _residuals(a: Any, b: Any, x: Any, rank: Any) -> Any:
    rows, columns = a.shape
    if rows <= columns:
        return np.zeros(0, x.dtype)
    sums = np.atleast_1d(np.sum((a @ x - b) ** 2, axis=0))
    return np.where(rank == columns, sums, np.nan)


@implements("linalg.matrix_rank")
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """``np.linalg.matrix_rank``: how many singular values are above the limit."""
    if tol is not None and rtol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    a: Any = as_tracer(as_array(A))
    if a.ndim < 2:
        return np.any(a != 0).astype(int)
    values = np.linalg.svdvals(mirrored(a, True) if hermitian else a)
    if tol is None:
        rtol = least(a, max(a.shape[-2:])) if rtol is None else np.asarray(rtol)[..., None]
        tol = np.max(values, axis=-1, keepdims=True, initial=0.0) * rtol
    else:
        tol = tol[..., None] if np.ndim(tol) else tol
    return np.count_nonzero(values > tol, axis=-1)


@implements("linalg.cond")
def cond(x: Any, p: Any = None) -> Any:
    """``np.linalg.cond``: by singular values, or as the norm of the matrix times its inverse's."""
    x = as_tracer(as_array(x))
    if not all(x.shape[-2:]):
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p not in (None, 2, -2):
        return _by_inverse(square_matrix(x, "cond"), p)
    values = np.linalg.svdvals(x)
    high, low = values[..., 0], values[..., -1]
    if p == -2:
        return low / high
    nothing = (low == 0) & (high == 0)
    return np.where(nothing, np.inf, high / np.where(nothing, 1.0, low))


def _by_inverse(x: Any, p: Any) -> Any:
    """Infinite where elimination meets a pivot of zero."""
    singular = np.linalg.slogdet(x)[0] == 0
    safe = np.where(singular[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
    made = norm(x, p, (-2, -1)) * norm(np.linalg.inv(safe), p, (-2, -1))
    return np.where(singular, np.inf, made)
