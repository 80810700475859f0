"""Slices whose length is known at run time only: kernels as written, errors, what must not leak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec import compile as tapec_compile
from tapec import grad, rolled
from tapec.errors import ShapeError, TraceError, UnsupportedOperation

Function = Callable[..., Any]
RNG = np.random.default_rng(7)
N = 6
MATRIX = RNG.standard_normal((N, N)) + N * np.eye(N)
SPD = MATRIX @ MATRIX.T / N
VECTOR = RNG.uniform(0.5, 1.5, N)
LONG = RNG.uniform(0.5, 2.0, 12)


def lu_by_slices(A: Any) -> Any:
    n = A.shape[0]
    for k in rolled(range(n - 1)):
        A[k + 1 :, k] /= A[k, k]
        A[k + 1 :, k + 1 :] -= np.outer(A[k + 1 :, k], A[k, k + 1 :])
    return A


def lu_by_products(A: Any) -> Any:
    for i in rolled(range(A.shape[0])):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]
    return A


def cholesky(A: Any) -> Any:
    A[0, 0] = np.sqrt(A[0, 0])
    for i in rolled(range(1, A.shape[0])):
        for j in range(i):
            A[i, j] -= np.dot(A[i, :j], A[j, :j])
            A[i, j] /= A[j, j]
        A[i, i] -= np.dot(A[i, :i], A[i, :i])
        A[i, i] = np.sqrt(A[i, i])
    return A


def triangular_solves(A: Any) -> Any:
    n = A.shape[0]
    x, y = np.zeros(n), np.zeros(n)
    for i in rolled(range(n)):
        y[i] = (VECTOR[i] - A[i, :i] @ y[:i]) / A[i, i]
    for i in rolled(range(n - 1, -1, -1)):
        x[i] = (y[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x


def durbin(r: Any) -> Any:
    y = np.empty_like(r)
    alpha, beta = -r[0], 1.0
    y[0] = -r[0]
    for k in rolled(range(1, r.shape[0])):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * y[:k][::-1]
        y[k] = alpha
    return y


def correlations(data: Any) -> Any:
    m = data.shape[1]
    corr = np.eye(m)
    for i in rolled(range(m - 1)):
        corr[i + 1 : m, i] = corr[i, i + 1 : m] = data[:, i] @ data[:, i + 1 : m]
    return corr


def triangular_update(C: Any) -> Any:
    for i in rolled(range(C.shape[0])):
        C[i, : i + 1] *= 0.7
        for k in range(C.shape[1]):
            C[i, : i + 1] += 0.1 * C[i, k] * MATRIX[: i + 1, k]
    return C


def reductions(x: Any) -> Any:
    s = 0.0
    for i in rolled(range(2, x.shape[0])):
        p, q = x[:i], x[i - 1 :]
        s += p.mean() + p.std() + p.max() - q.min() + np.linalg.norm(p) + np.prod(p) + q.var()
        s += np.log(p).sum() + (1.0 / p).sum() + np.sqrt(q).sum() + np.cumsum(p)[-1]
        s += p[0] * p[-1] + len(p) + p.shape[0] + np.argmax(p) + np.any(p > 1.5) + np.all(p > 0)
        s += (x[i::-1] * 2.0).sum() + p[1:].sum() + (p[1:] - p[:-1]).max() + p[:, None].sum()
        s += np.sum(np.outer(p, q)[0]) + (p[:, None] * p).sum(axis=0)[i - 1] + np.vdot(p, p)
        s += np.where(p > 1.0, p, 0.0).sum() + x[i - 2 : i][::-1] @ x[i - 2 : i]
    return s


def elements(x: Any) -> Any:
    s = 0.0
    for i in rolled(range(1, x.shape[0])):
        p = x[:i].copy()
        for j in range(i):
            s += p[j] * p[-1 - j]
        for v in x[:i]:
            s *= 0.9
            s += v
        p[0] = 3.0
        p[i - 1] += 1.0
        p[1:] *= 2.0
        s += p.sum() + x[0]
    return s + p.max()


def branches(x: Any) -> Any:
    s = 0.0
    for i in rolled(range(1, x.shape[0])):
        if x[i] > 1.0:  # noqa: SIM108
            part = x[:i]
        else:
            part = x[i:]
        s += part.sum() / len(part)
    return s


ROWS = np.array([0, 2, 5, 5, 9, 12])
COLUMNS = RNG.integers(0, N, 12)


def sparse_product(values: Any) -> Any:
    y, total = np.empty(5), np.zeros(N)
    for i in rolled(range(5)):
        columns = COLUMNS[ROWS[i] : ROWS[i + 1]]
        part = values[ROWS[i] : ROWS[i + 1]]
        y[i] = part @ VECTOR[columns]
        np.add.at(total, columns, part)
    return np.concatenate([y, total])


KERNELS: list[tuple[Function, Any]] = [
    (lu_by_slices, MATRIX),
    (lu_by_products, MATRIX),
    (cholesky, SPD),
    (triangular_solves, MATRIX),
    (durbin, VECTOR / 9.0),
    (correlations, MATRIX),
    (triangular_update, MATRIX),
    (reductions, LONG),
    (elements, LONG),
    (branches, LONG),
    (sparse_product, LONG),
]


@pytest.mark.parametrize(("f", "x"), KERNELS, ids=lambda p: getattr(p, "__name__", ""))
def test_kernels(f: Function, x: Any) -> None:
    check(f, x.copy())


@pytest.mark.parametrize(("f", "x"), KERNELS, ids=lambda p: getattr(p, "__name__", ""))
def test_gradients_of_kernels(f: Function, x: Any) -> None:
    def number(x: Any) -> Any:
        y = f(x.copy())
        return np.sum(y * np.cos(np.arange(np.size(y)).reshape(np.shape(y))))

    d, e = np.sin(1.0 + np.arange(x.size)).reshape(x.shape), 1e-4
    ahead = [number(x + k * e * d) for k in (-2, -1, 1, 2)]
    want = (ahead[0] - 8 * ahead[1] + 8 * ahead[2] - ahead[3]) / (12 * e)
    made = grad(tapec_compile(number, backend="numpy"))(x)
    np.testing.assert_allclose(np.sum(made * d), want, rtol=1e-8, atol=1e-9)


def test_what_is_left_out_never_leaks() -> None:
    bad = np.array([1.0, 2.0, 3.0, 0.0, np.nan, -1.0, np.inf])

    def f(x: Any, n: Any) -> Any:
        p = x[: n[0]]
        y = np.zeros(7)
        y[: n[0]] = np.log(p) / p + np.sqrt(p) * p[::-1]
        return y.sum() + p @ p + p.max() + p.prod() + np.linalg.norm(p) + (p**0.5).mean()

    n = np.array([3])
    check(f, bad, n)
    kernel = tapec_compile(f, backend="numpy")
    got = grad(kernel)(bad, n)
    want = grad(kernel)(np.array([1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0]), n)
    np.testing.assert_array_equal(got[3:], 0.0)
    np.testing.assert_allclose(got[:3], want[:3], rtol=1e-14)


@pytest.mark.parametrize("bounds", [(0, 3), (-4, 9), (5, 2), (-20, -1), (3, 3)])
def test_bounds_are_python_s(bounds: tuple[int, int]) -> None:
    def f(x: Any, n: Any) -> Any:
        y = x.copy()
        y[n[0] : n[1]] = -1.0
        y[: n[0]] += 0.5
        return y, np.sum(x[n[0] : n[1]]), x[n[1] :: -1].sum(), len(x[n[0] :])

    check(f, np.arange(7.0), np.array(bounds))


@pytest.mark.parametrize("bound", [-9, -6, -5, -1, 0, 3, 4, 5, 9])
def test_bounds_of_reversed_slices_are_python_s(bound: int) -> None:
    def f(x: Any, n: Any) -> Any:
        i = n[0]
        return x[i::-1].sum(), x[:i:-1].sum(), x[i:2:-1].sum(), x[3:i:-1].sum()

    x, n = 1.0 + np.arange(5.0), np.array([bound])
    check(f, x, n)


@pytest.mark.parametrize(("f", "error", "words"), [
    (lambda x, i, j: (x[:i] + x[:j]).sum(), ShapeError, "not provably as long"),
    (lambda x, i, j: (x[:i] + np.ones(5)).sum(), ShapeError, "not provably as long"),
    (lambda x, i, j: x[:i] @ x, ShapeError, "not provably as long"),
    (lambda x, i, j: x[:i], UnsupportedOperation, "returns a slice"),
    (lambda x, i, j: np.sort(x[:i]).sum(), UnsupportedOperation, "np.sort"),
    (lambda x, i, j: [v for v in x[:i]], TraceError, "loop over a range"),
    (lambda x, i, j: x[:i][np.array([0, 1])], UnsupportedOperation, "array of indices"),
    (lambda x, i, j: x.__setitem__(np.arange(9)[:i], 1.0), UnsupportedOperation, "array of ind"),
])  # fmt: skip
def test_errors_have_a_cure(f: Function, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=f"(?s){words}"):
        traced(f, LONG, np.int64(3), np.int64(4))


def test_an_element_outside_the_part_is_an_index_error() -> None:
    kernel = tapec_compile(lambda x, i: x[: i[0]][i[1]], backend="numpy")
    assert kernel(LONG, np.array([5, 4])) == LONG[4]
    with pytest.raises(IndexError):
        kernel(LONG, np.array([5, 5]))
