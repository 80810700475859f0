"""Functions of all orders up to one, Legendre's with options, and modified Hankel and Fresnel ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special
from support.sampling import sampled

import tapec
from tapec.errors import UnsupportedOperation
from tapec.tools.differences import ridders

X, P = np.array([0.3, -0.4, 0.8]), np.array([0.3, 1.4, 5.0])
ANGLES = np.array([0.3, 1.2, 2.5])
SEVERAL = np.array([2, 3, 1])

PROGRAMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "hankel1e": (lambda x: special.hankel1e(1.5, x), P),
    "hankel2e": (lambda x: special.hankel2e(0, x), P),
    "modfresnelm": (lambda x: special.modfresnelm(x), P),
    "modfresnelp": (lambda x: special.modfresnelp(x), P),
    "diric odd": (lambda x: special.diric(x, 5), np.array([0.3, 0.0, 2 * np.pi, 6.0])),
    "diric even": (lambda x: special.diric(x, 4), np.array([0.3, 0.0, 2 * np.pi, 6.0])),
    "pbdv_seq": (lambda x: special.pbdv_seq(2.5, x), 1.2),
    "pbvv_seq": (lambda x: special.pbvv_seq(0.5, x), 1.2),
    "lmbda": (lambda x: special.lmbda(1.5, x), 1.2),
    "lmbda of 0": (lambda x: special.lmbda(0, x), 1.2),
    "associated": (lambda x: special.assoc_legendre_p(3, 2, x, diff_n=2), X),
    "below": (lambda x: special.assoc_legendre_p(3, -2, x, diff_n=1), X),
    "normalised": (lambda x: special.assoc_legendre_p(3, -1, x, norm=True, diff_n=2), X),
    "several": (lambda x: special.assoc_legendre_p(SEVERAL, 1, x), X),
    "all": (lambda x: special.assoc_legendre_p_all(3, 2, x, diff_n=1), X),
    "sphere": (lambda x: special.sph_legendre_p(3, 1, x, diff_n=2), ANGLES),
    "sphere below": (lambda x: special.sph_legendre_p(3, -2, x, diff_n=2), ANGLES),
    "sphere all": (lambda x: special.sph_legendre_p_all(2, 1, x), ANGLES),
    "legendre all": (lambda x: special.legendre_p_all(4, x, diff_n=2), X),
}


def parts(result: Any) -> list[Any]:
    """Real arrays of one result or several."""
    made = result if isinstance(result, tuple) else (result,)
    arrays = [np.asarray(a) if isinstance(a, np.generic | float) else a for a in made]
    return [p for a in arrays for p in ((a.real, a.imag) if a.dtype.kind == "c" else (a,))]


@pytest.mark.parametrize("name", sampled(PROGRAMS, 10))
def test_values_and_slopes(name: str) -> None:
    f, x = PROGRAMS[name]
    got, want = parts(tapec.compile(f)(x)), parts(f(x))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)

    def total(t: Any) -> Any:
        made = f(x + t)
        made = made if isinstance(made, tuple) else (made,)
        return sum(np.sum(np.real(m) * 0.3 + np.imag(m)) for m in made)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slope = ridders(lambda t: float(total(t)), step=0.03)[0]
    np.testing.assert_allclose(tapec.grad(total)(0.0), slope, rtol=1e-8, atol=1e-8)
    curve = ridders(lambda t: float(tapec.grad(total)(t)), step=0.03)[0]
    np.testing.assert_allclose(tapec.grad(tapec.grad(total))(0.0), curve, rtol=1e-7, atol=1e-7)


def test_what_is_refused_has_a_name_and_a_cure() -> None:
    with pytest.raises(UnsupportedOperation, match=r"pbdv_seq with v traced(.|\n)*pass a number"):
        tapec.compile(lambda v: special.pbdv_seq(v, 0.3))(1.5)
    with pytest.raises(UnsupportedOperation, match=r"pbdv_seq with v < 0(.|\n)*special\.pbdv"):
        tapec.compile(lambda x: special.pbdv_seq(-1.5, x))(0.4)
    with pytest.raises(UnsupportedOperation, match=r"assoc_legendre_p with branch_cut=3"):
        tapec.compile(lambda x: special.assoc_legendre_p(2, 1, x, branch_cut=3))(1.4)
    with pytest.raises(UnsupportedOperation, match=r"sph_legendre_p with diff_n=3"):
        tapec.compile(lambda x: special.sph_legendre_p(2, 1, x, diff_n=3))(0.4)
