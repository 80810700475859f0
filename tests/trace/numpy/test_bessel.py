"""scipy.special.i0, i1, i0e, i1e: values against mpmath, derivatives of every order."""

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


def exact(name: str, order: int, x: np.ndarray[Any, Any]) -> list[float]:
    with mp.workdps(60):
        return [float(mp.diff(EXACT[name], mp.mpf(float(v)), order)) for v in x]


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
