"""Factors, pseudo-inverses and functions of complex matrices, against NumPy and differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as sl

import tapec

X = np.array([0.3, 1.2, -0.7, 2.1, 0.9, -1.4])


def vector(x: Any) -> Any:
    return x[:3] + 1j * x[3:]


def matrix(x: Any, columns: int = 3) -> Any:
    return (np.exp(1j * np.outer(x[:3], x[3:])) + 2.0 * np.eye(3))[:, :columns]


def hermitian(x: Any) -> Any:
    return matrix(x) + matrix(x).conj().T


def definite(x: Any) -> Any:
    return matrix(x) @ matrix(x).conj().T + np.eye(3)


CASES: dict[str, Callable[[Any], Any]] = {
    "qr": lambda x: np.concatenate(np.linalg.qr(matrix(x))),
    "qr of columns": lambda x: np.linalg.qr(matrix(x, 2))[1],
    "qr of rows": lambda x: np.linalg.qr(matrix(x).T[:2])[1],
    "qr complete": lambda x: np.linalg.qr(matrix(x, 2), mode="complete")[0],
    "qr of a stack": lambda x: np.linalg.qr(np.stack([matrix(x), matrix(-x)]), mode="r"),
    "pinv": lambda x: np.linalg.pinv(matrix(x, 2)),
    "scipy pinv": lambda x: sl.pinv(matrix(x).T[:2]),
    "lstsq": lambda x: np.linalg.lstsq(matrix(x, 2), vector(x), rcond=None)[0],
    "residuals": lambda x: np.linalg.lstsq(matrix(x, 2), vector(x), rcond=None)[1],
    "values of lstsq": lambda x: np.linalg.lstsq(matrix(x, 2), x[:3], rcond=None)[3],
    "cond": lambda x: np.linalg.cond(matrix(x)),
    "cond 1": lambda x: np.linalg.cond(matrix(x), 1),
    "rank": lambda x: np.linalg.matrix_rank(matrix(x)) * x[0],
    "lu": lambda x: np.concatenate(sl.lu(matrix(x[::-1]))),
    "permuted": lambda x: np.concatenate(sl.lu(matrix(x), permute_l=True)),
    "lu_solve": lambda x: sl.lu_solve(sl.lu_factor(matrix(x[::-1])), vector(x)),
    "transposed lu_solve": lambda x: sl.lu_solve(sl.lu_factor(matrix(x)), vector(x), trans=2),
    "pivots": lambda x: sl.lu_factor(matrix(x[::-1]))[1] * x[0],
    "triangular": lambda x: sl.solve_triangular(matrix(x), vector(x), lower=True),
    "triangular C": lambda x: sl.solve_triangular(matrix(x), vector(x), "C", unit_diagonal=True),
    "cho_solve": lambda x: sl.cho_solve(sl.cho_factor(definite(x), lower=True), vector(x)),
    "cho_solve upper": lambda x: sl.cho_solve(sl.cho_factor(definite(x)), x[:3]),
    "solve": lambda x: sl.solve(matrix(x), vector(x)),
    "solve her": lambda x: sl.solve(np.triu(hermitian(x)), vector(x), assume_a="her"),
    "eigvalsh": lambda x: sl.eigvalsh(hermitian(x)),
    "svdvals": lambda x: sl.svdvals(matrix(x)),
    "sqrtm": lambda x: sl.sqrtm(matrix(x)),
    "logm": lambda x: sl.logm(matrix(x)),
    "sylvester": lambda x: sl.solve_sylvester(matrix(x), np.eye(3), matrix(x).T),
    "toeplitz": lambda x: sl.toeplitz(vector(x)),
    "cov": lambda x: np.cov(matrix(x), matrix(-x)),
    "corrcoef": lambda x: np.corrcoef(matrix(x)),
    "max": lambda x: np.max(matrix(x), axis=0),
    "min": lambda x: matrix(x).min(axis=(0, 1), keepdims=True),
    "argmax": lambda x: np.argmax(matrix(x), axis=1) * x[0],
    "maximum": lambda x: np.maximum(vector(x), np.minimum(1.0, vector(x)[::-1])),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name: str) -> None:
    f = CASES[name]
    want = f(X)
    found = tapec.compile(f, backend="numpy")(X)
    assert found.dtype == want.dtype
    np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-12)
    direction, h = np.cos(np.arange(6.0)), 1e-5
    slope = (f(X + h * direction) - f(X - h * direction)) / (2 * h)
    moved = tapec.jvp(f, (X,), (direction,))[1]
    np.testing.assert_allclose(moved, slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("function", [np.max, np.min, np.argmax, np.argmin])
def test_extremes_of_ties_and_nan(function: Any) -> None:
    for z in ([1 + 1j, 1 + 2j, 1 + 2j, 0], [1, np.nan + 1j, 3, 1j * np.nan], [-0.0, 0.0, 1j, 1j]):
        a, b = np.real(z), np.imag(z)
        f = lambda a, b: function(a + 1j * b)  # noqa: E731
        np.testing.assert_equal(tapec.compile(f, backend="numpy")(a, b), f(a, b))


class Holder:
    def __init__(self) -> None:
        self.turn = np.exp(1j * np.arange(3.0))
        self.more = [np.array([1j, 2.0, 3.0])]

    def __call__(self, x: Any) -> Any:
        return np.abs(self.turn * x + self.more[0]).sum() + np.vdot(self.more[0], x).imag


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_complex_arrays_of_objects_are_read_as_they_are_now(backend: Any) -> None:
    f, x = Holder(), np.array([0.5, -1.0, 2.0])
    kernel = tapec.compile(f, backend=backend)
    for _ in range(3):
        np.testing.assert_allclose(kernel(x), f(x), rtol=1e-14)
        np.testing.assert_allclose(tapec.grad(kernel)(x) @ x, tapec.jvp(f, (x,), (x,))[1])
        f.turn[0] += 1.0
        f.more[0] = f.more[0] * 1j
