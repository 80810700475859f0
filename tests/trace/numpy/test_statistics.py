"""Statistics, NaN-aware reductions, in-place functions, `math`: against NumPy and differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import UnsupportedOperation

RNG = np.random.default_rng(5)
X = RNG.standard_normal((4, 6))
V = RNG.standard_normal(9)
W = RNG.random(9)
N = X.copy()
N[0, 1] = N[2, :3] = N[3] = np.nan
I = np.array([0, 2, 1, 2, 5, 0, 1, 2, 2])  # noqa: E741
T = np.array([0.0, 0.1, 0.4, 0.5, 0.9, 1.5, 1.6, 2.0, 3.0])
LONG = RNG.standard_normal(110)
poly = np.polynomial.polynomial.polyval


def written(a: Any) -> Any:
    z = np.zeros((3, 3))
    np.put(z, [0, 4, -1], a[:3])
    np.place(z, np.eye(3)[::-1] > 0, a[:2])
    np.putmask(z, z > 1.0, a[3] * z)
    np.fill_diagonal(z[1:], a[4])
    np.put_along_axis(z, np.array([[2], [1], [0]]), a[5:6] * 2.0, axis=1)
    np.copyto(z[0], a[:3], where=[True, False, True])
    return z * a[:3]


def results_in_place(a: Any) -> Any:
    out, row = np.empty((2, 3)), np.zeros(3)
    np.multiply(a[:3], 2.0, out)
    np.add(a[:3], 1.0, out=out[1])
    np.exp(a[3:6], out=out[0], where=a[3:6] > 0)
    np.add(2.0, 3.0, out=row)
    np.sum(out, axis=0, out=row[:])
    np.clip(row, -1.0, 1.0, out=row)
    np.cumsum(a[:3], out=out[0])
    total = np.dot(out, row, out=np.zeros(2))
    return np.concatenate([out.ravel(), row, total, np.matmul(out, row, out=total)])


def iterated(a: Any) -> Any:
    total = 0.0
    for x in np.nditer(a):
        total += float(x) ** 2
    for x, y in np.nditer([a, a[::-1]]):
        total += x * y
    return total


def functions_of_math(a: Any) -> Any:
    return np.array([
        math.hypot(a[0], a[1], a[2]), math.hypot(a[3]), math.dist(a[:2], a[2:4]),
        math.prod(a[:3], start=2.0), math.log(abs(a[4]) + 1, 3), math.gamma(a[5] - 5.3),
        math.fsum(a), math.isclose(a[0], a[0] * (1 + 1e-7)) * a[0], math.modf(a[2])[0],
        math.ldexp(a[1], 3),
    ])  # fmt: skip


@np.vectorize
def gate(u: Any, v: Any) -> Any:
    if u > 0.2:
        return u * v
    return v


def ordered(a: Any) -> Any:
    up, down = sorted(a), sorted([*a[:4], 0.5], reverse=True)
    near = sorted([a[:3], a[3:6], a[6:]], key=lambda r: abs(r[1]))
    own, pair = list(a[:5]), [a[0], 2.0, a[1]]
    own.sort()
    pair.sort(key=abs, reverse=True)
    if a[0] > 0:
        own.sort(reverse=True)
    steps = sorted(range(3), key=lambda k: (k - 1) ** 2)
    return np.array([*up, *down, *near[0], *steps, *own, *pair])


def places(a: Any) -> Any:
    i, m = np.where(a > 0.2), np.outer(a, a)
    j, k = np.nonzero(m > 0.3)
    m[j, k] *= 0.5
    m[np.where(m < 0.1)] = a[0]
    z, b = np.zeros(9), a * 1
    z[i] = a[i] ** 2
    z[np.flatnonzero(a < 0)] += 1.0
    b[i[0]] -= a[i] * len(i[0])
    return m * z + b + a[i].max() + m[j, k].sum() + a[1:][np.where(np.diff(np.sign(a)))[0]].sum()


def places_in_a_loop(a: Any) -> Any:
    for _ in range(120):
        i = np.where(a > 0.9)
        a[i] = a[i] * 0.5
        a[np.nonzero(a < 0)[0]] += 1.3
    return a


def at_each(a: Any) -> Any:
    z, few = np.ones((4, 3)), np.zeros(3)
    rows, columns = np.arange(30) * 7 % 4, np.arange(30) * 5 % 3
    values = np.concatenate([a, a[::-1], 2 * a[:6], a[:6] / 2])
    np.maximum.at(z, (rows, columns), values)
    np.multiply.at(z, rows, 1.0 + 0.1 * values[:, None] * np.arange(3.0))
    np.minimum.at(z, np.argsort(a)[:4] % 4, a[0])
    np.maximum.at(few, [0, 1, 1, 2], a[:4])
    np.negative.at(few, [1, 1, 2])
    return z * few


def extremes_of_python(a: Any) -> Any:
    best = max([(a[k], float(k)) for k in range(4)], key=lambda p: p[0])
    far = max(range(9), key=lambda k: abs(a[k]))
    return np.array([
        max(abs(v) for v in a), min(a[i] * i for i in range(5)), max(map(abs, a[:3])),
        max(a, key=lambda v: v * v), min(a[0], a[1], key=abs), max((v for v in a), default=0.0),
        max([], default=2.0), best[0] + best[1], a[far], max([3, 5], key=lambda k: -k) * a[0],
        max([a[:2], a[2:4]], key=lambda r: r.sum())[0],
    ])  # fmt: skip


CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "correlate": (lambda a: np.concatenate([np.correlate(a, W, m) for m in ("full", "same", "valid")]
                  + [np.correlate(a[:4], a, m) for m in ("full", "same", "valid")]), V),
    **{f"long convolve {m}": (lambda a, m=m: np.concatenate([np.convolve(a, LONG, m),
       np.convolve(LONG[:70], a, m), np.correlate(a[:80], a, m)]), LONG[::-1])
       for m in ("full", "same", "valid")},
    "cov": (lambda a: np.cov(a), X), "cov weights": (lambda a: np.cov(a, aweights=np.abs(a[0])), X),
    "cov columns": (lambda a: np.cov(a, rowvar=False, bias=True), X),
    "cov both": (lambda a: np.cov(a[0], a[1], fweights=[1, 2, 1, 3, 1, 2]), X),
    "corrcoef": (np.corrcoef, X), "corrcoef of one": (lambda a: np.corrcoef(a[0]) * a[0], X),
    "bincount": (lambda a: np.bincount(I, weights=a, minlength=8), V),
    "bincount traced": (lambda a: np.bincount((a > 0).astype(int), a, 3), V),
    "histogram": (lambda a: np.histogram(a[:5], 3, weights=a[4:])[0], V),
    "histogram edges": (lambda a: np.histogram(a, 4)[1], V),
    "histogram density": (lambda a: np.histogram(a, T - 1, density=True, weights=a**2)[0], V),
    "apply_along_axis": (lambda a: np.apply_along_axis(lambda r: r[:2] * r.sum(), 1, a), X),
    "apply_over_axes": (lambda a: np.apply_over_axes(np.sum, a, [0, 1]), X),
    "polyval": (lambda a: poly(a[:3], a) + poly(2.0, a), V),
    "polyval tensor": (lambda a: poly(a[0], a, tensor=False), X),
    "polyval long": (lambda a: np.polyval(np.tile(a, 20), a / 2), V),
    "polyval long rows": (lambda a: poly(a / 2, np.tile(a, 20)), V),
    "polynomials": (lambda a: np.polyval(np.polyder(np.polymul(a[:3], np.polyint(a[3:]))), 0.5), V),
    "polyadd": (lambda a: np.concatenate([np.polyadd(a[:2], a[4:]), np.polysub(a[:2], a)]), V),
    "modf": (lambda a: np.stack(np.modf(3 * a)), V), "ldexp": (lambda a: np.ldexp(a, I - 3), V),
    "logspace": (lambda a: np.logspace(a[0], a[1], 5) + np.geomspace(-1.0, a[2] - 4, 5), V),
    "unwrap": (lambda a: np.unwrap(5 * a), V), "interp period": (
        lambda a: np.interp(3 * a, a[:4] + [0, 1, 5, 9], a[:4], period=2.5), V),
    "gradient": (lambda a: np.stack(np.gradient(a, 0.5, T[:6], edge_order=2)), X),
    "gradient of coordinates": (lambda a: np.gradient(a**2, a + 3 * T), V),
    "array_equal": (lambda a: np.array_equal(a, a * 1.0) * a + np.array_equiv(a[0], a[:3]), V),
    "insert": (lambda a: np.insert(a, [1, 1, 4], a[:3]), V),
    "insert columns": (lambda a: np.insert(a, 2, a[:, 0], axis=1), X),
    "delete": (lambda a: np.delete(a, [0, -1]) + np.delete(a, slice(1, 3)), V),
    "delete rows": (lambda a: np.delete(a, 1, axis=0), X), "resize": (lambda a: np.resize(a, 12), V),
    "windows": (lambda a: np.lib.stride_tricks.sliding_window_view(a, (2, 3)).std(axis=(2, 3)), X),
    "compress": (lambda a: np.compress([1, 0, 1], a, axis=1) * a.compress([0, 1], axis=0)[0, 0], X),
    "extract": (lambda a: np.extract(T > 0.3, a), V), "choose": (
        lambda a: np.choose([2, 0, 1, 0, 1, 2, 0, 0, 1], [a, 2 * a, 3.0]), V),
    "choose wrapped": (lambda a: np.choose(I - 3, [a, a**2], mode="wrap"), V),
    "written": (written, V), "out": (results_in_place, V), "nditer": (iterated, V),
    "math": (functions_of_math, V), "vecdot": (lambda a: np.vecdot(a, a[::-1], axis=0), X),
    "vector_norm": (lambda a: np.linalg.vector_norm(a, ord=1, axis=(0, 1), keepdims=True), X),
    "matrix_transpose": (lambda a: np.matrix_transpose(np.stack([a, 2 * a])), X),
    "masked": (lambda a: np.concatenate([np.mean(a, 1, where=a > 0), np.var(a, 0, where=a > -1),
               np.max(a, 1, initial=0.1, where=a < 1), np.sum(a, 0, where=a > 0, initial=2.0)]), X),
    "einsum lists": (lambda a: np.einsum(a, [0, 1], a, [2, 1], [2, 0]), X),
    **{f.__name__: (lambda a, f=f: np.concatenate([f(a, axis=1), f(a, axis=0)]), N[:3]) for f in (
       np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin)},
    "vectorized": (lambda a: gate(a, a[0] + 1), V), "sorted": (ordered, V),
    "places": (places, V), "places in a loop": (places_in_a_loop, V),
    "at": (at_each, V), "reduceat": (lambda a: np.add.reduceat(a, [0, 3, 2, 2])
                                     + np.maximum.reduceat(np.outer(a, a), [0, 4], axis=1)[:4, 1], V),
    "extremes of Python": (extremes_of_python, V),
    "fromiter": (lambda a: np.fromiter((v * k for k, v in enumerate(a)), float, 5), V),
    "ranges": (lambda a: a[range(0, 9, 4)] * np.take(a, range(3)) + a[(0, 2, 4),], V),
    "isin": (lambda a: np.isin(np.round(a), [0, 1]) * a, V),
    "tensorinv": (lambda a: np.linalg.tensorinv(a.reshape(4, 6, 24) + np.eye(24).reshape(4, 6, 24)),
                  RNG.random((24, 24)) / 24),
    "nancumsum": (lambda a: np.nancumsum(a, axis=1) + np.nancumprod(a, axis=0), N),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str) -> None:
    f, x = CASES[name]
    want = f(x.copy())
    got = tapec.compile(f)(x.copy())
    assert (np.shape(got), np.asarray(got).dtype) == (np.shape(want), np.asarray(want).dtype)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    w = np.cos(np.arange(np.size(want))).reshape(np.shape(want))
    d = np.sin(1 + np.arange(x.size)).reshape(x.shape)

    def h(y: Any) -> Any:
        return np.sum(f(y * 1) * w)

    e = 1e-6
    slope = (h(x + e * d) - h(x - e * d)) / (2 * e)
    np.testing.assert_allclose(np.sum(tapec.grad(h)(x) * d), slope, rtol=1e-6, atol=1e-7)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["nanmean", "nanvar", "nanmax", "nanmin", "nansum", "nanstd"])
def test_rows_of_nan(name: str) -> None:
    function = getattr(np, name)
    for axis in (None, 0, 1):
        got = tapec.compile(lambda a, axis=axis: function(a, axis=axis))(N)
        np.testing.assert_allclose(got, function(N, axis=axis), rtol=1e-13)


def test_in_place_functions_on_arrays_of_numbers() -> None:
    """Constant arrays, too, are written by the trace: what was read before stays as it was."""

    def f(x: Any) -> Any:
        z = np.array([3.0, 1.0, 2.0])
        found = [z + x]
        z.sort()
        found.append(z + x)
        np.put(z, 0, 7.0)
        found.append(z + x)
        np.fill_diagonal(z.reshape(3, 1), -1.0)
        found.append(z + x)
        np.subtract(z, 1.0, out=z)
        found.append(z + x)
        z.T.flat[1] = 9.0
        z.partition(1)
        for k in range(2):
            if x[k] > 0:
                np.add(z, 2.0, out=z)
        return np.stack([*found, z + x])

    for x in (np.arange(3.0), -np.arange(3.0)):
        np.testing.assert_array_equal(tapec.compile(f)(x), f(x))


def test_choose_out_of_range() -> None:
    for index in ([0, 2, 1], [0, -1, 1]):
        i = np.array(index)
        for f in (lambda i, x: np.choose(i, [x, 2 * x]), lambda i, x: i.choose([x, 2 * x])):
            with pytest.raises((IndexError, ValueError)):
                tapec.compile(f)(i, V[:3])
        with pytest.raises((IndexError, ValueError)):
            tapec.compile(lambda x, i=index: np.choose(i, [x, 2 * x]))(V[:3])


@pytest.mark.parametrize("f", [
    lambda x: math.remainder(x[0], 2.0), lambda x: np.emath.log(x),
    lambda x: np.bincount(x.astype(int)), lambda x: np.ix_(x > 0.0),
    lambda x: np.add(x, 1.0, where=x > 0), lambda x: np.emath.sqrt(x),
    lambda x: np.add.at(np.zeros(3, int), [0, 1], x[:2]), lambda x: np.nditer(np.stack([x, x]).T),
])  # fmt: skip
def test_refusals(f: Any) -> None:
    with pytest.raises(tapec.TapecError, match=r"test_statistics\.py"):
        tapec.compile(f)(V)


def test_a_function_of_numpy_itself_names_the_caller() -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        tapec.compile(np.setxor1d)(X[0], X[1])
    assert "contextlib" not in str(caught.value)
    assert "test_statistics.py" in str(caught.value)


KEYS = [np.array([True, False, True]), [True, False], (slice(None), np.array([True, False])),
        (..., np.ones(5, bool)), np.ones((4, 5), bool)]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("writes", [False, True])
def test_masks_of_another_length_are_errors(key: Any, writes: bool) -> None:
    def f(x: Any) -> Any:
        if writes:
            x[key] = 0.0
        return x[key]

    for call in (f, tapec.compile(f)):
        with pytest.raises(IndexError, match="boolean index did not match"):
            call(X.copy())


ERRORS: dict[str, Callable[[Any], Any]] = {
    "einsum": lambda x: np.einsum("i,j->k", x, x), "linspace": lambda x: np.linspace(x[0], 1, -3),
    "histogram": lambda x: np.histogram(x, [3.0, 1.0]), "split": lambda x: np.split(x, 2),
    "squeeze": lambda x: np.squeeze(x, 0), "rollaxis": lambda x: np.rollaxis(x, 0, 3),
    "clip": lambda x: np.clip(x, 0, 1, nonsense=2), "stack": lambda x: np.stack([x, x[:2]]),
    "reshape": lambda x: x.reshape(-1, -1), "transpose": lambda x: x.transpose(0, 0),
    "out": lambda x: np.add(x, 1.0, out=np.zeros(3)), "quantile": lambda x: np.quantile(x, 1.5),
    "hypot": lambda x: np.hypot(x, x, x, x), "sum": lambda x: np.sum(x, axis=1),
    "cross": lambda x: np.cross(x, x), "delete": lambda x: np.delete(x, 9),
    "moveaxis": lambda x: np.diag(np.ones((2, 2, 2)) * x[0]), "fill": lambda x: np.fill_diagonal(x, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_what_numpy_refuses_is_refused(name: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError)):
        ERRORS[name](V.copy())
    with pytest.raises((ValueError, TypeError, IndexError, tapec.TapecError)):
        tapec.compile(ERRORS[name])(V.copy())
