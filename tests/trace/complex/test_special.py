"""Functions of scipy.special with complex results: values, and derivatives of their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import tapec
from tapec.tools.differences import ridders

X, Y = np.array([0.3, 0.7, 2.5, 40.0]), np.array([1.3, 0.2, 0.6, 0.01])
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "wofz": (lambda x, y: special.wofz(x + 1j * y), (X, Y)),
    "wofz of real numbers": (special.wofz, (X,)),
    "voigt_profile": (special.voigt_profile, (X, Y + 0.5, X[::-1] + 0.1)),
    "sph_harm_y": (lambda t, p: special.sph_harm_y(3, -2, t, p), (X, Y)),
    "sph_harm_y of orders": (
        lambda t, p: special.sph_harm_y(3, np.arange(-3, 4)[:, None], t, p), (X, Y),
    ),
    "hankel1": (lambda x: special.hankel1(1.5, x), (X,)),
    "hankel2": (lambda x: special.hankel2(2, x), (X,)),
    "kelvin": (lambda x: special.kelvin(x)[2], (X,)),
    "lambertw": (special.lambertw, (np.array([-0.36, -0.05, 0.3, 1e5]),)),
    "lambertw, lower": (lambda x: special.lambertw(x, -1), (np.array([-0.36, -0.05, -1e-9]),)),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_slopes(name: str) -> None:
    f, args = PROGRAMS[name]
    kernel, want = tapec.compile(lambda *a: f(*a)), f(*args)
    got = kernel(*args)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert "backend: native" in str(kernel.explain(*args))
    for part in (np.real, np.imag):

        def along(t: Any, part: Any = part) -> Any:
            return np.sum(part(f(*(a * (1.0 + 0.1 * t) for a in args))))

        want = ridders(lambda t, g=along: float(g(t)), step=0.05)[0]
        np.testing.assert_allclose(tapec.grad(along)(0.0), want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("x", [-0.3678, -0.3, -0.2, -0.19, 1e-8, 0.9, 2.9, 3.1, 50.0, 1e5])
def test_derivatives_of_lamberts_function(x: float) -> None:
    g = tapec.grad(lambda t: special.lambertw(t).real)
    with mp.workdps(40):
        want = [float(mp.diff(mp.lambertw, mp.mpf(x), k)) for k in (1, 2)]
    np.testing.assert_allclose([g(x), tapec.grad(g)(x)], want, rtol=1e-12)


def test_slopes_of_far_profiles_keep_their_digits() -> None:
    with mp.workdps(60):

        def exact(x: Any) -> Any:
            z = mp.mpc(x, mp.mpf("0.5")) / mp.sqrt(2)
            return mp.re(mp.exp(-z * z) * mp.erfc(-1j * z)) / mp.sqrt(2 * mp.pi)

        want = float(mp.diff(exact, mp.mpf(90)))
    found = tapec.grad(special.voigt_profile)(90.0, 1.0, 0.5)
    assert found == pytest.approx(want, rel=1e-12)
