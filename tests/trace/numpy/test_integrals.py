"""Integrals of exponentials and their inverses: derivatives against mpmath, tails included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import tapec

# Exact first and second derivatives at x, by formulas whose digits mpmath keeps.
CASES: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "erfinv": (mp.erfinv, [-0.999, -0.5, 0.0, 1e-8, 0.3, 0.99, 0.999999]),
    "erfcinv": (lambda x: mp.erfinv(1 - x), [1e-12, 1e-3, 0.5, 1.0, 1.5, 1.999]),
    "ndtri": (lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), [1e-12, 1e-3, 0.2, 0.5, 0.9, 0.9999]),
    "erfcx": (
        lambda x: mp.exp(x * x) * mp.erfc(x),
        [-5.0, -1.0, 0.0, 0.7, 5.0, 9.99, 10.01, 30.0, 1e4],
    ),
    "dawsn": (
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        [-40.0, -1.0, 0.0, 0.9, 5.0, 9.99, 10.01, 30.0],
    ),
    "expi": (mp.ei, [-20.0, -1.0, 0.01, 0.37, 2.0, 40.0]),
    "exp1": (mp.e1, [0.01, 0.5, 2.0, 40.0]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_derivatives(name: str, order: int) -> None:
    exact, points = CASES[name]
    f: Any = getattr(special, name)
    for _ in range(order):
        f = tapec.grad(f)
    with mp.workdps(60):
        want = [float(mp.diff(exact, mp.mpf(x), order)) for x in points]
    np.testing.assert_allclose([f(x) for x in points], want, rtol=2e-11, atol=1e-300 + 1e-15)


@pytest.mark.parametrize("name", ["gammainc", "gammaincc"])
@pytest.mark.parametrize("a", [0.5, 1, 2, 3.25, 50.0])
def test_incomplete_gamma_functions(name: str, a: float) -> None:
    def f(x: Any) -> Any:
        return getattr(special, name)(a, x)

    sign = 1 if name == "gammainc" else -1
    for x in (0.1, 1.0, 4.0, 45.0):
        with mp.workdps(40):
            slope = sign * mp.mpf(x) ** (a - 1) * mp.exp(-x) / mp.gamma(a)
            curve = slope * ((a - 1) / mp.mpf(x) - 1)
        np.testing.assert_allclose(f(x), tapec.compile(f)(x), rtol=1e-15)
        np.testing.assert_allclose(tapec.grad(f)(x), float(slope), rtol=1e-12)
        np.testing.assert_allclose(
            tapec.grad(tapec.grad(f))(x), float(curve), rtol=1e-11, atol=1e-17
        )


def test_ends_of_intervals() -> None:
    for f, x in (
        (special.erfinv, [-1.0, 1.0, 1.5, np.nan]),
        (special.ndtri, [0.0, 1.0, -0.1, np.nan]),
        (special.erfcx, [np.inf, -np.inf, np.nan]),
        (special.dawsn, [np.inf, -np.inf, np.nan]),
        (special.exp1, [0.0, np.inf]),
    ):
        np.testing.assert_array_equal(tapec.compile(f)(np.array(x)), f(np.array(x)))
