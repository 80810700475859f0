"""Whole powers of floats: one rounding, and NumPy's values at the edges."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

POWERS = [3, 4, 5, 6, 7, 12, 31, -2, -3, -5, -12]
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-200, -1e200, 5e-324, 1e103, 1e-103, -1.0, 1.0]


def rounded(x: float, n: int) -> float:
    with mp.workprec(2000):
        return float(mp.mpf(x) ** n)


@pytest.mark.parametrize("n", POWERS)
def test_powers_are_rounded_once(n: int, rng: np.random.Generator) -> None:
    x = rng.uniform(-2, 2, 200)
    f = tapec.compile(lambda x: x**n)
    wanted = [rounded(float(v), n) for v in x]
    np.testing.assert_array_equal(f(x), wanted)
    assert [f(float(v)) for v in x[:20]] == wanted[:20]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", POWERS)
def test_edges_are_those_of_numpy(n: int, dtype: type) -> None:
    with np.errstate(all="ignore"):
        x = np.array(EDGES, dtype)
        wanted = x**n
    got = tapec.compile(lambda x: x**n)(x)
    np.testing.assert_array_max_ulp(got[np.isfinite(wanted)], wanted[np.isfinite(wanted)], 1)
    np.testing.assert_array_equal(got[~np.isfinite(wanted)], wanted[~np.isfinite(wanted)])
    numbers = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(wanted[numbers]))


@pytest.mark.parametrize("n", POWERS)
def test_powers_of_elements_that_nothing_is_added_to(n: int) -> None:
    """Structural zeros are zeros for powers as well."""

    def f(x: np.ndarray) -> np.ndarray:
        y = np.zeros((3, 3))
        y[0] = x
        return y**n

    with np.errstate(all="ignore"):
        np.testing.assert_array_max_ulp(tapec.compile(f)(np.ones(3)), f(np.ones(3)), 1)
