"""Quotients of complex numbers in vector code: error of their size, special values, exact cases."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np
import pytest

pytest.importorskip("llvmlite")

from support.vmath_cases import both, spread, subnormal, uniform
from support.vmath_support import compiled

PARTS = ("quotient_real", "quotient_imag")
NUMBERS = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan]
RANGES = {
    "near 1": lambda: uniform(-3, 3),
    "anywhere": lambda: both(spread(1e-300, 1e300)),
    "large": lambda: both(spread(1e300, 1e307)),
    "small": lambda: both(spread(1e-305, 1e-290)),
    "subnormal": subnormal,
}


def quotient(width: int, *parts: np.ndarray) -> np.ndarray:
    real, imag = (compiled(name, width)(*parts) for name in PARTS)
    made = np.empty(len(real), complex)
    made.real, made.imag = real, imag
    return made


@pytest.mark.parametrize("size", RANGES)
def test_errors_are_a_few_ulp_of_the_size(size: str) -> None:
    pick = RANGES[size]
    parts = [pick()[:250] for _ in range(4)]
    if size == "anywhere":
        scale = np.abs(parts[2])
        parts = [uniform(-3, 3)[:250] * scale for _ in range(3)] + [parts[3]]
    got = quotient(8, *parts)
    with mp.workprec(200):
        for g, x, y, c, e in zip(got, *(p.tolist() for p in parts), strict=True):
            want = mp.mpc(x, y) / mp.mpc(c, e)
            if 1e-300 < abs(want) < 1e300:
                assert abs(mp.mpc(g) - want) <= 6e-16 * abs(want), (x, y, c, e)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinities_zeros_and_nan_are_numpys() -> None:
    grid = np.array(list(itertools.product(NUMBERS, repeat=4)))
    z, w = np.empty((2, len(grid)), complex)
    z.real, z.imag, w.real, w.imag = grid.T
    got, want = quotient(8, *grid.T), z / w
    for mine, theirs in ((got.real, want.real), (got.imag, want.imag)):
        finite, known = np.isfinite(theirs), ~np.isnan(theirs)
        np.testing.assert_array_equal(np.signbit(mine[known]), np.signbit(theirs[known]))
        np.testing.assert_array_equal(mine[~finite], theirs[~finite])
        np.testing.assert_allclose(mine[finite], theirs[finite], rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("width", [1, 8])
def test_what_is_exact_stays_exact(width: int) -> None:
    k = np.arange(-40.0, 41.0)
    a, b = uniform(-5, 5)[:81], uniform(-5, 5)[:81]
    same = quotient(width, a, b, a, b)
    np.testing.assert_array_equal(same.real, 1.0)
    np.testing.assert_allclose(same.imag, 0.0, atol=1.2e-16)
    whole = quotient(width, 6 * k, 3 * k + 9, 3.0 + 0 * k, 0 * k)
    np.testing.assert_array_equal(whole, 2 * k + 1j * (k + 3))
    np.testing.assert_array_equal(quotient(width, k, 0 * k, 0 * k, 1 + 0 * k), -1j * k)
