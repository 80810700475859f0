"""Functions of scipy.special from the table: values natively, slopes of both orders, both modes.

Slopes are those of differences of SciPy's values, by Ridders' method; those by shapes, which are
integrals, are compared with mpmath over the whole domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import special
from support.sampling import sampled, sampled_tuples

import tapec
from tapec.errors import NonDifferentiableError, UnsupportedOperation
from tapec.ir.ops.called import FUNCTIONS
from tapec.tools.differences import ridders

Array = np.ndarray[Any, Any]
ALL = [(name, orders) for name, f in FUNCTIONS.items() for orders in f.fixed]


def function(name: str, orders: tuple[int, ...]) -> Callable[..., Any]:
    entry = FUNCTIONS[name]
    real = getattr(special, entry.function)
    if entry.complex:
        part = ("real", "imag")[entry.part or 0]
        return lambda x, y: getattr(real(x + 1j * y), part)
    if entry.part is None:
        return lambda *x: real(*orders, *x)
    return lambda *x: real(*orders, *x)[entry.part]


def points(name: str, dtype: str = "f8") -> list[Array]:
    rng = np.random.default_rng(3)
    return [rng.uniform(*interval, 5).astype(dtype) for interval in FUNCTIONS[name].domain]


def slopes(name: str) -> list[int]:
    """The operands by which there is a slope."""
    return [k for k, s in enumerate(FUNCTIONS[name].slopes) if not hasattr(s, "needs_name")]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize(("name", "orders"), sampled_tuples(ALL, 14))
def test_values_are_those_of_scipy(name: str, orders: tuple[int, ...], dtype: str) -> None:
    f, xs = function(name, orders), points(name, dtype)
    kernel = tapec.compile(f)
    got, want = kernel(*xs), f(*(x.astype("f8") for x in xs))  # some of SciPy's hang in single
    assert got.dtype == (f(*xs).dtype if orders else dtype)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-13 if dtype == "f8" else 3e-5)
    assert "backend: native" in str(kernel.explain(*xs))


@pytest.mark.parametrize(("name", "orders"), sampled_tuples(ALL, 13))
def test_slopes_are_those_of_differences(name: str, orders: tuple[int, ...]) -> None:
    f, xs = function(name, orders), [x[:2] for x in points(name)]
    chosen = slopes(name)
    if not chosen:
        return

    def along(t: Any) -> Any:
        return np.sum(f(*(x + 0.01 * t if k in chosen else x for k, x in enumerate(xs))))

    want = ridders(lambda t: float(along(t)), step=0.5)[0]
    rtol = 10.0 ** (5 - FUNCTIONS[name].digits)
    np.testing.assert_allclose(tapec.grad(along)(0.0), want, rtol=rtol, atol=1e-11)
    tangent = tapec.jvp(along, (0.0,), (1.0,))[1]
    np.testing.assert_allclose(tangent, want, rtol=rtol, atol=1e-11)


@pytest.mark.parametrize(("name", "orders"), sampled_tuples(ALL, 40))
def test_slopes_of_slopes_are_those_of_differences(name: str, orders: tuple[int, ...]) -> None:
    f, xs = function(name, orders), [x[:1] for x in points(name)]
    for k in slopes(name):

        def line(t: Any, k: int = k) -> Any:
            return np.sum(f(*(x + t if j == k else x for j, x in enumerate(xs))))

        slope = tapec.grad(line)
        want = ridders(lambda t, g=slope: float(g(t)), step=0.01)[0]
        try:
            found = tapec.grad(slope)(0.0)
        except NonDifferentiableError:
            continue
        rtol = 10.0 ** (6 - FUNCTIONS[name].digits)
        np.testing.assert_allclose(found, want, rtol=rtol, atol=1e-8)


# --- slopes by shapes over the whole domain ------------------------------------------------------


def exact(f: Callable[..., Any], *xs: float, by: int) -> float:
    """The slope of a function of mpmath, by differences at far more digits than needed."""
    with mp.workdps(100):
        h, at = mp.mpf(10) ** -30, [mp.mpf(x) for x in xs]
        high, low = ([x + s * h * (k == by) for k, x in enumerate(at)] for s in (1, -1))
        return float((f(*high) - f(*low)) / (2 * h))


def lower_gamma(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def lower_beta(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def upper_beta(a: Any, b: Any, x: Any) -> Any:
    """Less one, which has the same slopes."""
    return -mp.betainc(b, a, 0, 1 - x, regularized=True)


GAMMA = [(a, x) for a in (1e-3, 0.3, 1.0, 2.5, 60.0, 1e4) for x in (1e-6, 0.2, 1.1, 7.0)]
GAMMA += [(a, r * a) for a in (1e-3, 0.3, 1.0, 2.5, 60.0, 1e4) for r in (0.98, 1.0, 1.03)]
BETA = [
    (a, b, x)
    for a in (1e-3, 0.4, 3.0, 500.0)
    for b in (1e-3, 0.4, 90.0)
    for x in (1e-6, 0.5, 0.999, 0.99 * a / (a + b))
]


@pytest.mark.parametrize("case", sampled(GAMMA, 9), ids=str)
def test_gamma_by_its_shape(case: tuple[float, float]) -> None:
    want = exact(lower_gamma, *case, by=0)
    np.testing.assert_allclose(tapec.grad(special.gammainc)(*case), want, rtol=1e-11, atol=1e-290)
    np.testing.assert_allclose(tapec.grad(special.gammaincc)(*case), -want, rtol=1e-11, atol=1e-290)


@pytest.mark.parametrize("case", sampled(BETA, 12), ids=str)
def test_beta_by_its_shapes(case: tuple[float, float, float]) -> None:
    found = tapec.grad(special.betainc, (0, 1))(*case)
    a, b, x = case
    smaller = lower_beta if x * (a + b) < a else upper_beta
    want = [exact(smaller, *case, by=k) for k in (0, 1)]
    rtol = 1e-11 if min(a, b) > 0.01 else 1e-9
    np.testing.assert_allclose(found, want, rtol=rtol, atol=1e-290)


ORDERS = [(v, x) for v in (0.01, 0.5, 3.3, 40.0) for x in (1e-6, 0.02, 1.0, 9.0, 300.0)]


@pytest.mark.parametrize("case", sampled(ORDERS, 7), ids=str)
def test_bessel_functions_by_their_order(case: tuple[float, float]) -> None:
    want = exact(lambda v, x: mp.besselk(v, x) * mp.exp(x), *case, by=0)
    np.testing.assert_allclose(tapec.grad(special.kve)(*case), want, rtol=1e-10, atol=1e-290)


# --- what is special -----------------------------------------------------------------------------


def test_edges_have_slopes() -> None:
    assert tapec.grad(special.gammainc, (0, 1))(2.0, 0.0) == (0.0, 0.0)
    assert tapec.grad(special.betainc, (0, 1, 2))(2.0, 3.0, 0.0) == (0.0, 0.0, 0.0)
    assert tapec.grad(special.betainc, 2)(1.0, 3.0, 0.0) == pytest.approx(3.0)
    assert tapec.grad(special.rgamma)(-2.0) == pytest.approx(2.0)
    assert tapec.grad(special.exprel)(0.0) == 0.5
    assert tapec.grad(special.spence)(1.0) == -1.0
    assert tapec.grad(lambda m: special.ellipk(m))(0.0) == pytest.approx(np.pi / 8)
    assert tapec.grad(special.boxcox, 1)(2.0, 0.0) == pytest.approx(0.5 * np.log(2.0) ** 2)


def test_arguments_without_a_slope_are_refused() -> None:
    with pytest.raises(
        NonDifferentiableError, match=r"mathieu_a has no derivative by the order m\n.*test_c"
    ):
        tapec.grad(special.mathieu_a, 0)(1.0, 2.0)
    with pytest.raises(NonDifferentiableError, match="bdtri has no derivative by n"):
        tapec.grad(special.bdtri, 1)(1.0, 3.0, 0.4)
    assert tapec.grad(special.mathieu_a, 1)(1.0, 0.0) == pytest.approx(1.0)


def test_orders_are_whole_and_known() -> None:
    x = np.linspace(-0.9, 0.9, 4)
    several = lambda x: special.eval_legendre(np.arange(4)[:, None], x)  # noqa: E731
    np.testing.assert_allclose(tapec.compile(several)(x), several(x), rtol=1e-14)
    with pytest.raises(UnsupportedOperation, match="eval_legendre takes orders"):
        tapec.compile(lambda n: special.eval_legendre(n, 0.3))(1.5)


FORMULAS: dict[str, tuple[Callable[..., Any], tuple[tuple[float, float], ...]]] = {
    "kl_div": (special.kl_div, ((0.1, 3), (0.1, 3))),
    "pseudo_huber": (special.pseudo_huber, ((0.1, 3), (-3, 3))),
    "boxcox": (special.boxcox, ((0.1, 3), (-2, 2))),
    "boxcox1p": (special.boxcox1p, ((0.1, 3), (-2, 2))),
    "inv_boxcox": (special.inv_boxcox, ((0.1, 3), (0, 2))),
    "inv_boxcox1p": (special.inv_boxcox1p, ((0.1, 3), (0, 2))),
    "agm": (special.agm, ((0.1, 3), (0.1, 30))),
    "nrdtrimn": (special.nrdtrimn, ((0.1, 0.9), (0.1, 3), (-2, 2))),
    "nrdtrisd": (special.nrdtrisd, ((-1, 1), (0.6, 0.9), (-2, 2))),
    "radian": (special.radian, ((0, 90), (0, 60), (0, 60))),
    "comb": (lambda n, k: special.comb(n, k), ((4, 7), (0.2, 3))),
    "perm": (lambda n, k: special.perm(n, k), ((4, 7), (0.2, 3))),
    "factorial": (lambda n: special.factorial(n), ((0.1, 5),)),
    "multigammaln": (lambda a: special.multigammaln(a, 3), ((1.5, 5),)),
    "zeta": (lambda s: special.zeta(s), ((1.2, 5),)),
    "hurwitz": (lambda s, q: special.zeta(s, q), ((1.2, 5), (0.2, 3))),
    "jve": (lambda x: special.jve(1.5, x), ((0.2, 5),)),
    "kv": (special.kv, ((0.2, 5), (0.2, 5))),
    "spherical_jn": (lambda x: special.spherical_jn(2, x, derivative=True), ((0.2, 5),)),
    "eval_sh_jacobi": (lambda x: special.eval_sh_jacobi(3, 2.5, 1.5, x), ((0, 1),)),
    "eval_chebyc": (lambda x: special.eval_chebyc(3, x), ((-1, 1),)),
    "lpmv": (lambda x: special.lpmv(-2, 3, x), ((-0.9, 0.9),)),
    "legendre_p": (lambda x: special.legendre_p(3, x, diff_n=2), ((-0.9, 0.9),)),
    "jvp": (lambda x: special.jvp(2, x, 1), ((0.2, 5),)),
}


@pytest.mark.parametrize("name", sampled(FORMULAS, 4))
def test_formulas(name: str) -> None:
    f, intervals = FORMULAS[name]
    rng = np.random.default_rng(5)
    xs = [rng.uniform(*interval, 4) for interval in intervals]
    kernel = tapec.compile(lambda *x: f(*x))
    np.testing.assert_allclose(kernel(*xs), f(*xs), rtol=2e-13)
    assert "backend: native" in str(kernel.explain(*xs))
    total = lambda *x: np.sum(f(*x))  # noqa: E731
    found = tapec.grad(total, tuple(range(len(xs))))(*xs)
    for k, part in enumerate(found):
        want = ridders(
            lambda t, k=k: float(total(*(x + t * (j == k) for j, x in enumerate(xs)))), step=0.05
        )[0]
        np.testing.assert_allclose(np.sum(part), want, rtol=1e-8, atol=1e-9)
