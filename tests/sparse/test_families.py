"""Sparse derivatives through every family of functions: spectra, factors, tables, special ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from scipy.interpolate import CubicSpline
from scipy.signal import lfilter
from scipy.special import expit, gammaln, logsumexp, ndtr
from support.sampling import sampled

import tapec
from tapec.errors import SparsityError

N = 8
X = np.linspace(0.25, 1.65, N)
Array = Any
Step = Callable[[Array], Array]

MATRIX = np.array([[2.0, 0.3], [0.1, 1.5]])
NEAR = sp.csr_array(np.diag(np.ones(N)) + np.diag(np.full(N - 2, 0.5), 2))
PLACES = np.array([5, 1, 1, 7, 0, 3, 3, 2])
SPLINE = CubicSpline(np.linspace(-9.0, 9.0, 12), np.cos(np.arange(12.0)))


def squares(y: Array) -> Array:
    """Two positive definite matrices of 2 x 2."""
    a = y.reshape(2, 2, 2)
    return a @ np.swapaxes(a, 1, 2) + 2.0 * np.eye(2)


def counted(y: Array) -> Array:
    return np.bincount(PLACES, weights=y * y[0], minlength=N)


def scattered(y: Array) -> Array:
    z = np.zeros(N)
    z[PLACES[[0, 3, 4]]] = y[:3] ** 2
    np.maximum.at(z, PLACES[:2], y[3:5])
    return z + y[PLACES]


def narrowed(y: Array) -> Array:
    return np.tile((np.outer(y, y) + np.sin(y))[PLACES[:4]][:, 2:4].sum(axis=1), 2)


def turned(y: Array) -> Array:
    z = np.exp(1j * y) * (1.0 + 0.5j)
    return np.abs(z + np.roll(z, 1)) + (z * np.conj(z[::-1])).imag


def factors(y: Array) -> Array:
    return np.linalg.cholesky(squares(y)).reshape(-1)


def solved(y: Array) -> Array:
    return np.linalg.solve(squares(y), y.reshape(2, 2, 2)).reshape(-1)


FAMILIES: list[Step] = [
    counted,
    scattered,
    narrowed,
    turned,
    factors,
    solved,
    lambda y: np.fft.irfft(np.fft.rfft(y) * np.exp(-np.arange(5.0)), N),
    lambda y: np.tile(np.abs(np.fft.fft(y.reshape(2, 4), axis=1))[:, :2].reshape(-1), 2),
    lambda y: np.repeat(np.linalg.eigvalsh(squares(y)).reshape(-1), 2),
    lambda y: np.repeat(np.linalg.slogdet(squares(y))[1], 4) * y,
    lambda y: scipy.linalg.solve_triangular(MATRIX, y.reshape(2, 4), lower=True).reshape(-1),
    lambda y: scipy.linalg.expm(0.1 * squares(y)).reshape(-1),
    lambda y: NEAR @ (y * y),
    lambda y: np.interp(y, [-3.0, 0.2, 0.9, 4.0], [0.0, 1.0, 0.4, 2.0]) * y,
    lambda y: SPLINE(y) + y[::-1],
    lambda y: lfilter([1.0, 0.5], [1.0, -0.2], y),
    lambda y: gammaln(1.0 + y**2) * expit(np.roll(y, 2)) + ndtr(y),
    lambda y: np.repeat(logsumexp(y.reshape(4, 2), axis=1), 2),
    lambda y: np.cumprod(1.0 + 0.1 * y) * np.sort(y),
    lambda y: np.convolve(y, [1.0, -2.0, 1.0], mode="same"),
    lambda y: np.einsum("ij,kj->ik", y.reshape(4, 2), y.reshape(4, 2))[:2].reshape(-1),
    lambda y: np.linalg.norm(y.reshape(4, 2), axis=1).repeat(2) * y,
    lambda y: np.pad(np.diff(y, n=2), (1, 1), mode="edge") * y,
]


def check(f: Step) -> None:
    dense = tapec.jacobian(f)(X)
    for options in ({}, {"mode": "fwd", "format": "csc"}, {"mode": "rev"}, {"route": "direct"}):
        with contextlib.suppress(*((SparsityError,) if "route" in options else ())):
            found = tapec.jacobian(f, sparse=True, **options)(X)
            np.testing.assert_allclose(found.toarray(), dense, rtol=1e-10, atol=1e-11)

    def total(x: Array) -> Array:
        return np.sum(np.sin(f(x)))

    found = tapec.hessian(total, sparse=True)(X)
    dense = tapec.hessian(total)(X)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("k", sampled(range(len(FAMILIES)), 8))
def test_each(k: int) -> None:
    check(FAMILIES[k])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_after_each_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (FAMILIES[k] for k in rng.integers(0, len(FAMILIES), 2))
    check(lambda x: second(first(x)))
