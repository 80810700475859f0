"""Sparse derivatives of random array programs, beside dense ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import SparsityError

N = 8
X = np.linspace(0.2, 1.7, N)
QUICK, SLOW = 12, 400

Array = Any
Step = Callable[[Array], Array]


def steps(rng: np.random.Generator) -> list[Step]:
    """Functions from N numbers to N numbers, with places and weights of their own."""
    i, j = rng.integers(0, N, 5), rng.integers(0, N, 5)
    order, weights = rng.permutation(N), rng.normal(size=N)
    k, w = int(rng.integers(1, N - 1)), rng.normal(size=(2, 2))

    def written(y: Array) -> Array:
        z = y * 1.0
        z[k:] = y[:-k] * weights[k:]
        z[0] += y[k]
        return z

    def added(y: Array) -> Array:
        z = np.zeros(N)
        np.add.at(z, i, y[j] * y[i])
        return z + y

    def stepwise(y: Array) -> Array:
        z = np.zeros(N)
        for n in tapec.rolled(range(1, N)):
            z[n] = y[n] * y[n - 1] + weights[n]
        return z

    def running(y: Array) -> Array:
        z, last = np.zeros(N), 0.0
        for n in range(N):
            last = np.sin(last) + y[n] if n % 3 else y[n]
            z[n] = last
        return z

    def branching(y: Array) -> Array:
        if y[k] > 0.5:
            return y * y[::-1]
        return np.roll(y, k)

    return [
        written,
        added,
        stepwise,
        running,
        branching,
        lambda y: np.sin(y) * weights,
        lambda y: y[order] * y,
        lambda y: np.where(y > weights, y, y**2),
        lambda y: np.concatenate([y[k:], y[:k] * y[0]]),
        lambda y: np.repeat(y.reshape(2, 4).sum(axis=0), 2),
        lambda y: (y.reshape(4, 2) @ w).reshape(-1),
        lambda y: np.maximum(y, weights) / (1 + y**2),
        lambda y: y.reshape(2, 4).T.reshape(-1) - np.mean(y[:k]),
        lambda y: np.stack([y[:4], y[4:] ** 2], axis=1).reshape(-1),
    ]


def program(seed: int) -> Step:
    """A few of them, one after the other."""
    rng = np.random.default_rng(seed)
    chosen = [steps(rng)[rng.integers(14)] for _ in range(rng.integers(1, 5))]

    def f(x: Array) -> Array:
        for step in chosen:
            x = step(x)
        return x

    return f


MODES = ("auto", "fwd", "rev", "both")


def same(found: Any, dense: Any) -> None:
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-10, atol=1e-11)


def check(seed: int, modes: tuple[str, ...] = MODES) -> None:
    f = program(seed)
    dense = tapec.jacobian(f)(X)
    for mode in modes:
        same(tapec.jacobian(f, sparse=True, mode=mode)(X), dense)  # type: ignore[call-overload]
    with contextlib.suppress(SparsityError):  # it has loops, or its elements mix
        same(tapec.jacobian(f, sparse=True, route="direct")(X), dense)

    def total(x: Array) -> Array:
        return np.sum(f(x) ** 2)

    same(tapec.hessian(total, sparse=True)(X), tapec.hessian(total)(X))


@pytest.mark.parametrize("seed", range(QUICK))
def test_some(seed: int) -> None:
    check(seed, (MODES[seed % 4],))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK, SLOW))
def test_many(seed: int) -> None:
    check(seed)
