"""vmap of loops and branches, with derivatives inside and outside of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

BACKENDS = ("numpy", "llvm")
X = np.array([0.4, 2.5, -1.5, 1.2, 7.3])


def branch(x: Any) -> Any:
    if x > 2:
        return np.sqrt(x - 2.0) * x
    if x > 0:
        return np.sin(x)
    return x * x


def bad_side(x: Any) -> Any:
    """The other side is not defined for many lanes: NaN, and derivatives inf."""
    return np.sqrt(x) + np.log(x) if x > 0 else 2.0 * x


def lookup(x: Any) -> Any:
    """An index that is right only in the lanes that use it."""
    table = np.array([1.0, 2.0, 4.0, 8.0])
    k = np.floor(x).astype(int)
    y = x
    if (k >= 0) & (k < 4):
        y = table[k] * x
    return y


def newton(x: Any) -> Any:
    """Lanes stop at different times."""
    a = x * x + 0.5
    y = a
    while np.abs(y * y - a) > 1e-12:
        y = 0.5 * (y + a / y)
    return y


def countdown(x: Any) -> Any:
    """A division that fails in the step after the last."""
    y, left = 1.0, np.ceil(np.abs(x))
    while left > 0:
        y = y * np.cos(x / left)
        left = left - 1
    return y


def steps(x: Any) -> Any:
    """The number of iterations is a lane's own."""
    n = np.abs(x).astype(int) + 1
    y = x
    for i in range(n):
        y = np.sin(y) + 0.1 * i * x
    return y


def static(x: Any) -> Any:
    y, z = x, 1.0
    for i in range(60):
        y, z = np.sin(y) * z + 0.01 * i, np.cos(y)
    return y + z


def inner_loop(x: Any) -> Any:
    """A loop in a branch in a loop."""
    y = x
    for i in range(30):
        if y > 0.5:
            while y > 0.3:
                y = y * 0.7 + 0.01 * np.sin(x)
        else:
            y = y + 0.2 * np.cos(x + i)
    return y


def table_walk(x: Any) -> Any:
    """In-place updates and dynamic reads in a loop of unknown length."""
    f = np.zeros(12)
    f[0] = x
    i = 0
    while (i < 10) & (f[i] < 3.0):
        f[i + 1] = f[i] * 1.2 + 0.1 * np.sin(f[i // 2]) + 0.05
        i = i + 1
    return f[i] + f[i // 2] * np.cos(x)


FUNCTIONS: list[Callable[[Any], Any]] = [
    branch, bad_side, lookup, newton, countdown, steps, static, inner_loop, table_walk,
]  # fmt: skip


def slope(f: Callable[[Any], Any], x: float) -> float:
    """Richardson's limit of central differences."""
    table = []
    h = 1e-2
    for i in range(5):
        row = [(float(f(x + h)) - float(f(x - h))) / (2 * h)]
        for j in range(i):
            row.append(row[j] + (row[j] - table[-1][j]) / (4 ** (j + 1) - 1))
        table.append(row)
        h /= 2
    return table[-1][-1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_lanes(f: Callable[[Any], Any], backend: Any) -> None:
    made = tapec.vmap(tapec.compile(f, backend=backend))
    wanted = [float(f(x)) for x in X]
    np.testing.assert_allclose(made(X), wanted, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_derivatives_of_lanes(f: Callable[[Any], Any], backend: Any) -> None:
    kernel = tapec.compile(f, backend=backend)
    mapped = tapec.vmap(kernel)
    each = tapec.vmap(tapec.grad(kernel))(X)
    total = tapec.grad(tapec.compile(lambda x: np.sum(mapped(x)), backend=backend))(X)
    forward = tapec.jvp(mapped, (X,), (np.ones_like(X),))[1]
    wanted = [slope(f, x) for x in X]
    assert all(map(math.isfinite, wanted))
    np.testing.assert_allclose(each, wanted, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(total, each, rtol=1e-12)
    np.testing.assert_allclose(forward, each, rtol=1e-12)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_second_derivatives_of_lanes(f: Callable[[Any], Any]) -> None:
    kernel = tapec.compile(f, backend="numpy")
    each = tapec.vmap(tapec.hessian(kernel))(X)
    single = [tapec.hessian(kernel)(x) for x in X]
    np.testing.assert_allclose(each, single, rtol=1e-11, atol=1e-13)
    outer = tapec.vmap(tapec.grad(tapec.grad(kernel)))(X)
    np.testing.assert_allclose(outer, single, rtol=1e-11, atol=1e-13)


def converging(a: Any) -> Any:
    x = a + 1.0
    while np.abs(x * x - a) > 1e-13:
        x = x - (x * x - a) / (2.0 * x)
    return x


ROOT = tapec.implicit(converging, lambda x, a: x * x - a)


def root_or_not(x: Any) -> Any:
    """In the other lanes the solver would run for ever, and its equation has no root."""
    y = -x
    if x > 0:
        y = ROOT(x)
    return y


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_solver_in_a_branch(backend: Any) -> None:
    x = np.array([2.0, -1.0, 3.0, -2.5])
    kernel = tapec.compile(root_or_not, backend=backend)
    mapped = tapec.vmap(kernel)
    np.testing.assert_allclose(mapped(x), np.where(x > 0, np.sqrt(np.abs(x)), -x), rtol=1e-12)
    wanted = np.where(x > 0, 0.5 / np.sqrt(np.abs(x)), -1.0)
    np.testing.assert_allclose(tapec.vmap(tapec.grad(kernel))(x), wanted, rtol=1e-12)
    np.testing.assert_allclose(tapec.grad(lambda x: np.sum(mapped(x)))(x), wanted, rtol=1e-12)
    second = np.where(x > 0, -0.25 * np.abs(x) ** -1.5, 0.0)
    np.testing.assert_allclose(tapec.vmap(tapec.hessian(kernel))(x), second, rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [2, 5])
def test_systems_in_a_branch(n: int, backend: Any) -> None:
    """Matrices of lanes that do not solve may be singular."""

    def f(a: Any, b: Any) -> Any:
        return np.linalg.solve(a, b) if a[0, 0] > 0.5 else b

    mapped = tapec.vmap(tapec.compile(f, backend=backend))
    a = np.stack([2 * np.eye(n), np.zeros((n, n)), 4 * np.eye(n)])
    b = np.ones((3, n))
    np.testing.assert_allclose(mapped(a, b)[:, 0], [0.5, 1.0, 0.25])
    to_b = tapec.grad(lambda a, b: np.sum(mapped(a, b)), 1)(a, b)
    np.testing.assert_allclose(to_b[:, 0], [0.5, 1.0, 0.25])


def test_no_lanes() -> None:
    f = tapec.vmap(lambda n, x: tapec.fori_loop(0, n, lambda i, c: c * x, 1.0))
    assert f(np.zeros(0, int), np.zeros(0)).shape == (0,)
    np.testing.assert_array_equal(f(np.array([3, 0]), np.array([2.0, 5.0])), [8.0, 1.0])


def loops_in_both_branches(x: Any, n: Any) -> Any:
    a = c = b = x * 0.5 + 0.1
    if a.sum() > 1.16:
        k = 0
        while k < 4 + n[0]:
            c = np.tanh(c + 0.3 * a)
            k += 1
    else:
        k = 0
        while k < 4 + n[0]:
            a = c * 0.9 + 0.1 * np.sin(a)
            k += 1
            if c[1] > 0.8:
                break
    return np.sum(a * b) + np.sum(c**2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_loops_in_both_branches_take_their_own_from_the_tape(backend: Any) -> None:
    x, n = np.array([0.3, 0.7, 0.2, 0.9]), np.array([1])
    lanes = np.stack([x, x * 1.7, x[::-1], x - 0.5])
    slope = tapec.compile(loops_in_both_branches, backend=backend).grad
    found = tapec.vmap(slope, in_axes=(0, None))(lanes, n)
    np.testing.assert_allclose(found, [slope(lane, n) for lane in lanes], rtol=1e-12)
