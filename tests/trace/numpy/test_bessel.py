"""Bessel functions of scipy.special: values against mpmath, derivatives of every order."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import tapec

X = np.array([-30.0, -9.0, -7.75, -2.5, -1e-3, 0.0, 0.3, 1.0, 5.0, 7.8, 12.0, 40.0])
EXACT: dict[str, Any] = {
    "i0": lambda x: mp.besseli(0, x),
    "i1": lambda x: mp.besseli(1, x),
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-abs(x)),
}
# Of x > 0 only, or not to the last bit in SciPy.
OTHERS: dict[str, Any] = {
    "j0": lambda x: mp.besselj(0, x),
    "j1": lambda x: mp.besselj(1, x),
    "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x),
    "k0": lambda x: mp.besselk(0, x),
    "k1": lambda x: mp.besselk(1, x),
    "k0e": lambda x: mp.besselk(0, x) * mp.exp(x),
    "k1e": lambda x: mp.besselk(1, x) * mp.exp(x),
}
ORDERS: dict[str, Any] = {
    "jv": mp.besselj,
    "yv": mp.bessely,
    "iv": mp.besseli,
    "kv": mp.besselk,
    "ive": lambda n, x: mp.besseli(n, x) * mp.exp(-abs(x)),
    "kve": lambda n, x: mp.besselk(n, x) * mp.exp(x),
}
SLOW = pytest.mark.slow
POSITIVE = np.array([0.05, 0.6, 2.5, 9.0, 30.0])


def exact(name: str, order: int, x: np.ndarray[Any, Any], digits: int = 60) -> list[float]:
    with mp.workdps(digits):
        return [float(mp.diff((EXACT | OTHERS)[name], mp.mpf(float(v)), order)) for v in x]


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("size", [1, 500])
def test_values(name: str, size: int) -> None:
    kernel = tapec.compile(getattr(special, name))
    x = np.resize(X, size)
    np.testing.assert_allclose(kernel(x), exact(name, 0, x), rtol=1e-15)
    assert "backend: native" in str(kernel.explain(x))


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives(name: str, order: int) -> None:
    """Zero is left out where exp(-|x|) has its kink there."""
    f: Any = getattr(special, name)
    x = X[X != 0] if name.endswith("e") else X
    for _ in range(order):
        f = tapec.grad(f)
    got = [f(float(v)) for v in x]
    np.testing.assert_allclose(got, exact(name, order, x), rtol=1e-12, atol=1e-14)


def test_numpys_name() -> None:
    np.testing.assert_allclose(tapec.compile(np.i0)(X), special.i0(X), rtol=1e-14)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("points", [POSITIVE[::5], pytest.param(POSITIVE, marks=SLOW)])
def test_derivatives_on_the_positive_axis(name: str, order: int, points: Any) -> None:
    f: Any = getattr(special, name)
    for _ in range(order):
        f = tapec.grad(f)
    got = [f(float(v)) for v in points]
    np.testing.assert_allclose(got, exact(name, order, points, 25), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ["j0", "j1"])
def test_derivatives_at_zero_and_below(name: str) -> None:
    x = np.array([-20.0, -1.5, -1e-3, 0.0])
    f: Any = getattr(special, name)
    for order in (0, 1, 2):
        np.testing.assert_allclose(tapec.vmap(f)(x), exact(name, order, x), rtol=1e-12, atol=1e-14)
        f = tapec.grad(f)


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("n", [0, 1, 3, -1, 0.5])
@pytest.mark.parametrize("points", [POSITIVE[1::5], pytest.param(POSITIVE, marks=SLOW)])
def test_every_order(name: str, n: float, points: Any) -> None:
    def f(x: Any) -> Any:
        return getattr(special, name)(n, x)

    for order in (0, 1, 2):
        with mp.workdps(25):
            want = [float(mp.diff(lambda z: ORDERS[name](n, z), mp.mpf(v), order)) for v in points]
        got = [f(float(v)) for v in points]
        np.testing.assert_allclose(got, want, rtol=3e-10, atol=1e-13)
        f = tapec.grad(f)


def test_several_orders_at_once() -> None:
    orders, x = np.array([[0], [1], [3]]), np.linspace(0.1, 5.0, 7)
    kernel = tapec.compile(lambda x: special.jv(orders, x))
    np.testing.assert_allclose(kernel(x), special.jv(orders, x), rtol=1e-14)
    got = tapec.jacobian(lambda x: special.jv(orders, x).sum(0))(x)
    np.testing.assert_allclose(np.diag(got), special.jvp(orders, x).sum(0), rtol=1e-12, atol=1e-15)


def test_orders_may_be_traced() -> None:
    half = tapec.grad(lambda n: special.jv(n, 1.0))(0.5)  # DLMF 10.15.8
    sine, cosine = special.sici(2.0)
    want = np.sqrt(2.0 / np.pi) * (cosine * np.sin(1.0) - sine * np.cos(1.0))
    assert half == pytest.approx(want, rel=1e-12)
    assert tapec.compile(special.jv)(2.5, 1.5) == pytest.approx(special.jv(2.5, 1.5), rel=1e-14)
    orders = np.arange(40.0)
    many = tapec.compile(lambda x: special.jv(orders, x))(1.0)
    np.testing.assert_allclose(many, special.jv(orders, 1.0), rtol=1e-13)


@pytest.mark.parametrize("x", [26.5, 60.0, 1e3, 1e8])
def test_slopes_of_scaled_functions_at_large_numbers(x: float) -> None:
    """Their two terms agree in all digits there: slopes are summed."""
    i0, k0 = special.i0e(x), special.k0e(x)
    first = {
        "i0e": -i0 / (2 * x) * (1 + 0.25 / x), "i1e": -i0 / (2 * x) * (1 - 1.25 / x),
        "k0e": -k0 / (2 * x) * (1 - 0.25 / x), "k1e": -k0 / (2 * x) * (1 + 1.25 / x),
    }  # fmt: skip
    for name, near in first.items():
        f = getattr(special, name)
        slope = tapec.grad(lambda x: f(x))  # noqa: B023
        assert np.isclose(slope(x), near, rtol=3 / x**2 + 1e-15)
        with mp.workdps(40):
            scale, order = mp.exp if name[0] == "k" else (lambda z: mp.exp(-z)), int(name[1])
            bessel = mp.besselk if name[0] == "k" else mp.besseli
            want = mp.diff(lambda z: scale(z) * bessel(order, z), mp.mpf(x))  # noqa: B023
        assert np.isclose(slope(x), float(want), rtol=3e-14)
        if name[0] == "i":
            assert slope(-x) == (slope(x) if order else -slope(x))
