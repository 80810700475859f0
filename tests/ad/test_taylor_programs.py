"""Taylor coefficients of whole programs: loops, branches, writes, linear algebra.

The derivatives of t -> f(x + t v) are also those of forward mode, applied again and again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.ad.taylor import taylor
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Func, Type

RNG = np.random.default_rng(5)
A = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
S = A @ A.T
V = RNG.normal(size=(4, 4))
W = V + V.T
X, DX = RNG.normal(size=7), RNG.normal(size=7)


def written(x: Any) -> Any:
    y = x.copy()
    for i in range(1, len(y)):
        y[i] += np.sin(y[i - 1]) * x[i]
    return y


def branched(x: Any) -> Any:
    return np.exp(x) if x[0] > 0.0 else np.sin(x)


def newton(a: Any) -> Any:
    x = a.copy()
    while np.max(np.abs(x * x - a)) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


def counted(a: Any) -> Any:
    n = 0
    while a * n < 10.0:
        n += 1
    return a * n


def scanned(x: Any) -> Any:
    def step(c: Any, a: Any) -> Any:
        return c * a + np.sin(c), c * c

    return tapec.scan(step, 0.3, x)[1]


def repeated(x: Any) -> Any:
    return tapec.fori_loop(0, 4, lambda i, y: y * np.cos(x) + i, x)


def added_at(x: Any) -> Any:
    y = np.zeros(4)
    np.add.at(y, np.array([0, 1, 1, 3, 0]), x[:5] ** 2)
    return y


def cubed_rule(primals: Any, tangents: Any) -> Any:
    (x,), (t,) = primals, tangents
    return x**3, 3.0 * x**2 * t


cubed = tapec.custom_rule(lambda x: x**3, jvp=cubed_rule)

PROGRAMS: list[tuple[str, Callable[[Any], Any], Any, Any]] = [
    ("matmul", lambda a: a @ a @ a, A, V),
    ("einsum", lambda a: np.einsum("ij,kj->ik", a, a), A, V),
    ("solve", lambda a: np.linalg.solve(a, np.arange(4.0)), A, V),
    ("solve, both", lambda a: np.linalg.solve(a, a[:, 0] ** 2), A, V),
    ("inv", np.linalg.inv, A, V),
    ("det of 3", lambda a: np.linalg.det(a[:3, :3]), A, V),
    ("det of 4", np.linalg.det, A, V),
    ("slogdet", lambda a: np.linalg.slogdet(a)[1], A, V),
    ("cholesky", np.linalg.cholesky, S, W),
    ("R", lambda a: np.linalg.qr(a)[1], A, V),
    ("Q", lambda a: np.linalg.qr(a[:, :2])[0], A, V),
    ("complete Q", lambda a: np.linalg.qr(a[:, :2], mode="complete")[0], A, V),
    ("eigenvectors", lambda a: np.linalg.eigh(a)[1], S, W),
    ("eigenvalues", np.linalg.eigvalsh, S, W),
    ("U", lambda a: np.linalg.svd(a[:, :2], full_matrices=False)[0], A, V),
    ("singular values", np.linalg.svdvals, A, V),
    ("prod", np.prod, X[:5], DX[:5]),
    ("cumprod", np.cumprod, X[:5], DX[:5]),
    ("max along an axis", lambda a: np.max(np.sin(a), axis=0), A, V),
    ("running max", lambda x: np.maximum.accumulate(np.sin(x)), X, DX),
    ("running min", lambda x: np.minimum.accumulate(np.sin(x)), X, DX),
    ("sort", lambda x: np.sort(x**2), X, DX),
    ("norm", np.linalg.norm, X, DX),
    ("gather", lambda x: x[np.array([0, 2, 2])] ** 2, X, DX),
    ("added at", added_at, X, DX),
    ("convolve", lambda x: np.convolve(x, x), X, DX),
    ("where", lambda x: np.where(x > 0.0, np.sqrt(np.abs(x)), 0.0), X, DX),
    ("power", lambda x: np.abs(x) ** x, X, DX),
    ("sinc", np.sinc, X, DX),
    ("written", written, X, DX),
    ("branched", branched, X, DX),
    ("newton", newton, np.array([2.0, 3.0]), np.array([1.0, 0.5])),
    ("counted", counted, 0.7, 1.0),
    ("scanned", scanned, X, DX),
    ("repeated", repeated, X, DX),
    ("custom", lambda x: np.sin(cubed(x)), X, DX),
    ("gradient", tapec.grad(lambda x: np.sum(np.exp(x) * np.roll(x, 1) ** 2)), X, DX),
    ("gradient of a loop", tapec.grad(lambda x: np.sum(written(x))), X, DX),
    ("gradient of a while loop", tapec.grad(lambda a: newton(a) ** 2), 2.0, 1.0),
]
IDS = [name for name, *_ in PROGRAMS]


def slopes(f: Callable[[Any], Any], order: int) -> list[np.ndarray]:
    """The derivatives of f at 0, up to an order."""
    found = []
    for _ in range(order + 1):
        found.append(np.asarray(tapec.compile(f, backend="numpy")(0.0)))
        f = _slope(f)
    return found


def _slope(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda t: tapec.jvp(f, (t,), (1.0,))[1]


def agree(f: Callable[[Any], Any], x: Any, v: Any, order: int, backend: str) -> None:
    found = tapec.taylor(tapec.compile(f, backend=backend), order)(x, v)
    for k, slope in enumerate(slopes(lambda t: f(x + t * v), order)):
        size = 1e-3 + np.max(np.abs(slope))
        np.testing.assert_allclose(found[k] * math.factorial(k) / size, slope / size, atol=1e-12)


@pytest.mark.parametrize(("_", "f", "x", "v"), PROGRAMS, ids=IDS)
def test_coefficients_are_repeated_derivatives(_: str, f: Any, x: Any, v: Any) -> None:
    agree(f, x, v, 2, "numpy")


@pytest.mark.slow
@pytest.mark.parametrize(("_", "f", "x", "v"), PROGRAMS, ids=IDS)
@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_coefficients_of_higher_degree(_: str, f: Any, x: Any, v: Any, backend: str) -> None:
    agree(f, x, v, 4, backend)


# --- size ----------------------------------------------------------------------------------------


def expanded_chain(n: int, degree: int) -> Func:
    builder = Builder()
    x = y = builder.expr(builder.param(Type("f64")))
    for _ in range(n):
        y = P["sin"](y * x) / (y + 1.0)
    return taylor(builder.func("chain", [y.value]), [True], degree)


def test_large_programs_share_functions() -> None:
    short, long = (expanded_chain(n, 20) for n in (50, 100))
    functions = {id(block) for op in long.ops for block in op.regions}
    assert len(functions) < 8
    assert (len(long.ops) - len(short.ops)) / 50 < 12


def test_more_degrees_make_longer_functions_not_more_calls() -> None:
    assert len(expanded_chain(60, 30).ops) - len(expanded_chain(60, 20).ops) < 50


# --- where values decide, and tie ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (np.abs, [0.0, 2.0, -3.0]),
        (lambda x: np.maximum(x, -x), [0.0, 2.0, -3.0]),
        (lambda x: np.minimum(x, -x), [0.0, -2.0, 3.0]),
        (lambda x: np.fmax(x, 0.0), [0.0, 0.0, 0.0]),
        (lambda x: np.max(np.array([x, -x, 2.0 * x])), [0.0, 2.0, -3.0]),
        (lambda x: np.min(np.array([x, -x, 2.0 * x])), [0.0, -4.0, 6.0]),
        (lambda x: np.maximum.accumulate(np.array([x, -x]))[1], [0.0, 2.0, -3.0]),
        (lambda x: np.copysign(x, -1.0), [0.0, -2.0, 3.0]),
    ],
)
def test_ties_are_decided_for_small_positive_t(f: Any, wanted: list[float]) -> None:
    found = tapec.taylor(f, 2, series=True)(np.array([0.0, -2.0, 3.0]))
    np.testing.assert_array_equal(found, wanted)


def test_a_square_under_an_absolute_value_is_decided_by_its_second_coefficient() -> None:
    found = tapec.taylor(lambda x: np.abs(-x * x), 4)(0.0, 1.0)
    np.testing.assert_array_equal(found, [0.0, 0.0, 1.0, 0.0, 0.0])


def test_conditions_are_those_at_the_point() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0.0, x, x**2) + np.floor(x)

    np.testing.assert_array_equal(tapec.taylor(f, 2)(0.0, 1.0), [0.0, 0.0, 1.0])


def test_the_branch_not_taken_leaves_no_nan() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0.0, np.sqrt(x), 0.0)

    np.testing.assert_array_equal(tapec.taylor(f, 3)(0.0, 1.0), np.zeros(4))
    np.testing.assert_array_equal(tapec.taylor(tapec.grad(f), 2)(0.0, 1.0), np.zeros(3))


def test_what_is_at_rest_stays_there() -> None:
    for f in (np.sqrt, np.cbrt, lambda x: x**0.5, lambda x: np.hypot(x, 0.0)):
        found = tapec.taylor(f, 3)(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        np.testing.assert_array_equal(found[:, 0], np.zeros(4))
        assert np.isfinite(found).all()


def test_powers_of_zero() -> None:
    exponents = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    found = tapec.taylor(lambda x, p: x**p, 3)(np.zeros(5), np.ones(5), exponents)
    np.testing.assert_array_equal(found.T, [*np.eye(4), np.zeros(4)])
    np.testing.assert_array_equal(tapec.taylor(lambda x: 0.0**x, 2)(1.0, 1.0), np.zeros(3))
    assert not np.isfinite(tapec.taylor(lambda x, p: x**p, 3)(0.0, 1.0, 1.5)[2:]).any()


@pytest.mark.parametrize("f", [np.sqrt, np.log, lambda x: 1.0 / x, lambda x: np.hypot(x, 0.0)])
def test_singular_points_are_not_hidden(f: Any) -> None:
    assert not np.isfinite(tapec.taylor(f, 3)(0.0, 1.0)[1:]).any()
