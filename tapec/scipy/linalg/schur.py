"""Schur forms of matrices and of pairs.

With A = Z T Z^H and dZ = Z W, where W is skew-Hermitian, dT = Z^H dA Z + T W - W T stays
triangular: that determines W below the diagonal (Magnus, On differentiating eigenvalues and
eigenvectors, 1985, treats its first column). Real forms have blocks of two rows for conjugate
eigenvalues, whose equal diagonal elements determine W within them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import linalg

from tapec.scipy.registry import refused, translates
from tapec.scipy.several import several, without_derivative
from tapec.trace.numpy.scipy_systems import square
from tapec.tree import is_complex

Array = np.ndarray[Any, Any]


def _adjoint(m: Any) -> Any:
    return np.conjugate(np.swapaxes(m, -1, -2))


def _square(name: str, a: Any) -> Any:
    return a if is_complex(a) else square(name, a)


# -- the equation for W ----------------------------------------------------------------------------


def _blocks(t: Array) -> list[slice]:
    """The diagonal blocks of a triangular matrix with blocks of one or two rows."""
    found, k = [], 0
    while k < len(t):
        size = 2 if k + 1 < len(t) and t[k + 1, k] != 0 else 1
        found.append(slice(k, k + size))
        k += size
    return found


def _commuting(t: Array, m: Array, adjoint: bool) -> Array:
    """X below the diagonal blocks with T X - X T = -M there, or the same for T^H."""
    t, m = np.asfortranarray(t), np.asarray(m, np.result_type(t, m))
    x = np.zeros(t.shape, m.dtype)
    (solve,) = linalg.get_lapack_funcs(("trsyl",), (t, m))
    side = ("C" if np.iscomplexobj(t) else "T") if adjoint else "N"
    blocks = _blocks(t)
    for block in reversed(blocks) if adjoint else blocks:
        rows, done = slice(block.stop, None), slice(None, block.start)
        if block.stop == len(t):
            continue
        known = (
            x[rows, rows] @ t[block, rows].conj().T if adjoint else x[rows, done] @ t[done, block]
        )
        right = known - m[rows, block]
        made, scale, near = solve(
            t[rows, rows], t[block, block], right, trana=side, tranb=side, isgn=-1
        )
        # Vectors of repeated eigenvalues are not determined.
        x[rows, block] = np.nan if near else made / scale
    return x


def _of_stack(t: Array, m: Array, adjoint: bool) -> tuple[Array]:
    found = np.empty(t.shape, np.result_type(t, m))
    for at in np.ndindex(t.shape[:-2]):
        found[at] = _commuting(t[at], m[at], adjoint)
    return (found,)


def commuting(t: Any, m: Any, adjoint: bool = False) -> Any:
    """W below the diagonal blocks of T, such that M + T W - W T is 0 there (or with T^H)."""

    def bracket(t: Any, x: Any) -> Any:
        t = _adjoint(t) if adjoint else t
        return t @ x - x @ t

    def tangents(given: Sequence[Any], moved: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        return [commuting(given[0], moved[1] + bracket(moved[0], made[0]), adjoint)]

    def cotangents(given: Sequence[Any], made: Sequence[Any], ct: Sequence[Any]) -> Sequence[Any]:
        x, y = made[0], commuting(given[0], ct[0], not adjoint)
        first, second = (x, _adjoint(y)) if adjoint else (y, _adjoint(x))
        return [first @ second - second @ first, y]

    kinds = [(is_complex(m), tuple(m.shape))]
    return several(
        lambda t, m: _of_stack(t, m, adjoint), [t, m], kinds, "commuting", tangents, cotangents
    )[0]


def _moved(t: Any, m: Any) -> tuple[Any, Any]:
    """dT and W, for M = Z^H dA Z."""
    low = commuting(t, m)
    w = low - _adjoint(low)
    dt = m + t @ w - w @ t
    n = t.shape[-1]
    if is_complex(t) or n < 2:
        return dt, w
    k = np.arange(n - 1)
    below, sums = t[..., k + 1, k], t[..., k + 1, k] + t[..., k, k + 1]
    uneven = dt[..., k + 1, k + 1] - dt[..., k, k]
    two = below != 0.0
    turn = np.where(two, uneven / np.where(two, 2.0 * sums, 1.0), 0.0)
    shift = np.eye(n, k=-1)[:, : n - 1]
    inner = shift @ (turn[..., :, None] * np.eye(n - 1, n))
    inner = inner - np.swapaxes(inner, -1, -2)
    return dt + t @ inner - inner @ t, w + inner


# -- Schur forms -----------------------------------------------------------------------------------


@translates(linalg.schur)
def _schur(a: Any, output: str = "real", sort: Any = None) -> Any:
    a = _square("schur", a)
    if output not in ("real", "complex", "r", "c"):
        raise ValueError("argument must be 'real', or 'complex'")
    if callable(sort):
        raise refused(
            "scipy.linalg.schur with a function sort=", "use 'lhp', 'rhp', 'iuc' or 'ouc'"
        )
    pair = bool(is_complex(a) or output[0] == "c")
    kinds = [(pair, tuple(a.shape)), (pair, tuple(a.shape))]
    sorts = [(False, tuple(a.shape[:-2]))] if sort is not None else []

    def values(a: Array) -> Sequence[Array]:
        return [np.asarray(r) for r in linalg.schur(a, output, sort=sort)]

    def tangents(given: Sequence[Any], moved: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        t, z = made[:2]
        dt, w = _moved(t, _adjoint(z) @ (moved[0] @ z))
        return [dt, z @ w, *(np.zeros(x.shape) for x in made[2:])]

    t, z, *counts = several(values, [a], kinds + sorts, "schur", tangents)
    return (t, z, *(c.astype(int) for c in counts))


@translates(linalg.rsf2csf)
def _rsf2csf(T: Any, Z: Any) -> Any:
    kinds = [(True, tuple(T.shape)), (True, tuple(Z.shape))]

    def tangents(given: Sequence[Any], moved: Sequence[Any], made: Sequence[Any]) -> Sequence[Any]:
        t, z = made
        u = np.linalg.solve(given[1], z)
        dt, w = _moved(t, _adjoint(u) @ (moved[0] @ u))
        return [dt, moved[1] @ u + z @ w]

    return tuple(several(linalg.rsf2csf, [T, Z], kinds, "rsf2csf", tangents))


# -- pairs of matrices -----------------------------------------------------------------------------


def _of_pair(real: Any, A: Any, B: Any, options: dict[str, Any], name: str) -> tuple[Any, ...]:
    """The values of a decomposition of a pair; their kinds are those for the identity."""
    a, b = _square(name, A), _square(name, B)
    n = a.shape[-1]
    some = np.eye(n, dtype=complex if is_complex(a) or is_complex(b) else float)
    kinds = [(np.iscomplexobj(r), (*a.shape[:-2], *r.shape)) for r in real(some, some, **options)]
    cure = "eigenvalues of the pair have derivatives: scipy.linalg.eig(a, b)"
    rule = without_derivative(f"scipy.linalg.{name}", cure)
    return tuple(several(lambda a, b: real(a, b, **options), [a, b], kinds, name, rule))


@translates(linalg.qz)
def _qz(A: Any, B: Any, output: str = "real") -> Any:
    return _of_pair(linalg.qz, A, B, {"output": output}, "qz")


@translates(linalg.ordqz)
def _ordqz(A: Any, B: Any, sort: Any = "lhp", output: str = "real") -> Any:
    return _of_pair(linalg.ordqz, A, B, {"sort": sort, "output": output}, "ordqz")
