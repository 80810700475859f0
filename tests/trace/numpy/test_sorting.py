"""Sorting, quantiles and matrix functions: values against NumPy, gradients against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec

RNG = np.random.default_rng(3)
X = RNG.standard_normal((4, 6))
V = RNG.standard_normal(11)
T = np.sort(V) + 0.01
Q = RNG.standard_normal((5, 5)) + 2 * np.eye(5)
P = Q @ Q.T
STACK = RNG.standard_normal((3, 4, 4)) + 2 * np.eye(4)


def in_place(a: Any) -> Any:
    b = a * 1
    b.sort()
    b[::-1].sort()
    return b


def likelihood(s: Any) -> Any:
    factor = np.linalg.cholesky(s)
    z = np.linalg.solve(s, s[0] * 2)
    return np.log(np.diag(factor)).sum() + z.sum() + np.linalg.slogdet(s)[1] + np.linalg.det(s / 9)


CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    **{f"sort {axis}": (lambda a, axis=axis: np.sort(a, axis=axis), X) for axis in (0, 1, None)},
    "argsort": (lambda a: np.argsort(a, axis=0) * 1.0, X),
    "sort in place": (in_place, V),
    "partition": (lambda a: np.partition(a, 2, axis=0)[2], X),
    "lexsort": (lambda a: np.lexsort((a[0] > 0, np.round(a[1]))) * 1.0, X),
    **{f"median {axis}": (lambda a, axis=axis: np.median(a, axis=axis, keepdims=True), X)
       for axis in (0, 1, None, (0, 1))},
    **{f"quantile {m}": (lambda a, m=m: np.quantile(a, [0.25, 0.3, 1.0], axis=1, method=m), X)
       for m in ("linear", "lower", "higher", "midpoint", "nearest")},
    **{f"many quantiles {m}": (
        lambda a, m=m: np.quantile(a, np.linspace(0.02, 1.0, 12).reshape(3, 4), axis=0, method=m), X)
       for m in ("linear", "lower", "higher", "midpoint", "nearest")},
    "many traced quantiles": (
        lambda a: np.quantile(a, 0.5 + 0.1 * np.tanh(np.concatenate([a, 2 * a]))), V),
    "percentile": (lambda a: np.percentile(a, 35, axis=0), X),
    "traced quantile": (lambda a: np.quantile(a[1:], 0.5 + 0.1 * np.tanh(a[0])), V),
    "running": (lambda a: np.maximum.accumulate(a) + np.minimum.accumulate(a[::-1]), V),
    "running rows": (lambda a: np.maximum.accumulate(a, axis=1), X),
    "searchsorted": (lambda a: np.searchsorted(T, a, "right") * a, V),
    "digitize": (lambda a: np.digitize(a, [1.0, 0.0, -1.0]) * a, V),
    "det": (np.linalg.det, Q),
    "det of a stack": (np.linalg.det, STACK),
    "small det": (lambda a: np.linalg.det(a[:, :3, :3]) + np.linalg.det(a[:, :2, :2]), STACK),
    "slogdet": (lambda a: np.linalg.slogdet(a).logabsdet * np.linalg.slogdet(a)[0], STACK),
    "cholesky": (lambda a: np.linalg.cholesky(a), P),
    "upper": (lambda a: np.linalg.cholesky(a, upper=True), P),
    "cholesky of a stack": (lambda a: np.linalg.cholesky(a @ np.swapaxes(a, 1, 2)), STACK),
    "likelihood": (likelihood, P),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(CASES, 2))
def test_values_and_gradients(name: str) -> None:
    f, x = CASES[name]
    want = f(x)
    np.testing.assert_allclose(tapec.compile(f)(x), want, rtol=1e-12, atol=1e-13)
    w = np.cos(np.arange(np.size(want))).reshape(np.shape(want))
    d = np.sin(1 + np.arange(x.size)).reshape(x.shape)

    def h(y: Any) -> Any:
        return np.sum(f(y) * w)

    kernel, e = tapec.compile(h), 1e-6
    slope = (h(x + e * d) - h(x - e * d)) / (2 * e)
    np.testing.assert_allclose(np.sum(kernel.grad(x) * d), slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(tapec.jvp(h, (x,), (d,))[1], slope, rtol=1e-6, atol=1e-7)
    curve = (kernel.grad(x + e * d) - kernel.grad(x - e * d)) / (2 * e)
    np.testing.assert_allclose(kernel.hvp(x, d), curve, rtol=1e-5, atol=1e-5 * np.abs(curve).max())


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 31, 200])
@pytest.mark.parametrize("kind", ["floats", "ties", "nan", "i32"])
def test_sorting_is_stable(n: int, kind: str) -> None:
    x: Any = np.random.default_rng(n).integers(0, n // 2 + 1, n)
    if kind in ("floats", "nan"):
        x = x + np.random.default_rng(n).random(n)
    if kind == "nan":
        x[::3] = np.nan
    if kind == "i32":
        x = x.astype(np.int32)
    np.testing.assert_array_equal(tapec.compile(np.argsort)(x), np.argsort(x, kind="stable"))
    np.testing.assert_array_equal(tapec.compile(np.sort)(x), np.sort(x))


def test_sorting_in_lanes_and_loops() -> None:
    np.testing.assert_array_equal(tapec.vmap(np.sort)(X), np.sort(X))

    def f(x: Any, n: int) -> Any:
        for _ in range(n):
            x = np.sort(x * x - 0.5)
        return x

    for n in (0, 3):
        np.testing.assert_allclose(tapec.compile(f)(V, n), f(V, n), rtol=1e-12)


@pytest.mark.parametrize("f", [np.nanmedian, np.median])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_medians_with_nan(f: Any, axis: Any) -> None:
    x = X.copy()
    x[0, :4] = x[2, 3] = np.nan
    got = tapec.compile(lambda a: f(a, axis=axis))(x)
    np.testing.assert_array_equal(got, f(x, axis=axis))


@pytest.mark.parametrize(("f", "x"), [
    (np.linalg.cholesky, -np.eye(5)), (np.linalg.cholesky, -np.eye(2)),
    (lambda a: np.linalg.det(a) * np.linalg.solve(a, a[0]), np.ones((5, 5))),
    (lambda a: np.linalg.solve(a, a[0]) * np.linalg.det(a), np.ones((5, 5))),
])  # fmt: skip
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_what_cannot_be_factored_raises(f: Any, x: Any, backend: str) -> None:
    with pytest.raises(np.linalg.LinAlgError) as theirs:
        f(x)
    with pytest.raises(np.linalg.LinAlgError, match=str(theirs.value)):
        tapec.compile(f, backend=backend)(x)


@pytest.mark.parametrize("n", [1, 47, 48, 49, 63, 64, 65, 300])
@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_short_and_long_arrays(n: int, side: Any) -> None:
    t = np.sort(np.random.default_rng(n).integers(0, n // 2 + 1, n) * 1.0)
    v = np.concatenate([t, t + 0.5, [-1.0, np.nan, np.inf, -np.inf]]).reshape(-1, 2)
    kernel = tapec.compile(lambda t, v: np.searchsorted(t, v, side))
    np.testing.assert_array_equal(kernel(t, v), np.searchsorted(t, v, side))
    x = np.linspace(-1.0, n, 61)
    got = tapec.compile(np.interp)(x, np.arange(n) * 0.9, t)
    np.testing.assert_allclose(got, np.interp(x, np.arange(n) * 0.9, t), rtol=1e-13)


def test_singular_determinants() -> None:
    x = np.ones((6, 6))
    assert tapec.compile(np.linalg.det)(x) == 0
    assert tuple(tapec.compile(np.linalg.slogdet)(x)) == (0.0, -np.inf)
    np.testing.assert_array_equal(tapec.grad(np.linalg.det)(x), np.zeros((6, 6)))
    with pytest.raises(np.linalg.LinAlgError):
        tapec.grad(lambda a: np.linalg.slogdet(a)[1])(x)
    np.testing.assert_array_equal(tapec.grad(np.linalg.det)(np.diag([2.0, 3.0, 0.0])),
                                  np.diag([0.0, 0.0, 6.0]))  # fmt: skip


@pytest.mark.parametrize("q", [0.3, [0.3, 0.7], np.linspace(0.0, 1.0, 12)], ids=["0", "2", "12"])
def test_element_type_of_quantiles(q: Any) -> None:
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    found, expected = (
        tapec.compile(lambda x: np.quantile(x, q, axis=0))(x),
        np.quantile(x, q, axis=0),
    )
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_many_quantiles_of_rows_with_nan() -> None:
    x, q = np.random.default_rng(0).normal(size=(9, 4)), np.linspace(0.0, 1.0, 12)
    x[3, 1] = np.nan
    found = tapec.compile(lambda x: np.quantile(x, q, axis=0))(x)
    np.testing.assert_allclose(found, np.quantile(x, q, axis=0), rtol=1e-13, atol=1e-15)
    with pytest.raises(ValueError, match="range"):
        tapec.compile(lambda x: np.quantile(x, q + 0.5, axis=0))(x)
