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
