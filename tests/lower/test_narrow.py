"""Loops over slices of run-time length visit the slice, and give what NumPy gives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tapec

N = 700  # whole blocks and a rest
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=N), RNG.normal(size=N)
KEYS = RNG.integers(0, N, N)
ENDS = np.array([0, 0, 3, 64, 65, 300, 511, 640, 641, 699, 700])


def total(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends) - 1)
    for i in range(len(ends) - 1):
        out[i] = np.sum(x[ends[i] : ends[i + 1]])
    return out


def product(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends) - 1)
    for i in range(len(ends) - 1):
        out[i] = x[ends[i] : ends[i + 1]] @ y[ends[i] : ends[i + 1]]
    return out


def looked_up(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends) - 1)
    for i in range(len(ends) - 1):
        out[i] = x[ends[i] : ends[i + 1]] @ y[KEYS[ends[i] : ends[i + 1]]]
    return out


def heads(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends))
    for i in range(len(ends)):
        out[i] = np.sum(np.sin(x[: ends[i]]) * y[: ends[i]])
    return out


def tails(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends))
    for i in range(len(ends)):
        out[i] = np.sum(x[ends[i] :] ** 2)
    return out


def largest(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends))
    for i in range(len(ends)):
        out[i] = np.max(x[: ends[i] + 1 - (ends[i] == 700)])
    return out


def written(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(N)
    for i in range(len(ends) - 1):
        out[ends[i] : ends[i + 1]] = x[ends[i] : ends[i + 1]] * y[i]
    return out


def added(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(N)
    for i in range(len(ends)):
        out[: ends[i]] += x[: ends[i]] * y[i]
    return out


def two_parts(x: Any, y: Any, ends: Any) -> Any:
    out = np.zeros(len(ends) - 1)
    for i in range(len(ends) - 1):
        out[i] = np.sum(x[: ends[i]]) * np.sum(y[ends[i + 1] :])
    return out


FUNCTIONS = (total, product, looked_up, heads, tails, largest, written, added, two_parts)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_values_and_gradients(f: Any, dtype: Any) -> None:
    ends = ENDS.astype(dtype)
    np.testing.assert_allclose(tapec.compile(f)(X, Y, ends), f(X, Y, ends), rtol=1e-12, atol=1e-13)
    loss = tapec.grad(lambda x, y: np.sum(f(x, y, ends) ** 2), argnums=(0, 1))
    value = tapec.compile(lambda x, y: np.sum(f(x, y, ends) ** 2))
    dx, dy = RNG.normal(size=(2, N))
    step = 1e-6
    ahead, behind = (value(X + h * dx, Y + h * dy) for h in (step, -step))
    gx, gy = loss(X, Y)
    np.testing.assert_allclose(gx @ dx + gy @ dy, (ahead - behind) / (2 * step), rtol=1e-6)


@pytest.mark.parametrize(
    ("a", "b"), [*itertools.product((-800, -5, 0, 63, 64, 650, 900), repeat=2)]
)
def test_all_kinds_of_bounds(a: int, b: int) -> None:
    f = tapec.compile(lambda x, a, b: np.sum(x[a:b]))
    np.testing.assert_allclose(f(X, a, b), np.sum(X[a:b]), rtol=1e-12, atol=1e-13)


def test_what_lies_outside_is_not_looked_at() -> None:
    def f(x: Any, keys: Any, ends: Any) -> Any:
        s = 0.0
        for i in range(len(ends) - 1):
            s = s + np.sum(x[keys[ends[i] : ends[i + 1]]])
        return s

    keys = KEYS.copy()
    keys[64:] = 10 * N  # out of bounds, and in no part
    ends = np.array([0, 10, 30, 64])
    assert np.isclose(tapec.compile(f)(X, keys, ends), f(X, keys, ends))
    with pytest.raises(IndexError):
        tapec.compile(f)(X, keys, np.array([0, 10, 30, 65]))


@pytest.mark.parametrize("f", [total, product, looked_up, heads, tails])
def test_loops_go_over_blocks(f: Any) -> None:
    """In the value, and all three loops of the sweep back."""
    assert "repeat" in str(tapec.compile(f).ir("loops", X, Y, ENDS))
    back = tapec.grad(lambda x, y, ends: np.sum(f(x, y, ends) ** 2), argnums=(0, 1))
    loops = str(back.ir("loops", X, Y, ENDS))
    inside = [line for line in loops.splitlines() if line.startswith("    ") and "for " in line]
    assert not [line for line in inside if f"upper={N}," in line and "lower=0" in line]
