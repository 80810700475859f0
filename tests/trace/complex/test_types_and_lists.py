"""Element types of results, nested lists, powers of zero and of negative numbers: those of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(1)
Z = RNG.normal(size=5) + 1j * RNG.normal(size=5)
A = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
H = A @ A.conj().T + 4 * np.eye(4)
X, R = np.array([-1.0, 2.0, -3.0, 0.0, -0.5]), np.array([0.5, -1.5, 2.0, 1.0, 0.0])

POWERS: list[Callable[[Any], Any]] = [
    lambda z: (-2.0) ** z,
    lambda z: 0.0**z,
    lambda z: z**z,
    lambda z: z**R,
    lambda z: (z * 0) ** R,
    lambda z: X**z,
    lambda z: np.array([1, -2, 3, 0, 4]) ** z,
    lambda z: np.array([1, 2, 3, 5, 4], np.float32) ** z,
    lambda z: (1 + 2j) ** z,
    lambda z: z[0] ** z[1],
    lambda z: np.float_power(-2.0, z),
]
LISTS: list[Callable[[Any], Any]] = [
    lambda z: np.exp([z, z]),
    lambda z: np.abs([z, 2 * z]),
    lambda z: np.angle([z[0], z[1]]),
    lambda z: np.linalg.norm([z[0], z[1]]),
    lambda z: np.add([z[0], 1], [z[1], 2]),
]
GRIDS: list[Callable[[Any], Any]] = [
    lambda z: np.ix_(z, np.arange(3)),
    lambda z: np.ix_([1, 2], z),
    lambda z: np.meshgrid(z, X),
    lambda z: np.meshgrid(z, np.arange(3)),
    lambda z: np.atleast_2d(z, X),
    lambda z: np.broadcast_arrays(z, X[:, None]),
    lambda z: np.atleast_1d(z),
]
MATRICES: list[Callable[[Any], Any]] = [
    np.linalg.det,
    np.linalg.cholesky,
    np.linalg.eigvalsh,
    np.linalg.slogdet,
    np.linalg.inv,
    lambda h: np.linalg.eigh(h)[0],
    lambda h: np.linalg.svd(h)[1],
    lambda h: np.roots(h[0]),
]


def several(made: Any) -> list[Any]:
    return list(made) if isinstance(made, (tuple, list)) else [made]


def compare(function: Callable[[Any], Any], z: Any) -> None:
    with np.errstate(all="ignore"):
        want = several(function(z))
    got = several(tapec.compile(lambda z: function(z))(z))
    for mine, theirs in zip(map(np.asarray, got), map(np.asarray, want), strict=True):
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
        if mine.ndim == 1:
            mine, theirs = np.sort(mine), np.sort(theirs)
        np.testing.assert_allclose(mine, theirs, rtol=5e-5 if z.dtype.itemsize == 8 else 1e-12)


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
@pytest.mark.parametrize("function", [*POWERS, *LISTS, *GRIDS])
def test_functions_of_vectors(function: Callable[[Any], Any], dtype: Any) -> None:
    compare(function, Z.astype(dtype))


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
@pytest.mark.parametrize("function", MATRICES)
def test_functions_of_matrices(function: Callable[[Any], Any], dtype: Any) -> None:
    compare(function, H.astype(dtype))


def test_slopes_by_a_negative_base() -> None:
    def size(base: Any, z: Any) -> Any:
        return np.sum(np.abs(base**z) ** 2)

    h = 1e-6
    slope = (size(-2.0 + h, Z) - size(-2.0 - h, Z)) / (2 * h)
    np.testing.assert_allclose(tapec.grad(size)(-2.0, Z), slope, rtol=1e-7)
