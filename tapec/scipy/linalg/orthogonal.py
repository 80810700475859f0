"""Orthogonal factors: with pivoting, of rows, of ranges and null spaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import linalg

from tapec.errors import UnsupportedOperation
from tapec.scipy.registry import raises_unless, refused, translates
from tapec.scipy.several import several, without_derivative
from tapec.trace.arrays.session import where
from tapec.trace.numpy.scipy_systems import array_of, square

Array = np.ndarray[Any, Any]
_MODES = ("full", "qr", "r", "economic", "raw")


@translates(linalg.qr)
def _qr(a: Any, mode: str = "full", pivoting: bool = False) -> Any:
    if mode not in _MODES:
        raise ValueError(f"Mode argument should be one of {_MODES}")
    if mode == "raw":
        raise refused("scipy.linalg.qr with mode 'raw'", "use mode 'full', 'r' or 'economic'")
    a = array_of(a)
    order = _pivots(a) if pivoting else None
    if order is not None:
        a = np.take_along_axis(a, np.broadcast_to(order[..., None, :], a.shape), axis=-1)
    q, r = np.linalg.qr(a, "reduced" if mode == "economic" else "complete")
    last = () if order is None else (order,)
    return (r, *last) if mode == "r" else (q, r, *last)


def _pivots(a: Any) -> Any:
    """The order of columns that pivoting leads to, which stays what it is."""
    shape = (*a.shape[:-2], a.shape[-1])

    def values(a: Array) -> Sequence[Array]:
        return (linalg.qr(a, mode="r", pivoting=True)[1],)

    return several(values, [a], [(False, shape)], "qr", lambda *given: [np.zeros(shape)])[0].astype(
        int
    )


@translates(linalg.qr_multiply)
def _qr_multiply(
    a: Any, c: Any, mode: str = "right", pivoting: bool = False, conjugate: bool = False
) -> Any:
    if mode not in ("left", "right"):
        raise ValueError(f"Mode argument can only be 'left' or 'right' but not '{mode}'")
    a, c = np.atleast_2d(array_of(a)), array_of(c)
    q, *rest = _qr(a, "economic", pivoting)
    if c.shape[0 if mode == "left" else -1] != q.shape[1 if mode == "left" else 0]:
        raise ValueError(f"scipy.linalg.qr_multiply: shapes {a.shape} and {c.shape} do not fit")
    return (q @ c if mode == "left" else c @ q, *rest)


@translates(linalg.rq)
def _rq(a: Any, mode: str = "full") -> Any:
    """Rows and columns in reverse order make it a QR of the transpose."""
    if mode not in ("full", "r", "economic"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic']")
    a = array_of(a)
    q, r = np.linalg.qr(
        np.swapaxes(np.flip(a, (-2, -1)), -1, -2), "reduced" if mode == "economic" else "complete"
    )
    right, orthogonal = (np.flip(np.swapaxes(x, -1, -2), (-2, -1)) for x in (r, q))
    return right if mode == "r" else (right, orthogonal)


# -- ranges and null spaces ------------------------------------------------------------------------


def _rank_error(name: str, shape: tuple[int, ...]) -> UnsupportedOperation:
    """The error where a singular value counts as 0: the number of columns depends on that."""
    return UnsupportedOperation(
        f"scipy.linalg.{name}: the rank is less than {min(shape)}, so that the number of columns "
        "is known at run time only",
        where=where(),
        hint="take the vectors that are wanted from np.linalg.svd",
    )


@translates(linalg.orth)
def _orth(A: Any, rcond: Any = None) -> Any:
    a = array_of(A)
    u, s, _ = np.linalg.svd(a, full_matrices=False)
    limit = np.finfo(float).eps * max(a.shape) if rcond is None else rcond
    raises_unless(np.all(s > limit * np.max(s)), _rank_error("orth", a.shape))
    return u


@translates(linalg.null_space)
def _null_space(A: Any, rcond: Any = None) -> Any:
    """A basis N, whose derivative -A^+ dA N turns no vector within the null space."""
    a = array_of(A)
    m, n = a.shape
    count, error = n - min(m, n), _rank_error("null_space", a.shape)

    def values(a: Array) -> Sequence[Array]:
        made = linalg.null_space(a, rcond=rcond)
        if made.shape[1] != count:
            raise error
        return (made,)

    def tangents(given: Sequence[Any], moved: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        return [-np.linalg.pinv(given[0]) @ (moved[0] @ made[0])]

    return several(values, [a], [(False, (n, count))], "null_space", tangents)[0]


# -- cosines and sines -----------------------------------------------------------------------------


@translates(linalg.cossin)
def _cossin(
    X: Any, p: Any = None, q: Any = None, separate: bool = False, swap_sign: bool = False
) -> Any:
    if isinstance(X, tuple | list):
        p, q = X[0].shape
        X = np.concatenate([np.concatenate(X[:2], axis=1), np.concatenate(X[2:], axis=1)])
    x = square("cossin", X)

    def values(x: Array) -> list[Array]:
        made = linalg.cossin(x, p, q, separate, swap_sign)
        return [part for r in made for part in (r if isinstance(r, tuple) else (r,))]

    kinds = [(False, r.shape) for r in values(np.eye(x.shape[-1]))]
    cure = "singular values of the blocks have derivatives: np.linalg.svd"
    found = several(values, [x], kinds, "cossin", without_derivative("scipy.linalg.cossin", cure))
    if not separate:
        return tuple(found)
    return (found[0], found[1]), found[2], (found[3], found[4])
