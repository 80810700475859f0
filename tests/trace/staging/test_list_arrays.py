"""Lists of numbers that loops write item by item: arrays while the loop is traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec import TapecError

X = np.array([0.3, 0.8, 1.6])


def tree(x: Any) -> Any:
    n = 40
    v = [max(x[0] * (1.0 + 0.05 * x[1]) ** (2 * j - n) - 0.2, 0.0) for j in range(n + 1)]
    for level in range(n - 1, -1, -1):
        for j in range(level + 1):
            v[j] = 0.5 * (v[j] + v[j + 1]) * np.exp(-0.01 * x[2])
    return v[0]


def thomas(x: Any) -> Any:
    n = 300
    c, d, y = [0.0] * n, [0] * n, [0.0] * n
    c[0], d[0] = x[0] / (3 + x[1]), x[2]
    for i in range(1, n):
        m = 3 + x[1] - x[0] * c[i - 1]
        c[i] = x[0] / m
        d[i] = (x[2] * np.sin(0.1 * i) - x[0] * d[i - 1]) / m
    y[n - 1] = d[-1]
    for i in reversed(range(n - 1)):
        y[i] = d[i] - c[i] * y[i + 1]
    return sum(y) + y[7] * len(y)


def counted(x: Any) -> Any:
    """Integers that become floats, constant places, a while loop, a branch, a break."""
    bins = [0] * 20
    k, s = 0, x[0]
    while s < 60.0:
        place = int(s) % 20
        bins[place] += 1
        if place > 10:
            bins[3] = bins[3] + x[1]
        s = s + 0.3 + 0.1 * x[2] * np.cos(s)
        k += 1
    for i in range(500):
        bins[i % 20] = bins[(i + 1) % 20] * 0.99 + x[0]
        if bins[5] > 40.0:
            break
    return sum(b * (j + 1) for j, b in enumerate(bins)) + bins[0]


def inside(x: Any) -> Any:
    """A list of every iteration, and one of all of them, in a method's hands."""
    best = [-1.0] * 30
    total = 0.0
    for t in range(50):
        row = [x[0] * t] * 20
        for j in range(1, 20):
            row[j] = 0.5 * row[j - 1] + x[1] * j
        best[t % 30] = max(best[t % 30], row[19])
        total += row[-1]
    return total + sum(best)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("f", [tree, thomas, counted, inside], ids=lambda f: f.__name__)
def test_values_and_slopes(f: Any, backend: Any) -> None:
    value, slope = tapec.compile(tapec.value_and_grad(f), backend=backend)(X)
    assert value == pytest.approx(f(X), rel=1e-11)
    for k, unit in enumerate(1e-6 * np.eye(3)):
        want = (f(X + unit) - f(X - unit)) / 2e-6
        assert slope[k] == pytest.approx(want, rel=1e-5, abs=1e-5)


def test_the_loops_stay_loops() -> None:
    assert tapec.compile(thomas).explain(X).count("loop of 299") == 2


def whole(x: Any) -> Any:
    v = [0.0] * 200
    for i in range(1, 200):
        v[i] = v[i - 1] * x[0] + 1.0
        v[0:2] = [x[1], v[1]]
    return v[199]


def grows(x: Any) -> Any:
    v = [0.0] * 200
    for i in range(1, 200):
        v[i] = v[i - 1] * x[0] + 1.0
        v.append(x[2] * i)
    return v[199] + v[-1]


def summed(x: Any) -> Any:
    v = [x[0]] * 200
    for i in range(1, 200):
        v[i] = v[i - 1] * x[0] + 0.01 * sum(v)
    return v[199]


@pytest.mark.parametrize("f", [whole, grows, summed], ids=lambda f: f.__name__)
def test_what_looks_at_the_whole_list_is_right_or_refused(f: Any) -> None:
    try:
        value = tapec.compile(f)(X)
    except TapecError:
        return
    assert value == pytest.approx(f(X), rel=1e-11)
