"""Transforms of Hermitian signals in several axes, and fast Hankel transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import fft
from support.sampling import sampled
from support.scipy_cases import check

import tapec
from tapec.errors import UnsupportedOperation

X = np.random.default_rng(3).normal(size=(4, 6))

CASES: dict[str, Callable[[Any], Any]] = {
    "hfft2": lambda x: fft.hfft2(x + 1j * x**2),
    "hfft2 real": lambda x: fft.hfft2(x, norm="forward"),
    "hfftn": lambda x: fft.hfftn(x + 1j * x**2, s=(3, 8), norm="ortho"),
    "hfftn odd": lambda x: fft.hfftn(x + 1j * x**2, s=(5,), axes=(0,)),
    "ihfft2": lambda x: np.abs(fft.ihfft2(x)),
    "ihfftn": lambda x: fft.ihfftn(x, axes=(0,), norm="forward").imag,
    "fht": lambda x: fft.fht(x, 0.1, 1.5, offset=0.2, bias=0.3),
    "fht of five": lambda x: fft.fht(x[0, :5], 0.1, 0.5),
    "ifht": lambda x: fft.ifht(x, 0.1, 1.5, offset=0.2, bias=-0.3),
    "there and back": lambda x: fft.ifht(fft.fht(x, 0.3, 0.0), 0.3, 0.0),
}


@pytest.mark.parametrize("name", sampled(CASES, 3))
def test_values_and_derivatives(name: str) -> None:
    check(CASES[name], X, second=name == "ihfft2")


def test_options_that_change_no_values() -> None:
    f = tapec.compile(lambda x: fft.hfftn(x, workers=1, overwrite_x=True))
    np.testing.assert_allclose(f(X), fft.hfftn(X), rtol=1e-12, atol=1e-12)


def test_singular_hankel_transform_warns_as_in_scipy() -> None:
    with pytest.warns(UserWarning, match="singular transform"):
        made = tapec.compile(lambda x: fft.fht(x, 0.1, -1.5, bias=0.5))(X)
    with pytest.warns(UserWarning, match="singular transform"):
        np.testing.assert_allclose(made, fft.fht(X, 0.1, -1.5, bias=0.5), rtol=1e-9, atol=1e-12)


def test_traced_grids_are_refused() -> None:
    with pytest.raises(UnsupportedOperation, match=r"scipy\.fft\.fht with a traced grid") as caught:
        tapec.compile(lambda x, step: fft.fht(x, step, 0.5))(X, 0.1)
    assert caught.value.where is not None


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("spoilt", [0.5, np.nan])
def test_cholesky_reads_one_triangle_and_real_diagonals(upper: bool, spoilt: float) -> None:
    rng = np.random.default_rng(7)
    half = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))
    whole = half @ half.conj().T + 3.0 * np.eye(3)
    unread = np.tril(np.ones((3, 3)), -1) if upper else np.triu(np.ones((3, 3)), 1)
    given = np.where(unread > 0, spoilt, whole) + 0.3j * np.eye(3)

    def factor(x: Any, y: Any) -> Any:
        made = np.linalg.cholesky(x + 1j * y, upper=upper)
        return np.sum(np.cos(made.real) + np.sin(made.imag))

    x, y = given.real.copy(), given.imag.copy()
    np.testing.assert_allclose(tapec.compile(factor)(x, y), factor(x, y), rtol=1e-13)
    step = 1e-6
    for k, found in enumerate(tapec.grad(factor, argnums=(0, 1))(x, y)):
        for at in np.ndindex(3, 3):
            moved = np.zeros((2, 3, 3))
            moved[(k, *at)] = step
            ahead, behind = factor(x + moved[0], y + moved[1]), factor(x - moved[0], y - moved[1])
            np.testing.assert_allclose(found[at], (ahead - behind) / (2 * step), atol=1e-7)
