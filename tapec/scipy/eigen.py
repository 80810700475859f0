"""Eigenvalues and singular vectors that are complex: LAPACK by a call, derivatives in NumPy.

Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation,
2008; Wan and Zhang, Automatic differentiation for complex valued SVD, 2019. Vectors are determined
up to a phase: those of `eig` have LAPACK's (norm 1, the largest component real), those of `eigh`
and `svd` any, so that only what does not depend on it has derivatives with a meaning. Vectors of
repeated values have NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.scipy.calls import called
from tapec.scipy.registry import floats
from tapec.tree import is_complex

Array = np.ndarray[Any, Any]


def _parts(z: Any) -> list[Any]:
    """The real and, where there is one, the imaginary part."""
    return [floats(z.real), floats(z.imag)] if is_complex(z) else [floats(z)]


def _whole(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]


def _decomposed(
    a: Any,
    values: Callable[[Array], Sequence[Array]],
    kinds: Sequence[tuple[bool, tuple[int, ...]]],
    tangents: Callable[[Any, Any, Sequence[Any]], Sequence[Any]],
    name: str,
) -> list[Any]:
    """Several results, of which `kinds` says whether they are complex, and their shapes.

    `tangents(a, da, results)` are those of the results.
    """
    sizes = [int(np.prod(shape, dtype=int)) for _, shape in kinds]

    def flat(results: Sequence[Any]) -> Any:
        found = []
        for (is_pair, _), r in zip(kinds, results, strict=True):
            found += [np.ravel(r.real), np.ravel(r.imag)] if is_pair else [np.ravel(r)]
        return np.concatenate(found)

    def parted(made: Any) -> list[Any]:
        found, start = [], 0
        for (is_pair, shape), size in zip(kinds, sizes, strict=True):
            parts = [
                made[start + k * size : start + (k + 1) * size].reshape(shape)
                for k in range(1 + is_pair)
            ]
            found.append(_whole(parts))
            start += size * (1 + is_pair)
        return found

    def run(*parts: Array) -> Array:
        results = values(_whole(parts))
        made: Array = flat([r + 0j if k[0] else r for r, k in zip(results, kinds, strict=True)])
        return made

    def forward(operands: Sequence[Any], result: Any, moved: Sequence[Any]) -> Any:
        given = [np.zeros_like(x) if t is None else t for x, t in zip(operands, moved, strict=True)]
        return flat(tangents(_whole(operands), _whole(given), parted(result)))

    count = sum(size * (1 + k[0]) for size, k in zip(sizes, kinds, strict=True))
    return parted(called(run, _parts(a), count, name, forward))


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

    def tangents(a: Any, da: Any, results: Sequence[Any]) -> Sequence[Any]:
        _, v = eig(a)
        return [_diagonal(np.linalg.solve(v, da @ v))]

    kinds = [(True, (*lead, n))]
    return _decomposed(a, lambda a: _eig(a)[:1], kinds, tangents, "eigvals")[0]


def eig(a: Any) -> tuple[Any, Any]:
    """Eigenvalues and right eigenvectors, complex in any case."""
    *lead, n, _ = _square(a)
    kinds = [(True, (*lead, n)), (True, (*lead, n, n))]
    w, v = _decomposed(a, _eig, kinds, _of_eig, "eig")
    return w, v


def _of_eig(a: Any, da: Any, results: Sequence[Any]) -> Sequence[Any]:
    """dw = diag(X) and dV = V (X / (w_j - w_i)) with X = V^-1 dA V, then norms and phases."""
    w, v = results
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
    w, v = _decomposed(
        a, lambda a: tuple(np.linalg.eigh(a, "L" if lower else "U")), kinds, _of_eigh, "eigh"
    )
    return w, v


def _of_eigh(a: Any, da: Any, results: Sequence[Any]) -> Sequence[Any]:
    w, v = results
    x = _adjoint(v) @ (da @ v)
    return [_diagonal(x).real, v @ _over(x, w[..., None, :] - w[..., :, None], np.abs(w))]


# -- singular values -------------------------------------------------------------------------------


def svd(a: Any) -> tuple[Any, Any, Any]:
    """The thin decomposition U S V^H of a complex matrix."""
    *lead, m, n = a.shape
    k = min(m, n)
    kinds = [(True, (*lead, m, k)), (False, (*lead, k)), (True, (*lead, k, n))]
    u, s, vh = _decomposed(
        a, lambda a: tuple(np.linalg.svd(a, full_matrices=False)), kinds, _of_svd, "svd"
    )
    return u, s, vh


def _of_svd(a: Any, da: Any, results: Sequence[Any]) -> Sequence[Any]:
    u, s, vh = results
    k, v = s.shape[-1], _adjoint(vh)
    row, column = s[..., None, :], s[..., :, None]
    p = _adjoint(u) @ (da @ v)
    moved, back = (_over(m, row - column, s) / (row + column + np.eye(k)) for m in (p, _adjoint(p)))
    turn = np.eye(k) * (0.5j * _diagonal(p).imag / s)[..., None, :]
    du = u @ (moved * row + back * column + turn)
    dv = v @ (moved * column + back * row - turn)
    if u.shape[-2] > k:
        rest = da @ v
        du = du + (rest - u @ (_adjoint(u) @ rest)) / row
    if v.shape[-2] > k:
        rest = _adjoint(da) @ u
        dv = dv + (rest - v @ (_adjoint(v) @ rest)) / row
    return [du, _diagonal(p).real, _adjoint(dv)]
