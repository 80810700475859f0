"""The six families of numpy.polynomial, as functions and objects; structured functions of linalg."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial
from scipy import linalg
from support.sampling import sampled, sampled_tuples
from support.scipy_cases import check

import tapec

C, D = np.array([0.4, -1.2, 0.7, 0.5]), np.array([0.3, 0.9, -0.2])
X, Y = np.array([-0.7, 0.2, 0.55, 0.8, 0.3]), np.array([0.1, 0.5, -0.3, 0.9, 0.2])
GRID = np.arange(6.0).reshape(3, 2) / 5.0 - 0.3
MODULES = {
    "poly": polynomial, "cheb": chebyshev, "leg": legendre, "herm": hermite, "herme": hermite_e,
    "lag": laguerre,
}  # fmt: skip
FUNCTIONS: dict[str, tuple[Callable[[Callable[[str], Any], Any], Any], Any]] = {
    "val": (lambda f, x: f("val")(x, C), X),
    "val c": (lambda f, c: f("val")(X, c), C),
    "val tensor": (lambda f, c: f("val")(X, c), GRID),
    "val2d": (lambda f, x: f("val2d")(x, X, GRID), Y),
    "grid2d": (lambda f, c: f("grid2d")(X, Y[:2], c), GRID),
    "der": (lambda f, c: f("der")(c, 2), C),
    "int": (lambda f, c: f("int")(c, lbnd=0.3), C),
    "mul": (lambda f, c: f("mul")(c, D), C),
    "add": (lambda f, c: f("add")(c, D), C),
    "sub": (lambda f, c: f("sub")(D, c), C),
    "mulx": (lambda f, c: f("mulx")(c), C),
    "pow": (lambda f, c: f("pow")(c, 3), D),
    "vander": (lambda f, x: f("vander")(x, 4), X),
    "fit": (lambda f, y: f("fit")(X, y, 2), Y),
    "fit x": (lambda f, x: f("fit")(x, Y, 2), X),
    "fromroots": (lambda f, r: f("fromroots")(r), D),
    "roots": (lambda f, c: np.abs(f("roots")(c)), C),
    "companion": (lambda f, c: f("companion")(c), C),
    "div": (lambda f, c: np.concatenate(f("div")(c, D)), C),
    "divisor": (lambda f, d: np.concatenate(f("div")(C, d)), D),
    "line": (lambda f, c: f("line")(c[0], c[1]), D),
}
CASES = [(family, name) for name in FUNCTIONS for family in MODULES]


@pytest.mark.parametrize(
    ("family", "name"), [pytest.param(*p.values[0], marks=p.marks) for p in sampled(CASES, 31)]
)
def test_functions(family: str, name: str) -> None:
    f, x = FUNCTIONS[name]
    module = MODULES[family]
    check(
        lambda x: f(lambda n: getattr(module, f"{family}{n}"), x),
        x,
        step=1e-4,
        tolerance=1e-6,
        second=False,
    )


@pytest.mark.parametrize("family", sampled([f for f in MODULES if f != "poly"], 5))
def test_changes_of_basis(family: str) -> None:
    module = MODULES[family]
    check(lambda c: getattr(module, f"{family}2poly")(c), C, second=False)
    check(lambda c: getattr(module, f"poly2{family}")(c), C, second=False)


@pytest.mark.slow
def test_objects() -> None:
    for series in (
        np.poly1d(C), polynomial.Polynomial(C), chebyshev.Chebyshev(C, domain=[-2.0, 1.0]),
        legendre.Legendre.fit(X, Y, 3), hermite.Hermite(C), laguerre.Laguerre(C),
    ):  # fmt: skip
        check(lambda x, series=series: series(x) + series.deriv()(x), X, second=False)


CLASSES = [polynomial.Polynomial, chebyshev.Chebyshev, legendre.Legendre, hermite.Hermite,
           hermite_e.HermiteE, laguerre.Laguerre]  # fmt: skip
SERIES: dict[str, Callable[[Any, Any], Any]] = {
    "operators": lambda K, c: (K(c) + K(D) * 2.0 - K(c) * K(D) + 1.0)(X),
    "of arrays": lambda K, c: (D * K(c) + D - K(c))(X) + (c[0] * K(D) + c[1])(X),
    "powers": lambda K, c: (K(c) ** 2 / c[0])(X) + (-K(c)).coef[0],
    "divided": lambda K, c: np.concatenate([(K(c) // K(D)).coef, (K(c) % K(D)).coef]),
    "slopes": lambda K, c: K(c, domain=[-1.0, 3.0]).deriv(2)(X),
    "integrals": lambda K, c: K(c, domain=[-1.0, 3.0]).integ(2, [c[0], 0.3], c[1])(X),
    "traced domain": lambda K, c: K(D, domain=[c[1], 2.0], window=[-1.0, c[0]])(X),
    "fit": lambda K, c: K.fit(X, np.sin(X * c[0]), 2)(X),
    "fit of points": lambda K, c: K.fit(X * c[0], Y, [0, 2], w=1.0 + X**2)(X),
    "fromroots": lambda K, c: K.fromroots(c, domain=None)(X),
    "converted": lambda K, c: K(c, domain=[0.0, 2.0]).convert(kind=polynomial.Polynomial).coef,
    "composed": lambda K, c: K(c)(K(D)).coef,
    "parts": lambda K, c: K(c).truncate(2)(X) + K(c).linspace(5)[1] * len(K(c)) + sum(list(K(c))),
    "roots": lambda K, c: np.abs(K(c).roots()),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), sampled_tuples(
    [(name, kind) for kind in CLASSES for name in SERIES], 50))  # fmt: skip
def test_series_of_traced_coefficients(name: str, kind: Any) -> None:
    check(lambda c: SERIES[name](kind, c), C, step=1e-4, tolerance=1e-6, second=False)


POWERS: dict[str, Callable[[Any], Any]] = {
    "operators": lambda c: (np.poly1d(c) * np.poly1d(D) + 2.0 - np.poly1d(c))(X),
    "of arrays": lambda c: (
        (np.poly1d(D) * c[0] + D)(X) + (np.poly1d(c) / c[1])(X) + np.sum(c[0] * np.poly1d(c))
    ),
    "divided": lambda c: np.concatenate([p.c for p in np.poly1d(c) / np.poly1d(D)]),
    "slopes": lambda c: (np.poly1d(c).deriv() ** 2)(X) + np.poly1d(c).integ(1, c[0])(X),
    "of roots": lambda c: np.poly1d(c, True)(X),
    "composed": lambda c: np.poly1d(c)(np.poly1d(D)).coeffs,
    "items": lambda c: np.stack([np.poly1d(c)[0], np.poly1d(c)[9], np.poly1d(c).o * c[0]]),
    "functions": lambda c: np.polyval(np.polyder(np.polymul(np.poly1d(c), D)), X),
    "fit": lambda c: np.poly1d(np.polyfit(X, Y * c[0], 2))(X),
    "polydiv": lambda c: np.concatenate(np.polydiv(c, D)),
}


@pytest.mark.parametrize("name", sampled(POWERS, 10))
def test_polynomials_by_falling_powers(name: str) -> None:
    check(POWERS[name], C, step=1e-4, tolerance=1e-6, second=False)


def test_series_of_other_kinds_and_domains() -> None:
    for other in (chebyshev.Chebyshev(D), polynomial.Polynomial(D, domain=[0.0, 1.0])):
        with pytest.raises(TypeError, match="differ"):
            tapec.compile(lambda c, o=other: (polynomial.Polynomial(c) + o)(X))(C)


M = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
BANDS = np.array([[0.0, 1.0, 0.7], [4.0, 5.0, 6.0]])
STRUCTURED: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "eig_banded": (lambda b: linalg.eig_banded(b, eigvals_only=True), BANDS),
    "eigvals_banded": (lambda b: linalg.eigvals_banded(b, lower=True), BANDS[::-1]),
    "cho_solve_banded": (lambda b: linalg.cho_solve_banded((BANDS, False), b), D),
    "matmul_toeplitz": (lambda c: linalg.matmul_toeplitz((c, D), M), D),
    "expm_frechet": (lambda a: linalg.expm_frechet(0.3 * a, M)[1], M),
    "pinvh": (lambda x: linalg.pinvh(M * x[0]), D),
    "subspace_angles": (lambda a: linalg.subspace_angles(a, M[:, :2]), M[:, 1:] + M[:, :2] ** 2),
    "signm": (lambda a: linalg.signm(a - 3.2 * np.eye(3)), M),
}


@pytest.mark.parametrize("name", sampled(STRUCTURED, 8))
def test_structured_functions(name: str) -> None:
    f, x = STRUCTURED[name]
    check(f, x, step=1e-4, tolerance=1e-6, second=False)
