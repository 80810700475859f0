"""What NumPy's functions demand of values, and values at the edges of what they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import tapec

INF, NAN = np.inf, np.nan


def outcome(f: Any, *args: Any) -> Any:
    with np.errstate(all="ignore"):
        try:
            return np.asarray(f(*args))
        except Exception as error:
            return type(error).__name__, str(error)


def check(f: Any, *args: Any) -> None:
    """The kernel gives what NumPy gives, natively and interpreted, or raises what that raises."""
    want = outcome(f, *args)
    for backend in ("llvm", "numpy"):
        got = outcome(tapec.compile(f, backend=backend), *args)
        if isinstance(want, tuple):
            assert got == want
        else:
            np.testing.assert_allclose(got, want, rtol=1e-13, strict=True)


WEIGHTS = [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1.0, -1.0, 0.0]]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_average(weights: list[float]) -> None:
    x, w = np.arange(6.0).reshape(3, 2), np.array(weights)
    check(lambda x, w: np.average(x[:, 0], weights=w), x, w)
    check(lambda x, w: np.average(x, axis=0, weights=w), x, w)
    check(lambda x: np.average(x[:, 1], weights=weights), x)


def test_an_average_without_weight_can_be_caught() -> None:
    def f(x: Any, w: Any) -> Any:
        try:
            return np.average(x, weights=w)
        except ZeroDivisionError:
            return np.sum(x)

    for w in WEIGHTS:
        check(f, np.arange(3.0), np.array(w))


@pytest.mark.parametrize("f", [np.nanargmax, np.nanargmin])
@pytest.mark.parametrize("row", [[NAN, NAN], [NAN, 1.0], [-INF, NAN], [INF, NAN], [2.0, 1.0]])
def test_arguments_of_extremes(f: Any, row: list[float]) -> None:
    x = np.array([[1.0, 2.0], row])
    check(lambda x: f(x), x)
    check(lambda x: f(x, axis=1), x)
    check(lambda x: f(x[1]), x)


REFUSED: list[tuple[Any, list[Any]]] = [
    (lambda q: np.quantile(np.arange(4.0), q), [0.5, 1.5, -0.1, NAN, [0.2, 1.1], [0.0, 1.0]]),
    (lambda q: np.nanpercentile(np.arange(4.0), q), [50.0, 101.0, [-1.0, 3.0]]),
    (lambda a: np.geomspace(a, 2.0, 3), [1.0, 0.0, [1.0, 0.0]]),
    (lambda x: np.histogram(x, 3)[0], [[1.0, 2.0], [1.0, NAN], [INF, 1.0], [-INF, INF]]),
    (lambda i: np.stack(np.unravel_index(i, (2, 3))), [[0, 5], [0, 6], [-1, 2]]),
    (lambda i: np.ravel_multi_index((i, i), (2, 3)), [[0, 1], [0, 2], [-1, 0]]),
]


@pytest.mark.parametrize("k", range(len(REFUSED)))
def test_other_demands(k: int) -> None:
    f, values = REFUSED[k]
    for value in values:
        x = np.asarray(value)
        want = outcome(f, x)
        got = outcome(tapec.compile(f), x)
        if isinstance(want, tuple):
            assert got[0] == want[0]
        else:
            np.testing.assert_allclose(got, want, rtol=1e-13)


def test_products_of_polynomials() -> None:
    first, second = np.array([2.0, 1.0]), np.array([1.0, 0.0, 3.0])
    check(np.polymul, first, second)
    check(np.polymul, np.zeros(1), second)
    for constant in ([0.0, 0.0, 1.0, 2.0], [0.0], [0.0, 0.0], [0, 3]):
        check(lambda p: np.polymul(constant, p), second)  # noqa: B023
    with pytest.raises(tapec.errors.ShapeError, match="first coefficient of a polynomial is 0"):
        tapec.compile(np.polymul)(np.array([0.0, 1.0]), second)


@pytest.mark.parametrize(
    "values", [[0, INF, 1, 2], [-INF, INF, 1, INF], [INF, INF, 1, 1], [0, 1, NAN, 2]]
)
def test_interpolation_beside_infinite_data(values: list[float]) -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, NAN, INF, -INF])
    check(lambda x: np.interp(x, [0, 1, 2, 3], values), x)
    check(lambda x, p: np.interp(x, [0, 1, 2, 3], p), x, np.array(values))
    check(lambda x, k: np.interp(x, k, [0, 3, 1, 2]), x, np.array([-INF, 1.0, 2.0, INF]))


def test_logarithms_of_gamma_and_beta() -> None:
    x = np.array([-INF, INF, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 30.0, -1e300, NAN])
    check(lambda x: special.gammaln(x), x)
    check(lambda x: special.loggamma(x), x)
    a, b = np.meshgrid([*range(-12, 13), -0.5, 0.5, 2.5, -INF], [*range(-12, 13), -2.5, 7.5, -INF])
    check(lambda a, b: special.betaln(a, b), a.ravel() * 1.0, b.ravel() * 1.0)
    slope = tapec.grad(lambda a: special.betaln(a, 2.5))
    assert np.isclose(slope(1.5), special.digamma(1.5) - special.digamma(4.0), rtol=1e-13)
