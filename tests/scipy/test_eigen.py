"""Eigenvalues and vectors that are complex, roots of polynomials, Riccati equations, cmath."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg
from support.sampling import sampled
from support.scipy_cases import check

import tapec

RNG = np.random.default_rng(11)
A, B = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))
TALL, WIDE = RNG.normal(size=(2, 5, 3))
Q = B @ B.T + np.eye(4)
POWERS = np.arange(4.0)


def hermitian(x: Any) -> Any:
    m = A + 1j * x[0] * B
    return m + m.conj().T


CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "moduli": (lambda a: np.sum(np.abs(np.linalg.eigvals(a)) ** 2), A),
    "spectral radius": (lambda a: np.max(np.abs(np.linalg.eigvals(a))), A),
    "abscissa": (lambda a: np.max(np.linalg.eig(a)[0].real), A),
    "trace": (lambda a: np.sum(np.linalg.eigvals(a)).real, A),
    "product": (lambda a: np.prod(np.linalg.eigvals(a)).real, A),
    "stack": (lambda a: np.linalg.eigvals(np.stack([a, a + B])).imag ** 2, A),
    "projectors": (lambda a: (lambda w, v: (v * w**2) @ np.linalg.inv(v))(*np.linalg.eig(a)).real, A),
    "vectors": (lambda a: np.abs(np.linalg.eig(a)[1]), A),
    "phases": (lambda a: np.linalg.eig(a)[1].imag ** 2, A),
    "complex matrix": (lambda x: np.abs(np.linalg.eigvals(A + 1j * x[0] * B)), [0.7]),
    "scipy": (lambda a: np.sum(np.abs(linalg.eigvals(a, Q))), A),
    "scipy vectors": (lambda a: np.abs(linalg.eig(a)[1]), A),
    "hermitian": (lambda x: np.linalg.eigh(hermitian(x))[0], [0.7]),
    "hermitian vectors": (lambda x: np.abs(np.linalg.eigh(hermitian(x))[1]), [0.7]),
    "propagator": (
        lambda x: (lambda w, v: (v * np.exp(-1j * w)) @ v.conj().T)(
            *np.linalg.eigh(hermitian(x))).real, [0.7],
    ),
    "svd": (
        lambda x: (lambda u, s, v: (u * s**2) @ v)(
            *np.linalg.svd(TALL + 1j * x[0] * WIDE, full_matrices=False)).real, [0.7],
    ),
    "svd wide": (
        lambda x: np.abs(np.linalg.svd(TALL.T + 1j * x[0] * WIDE.T, full_matrices=False)[2]), [0.7],
    ),
    "roots": (lambda p: np.sum(np.abs(np.roots(p)) ** 2), [1.0, 0.4, -0.3, 1.2]),
    "real roots": (lambda p: np.sort(np.roots(p).real), [1.0, -6.0, 11.0, -6.0]),
    "poly": (lambda r: np.poly(r), [0.3, -1.0, 2.0]),
    "characteristic": (lambda a: np.poly(a), A),
    "polyfit": (lambda y: np.polyfit(POWERS, y, 2), [0.3, -1.0, 2.0, 0.1]),
    "polyfit weights": (lambda y: np.polyfit(POWERS, y, 1, w=POWERS + 1.0), [0.3, -1.0, 2.0, 0.1]),
    "polyfit points": (lambda x: np.polyfit(x, POWERS, 2), [0.3, -1.0, 2.0, 0.1]),
    "sort": (lambda x: np.sort(x + 1j * x**2).imag, [0.3, -1.0, 2.0]),
    "vander": (lambda x: np.vander(1j * x, 3).real, [0.3, -1.0, 2.0]),
    "tridiagonal": (lambda d: linalg.eigh_tridiagonal(d, np.ones(3))[0], [0.3, -1.0, 2.0, 0.7]),
    "continuous": (lambda a: linalg.solve_continuous_are(a, B, Q, Q), A),
    "discrete": (lambda q: linalg.solve_discrete_are(0.4 * A, B[:, :2], Q + np.diag(q * q), np.eye(2)), [0.3, -1.0, 2.0, 0.7]),
    "cmath": (
        lambda x: abs(cmath.exp(1j * x[0]) + cmath.sqrt(x[1] - 3.0) * cmath.log(1j * x[0])), [0.3, 0.9],
    ),
    "cmath polar": (
        lambda x: cmath.rect(*cmath.polar(complex(x[0], x[1]))).imag * cmath.phase(complex(*x)), [0.3, 0.9],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(CASES, 14))
def test_values_and_derivatives(name: str) -> None:
    f, x = CASES[name]
    check(
        f, np.asarray(x), step=1e-4, tolerance=1e-6, second=name not in ("continuous", "discrete")
    )


def test_errors() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        tapec.compile(lambda a: np.linalg.eigvals(a).real)(TALL)
