"""Nonzeros of arrays that are joined from others: stacks, rows of pieces, what is done to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

N = 80
X = np.linspace(0.2, 1.7, N)
QUICK, SLOW = 3, 200

Array = Any


def joins(rng: np.random.Generator) -> list[Callable[[list[Array]], Array]]:
    """Ways to join arrays of one length."""
    w = float(rng.normal())

    def written(parts: list[Array]) -> Array:
        out = np.ones((len(parts), parts[0].size))
        for k, part in enumerate(parts):
            out[k] += part * w
        return out

    return [
        lambda parts: np.stack(parts, axis=1),
        lambda parts: np.stack(parts),
        lambda parts: np.concatenate([np.zeros(3), *parts, parts[0][:2]]),
        lambda parts: np.stack(parts, axis=1)[1:, ::-1] * w - np.stack(parts, axis=1)[:-1],
        lambda parts: np.stack([p.reshape(2, -1) for p in parts], axis=1)[:, 1:] / (1 + w**2),
        lambda parts: np.concatenate([p.reshape(-1, 2) for p in parts], axis=1)[2:].T,
        lambda parts: np.where(np.stack(parts) > w, np.stack(parts), w),
        written,
    ]


def program(seed: int) -> Callable[[Array], Array]:
    """Some columns of x, of constants, and of functions of both, joined."""
    rng = np.random.default_rng(seed)
    k, shift = int(rng.integers(2, 5)), int(rng.integers(1, 9))
    known, ways = rng.normal(size=N // 2), rng.integers(0, 6, k)
    join = joins(rng)[rng.integers(8)]

    def f(x: Array) -> Array:
        z = x.reshape(N // 2, 2)
        columns = [
            z[:, 0] * z[:, 1], np.ones(N // 2), np.sin(z[:, 0]), 0.0 * known, known * z[:, 1],
            np.roll(z[:, 0], shift) - z[:, 1],
        ]  # fmt: skip
        return join([columns[way] for way in ways]), z[:3, 0]

    return f


def check(seed: int) -> None:
    f = program(seed)
    for found, dense in zip(tapec.jacobian(f, sparse=True)(X), tapec.jacobian(f)(X), strict=True):
        np.testing.assert_allclose(found.toarray(), dense.reshape(-1, N), rtol=1e-13, atol=1e-14)
    problem = tapec.nlp(lambda x: np.sum(x**2), f, N)
    rows, columns = problem.jacobian_structure
    direct = np.zeros((problem.m, N))
    direct[rows, columns] = problem.jacobian(X)
    dense = np.concatenate([j.reshape(-1, N) for j in tapec.jacobian(f)(X)])
    np.testing.assert_allclose(direct, dense, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("seed", range(QUICK))
def test_some(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK, SLOW))
def test_many(seed: int) -> None:
    check(seed)


def test_zero_columns_are_not_computed() -> None:
    def f(x: Array) -> Array:
        columns = [np.ones(N), np.exp(x), np.zeros(N), x]
        return (np.stack(columns, axis=1) * -0.5).reshape(-1)

    derivative = tapec.jacobian(f, sparse=True)
    plan, inputs = derivative._prepared((X,), {})
    text = plan.kernel.ir("optimized", *plan.part.layout, *inputs)
    assert text.count("= exp ") == 1
    assert "stack" not in text
    assert "gather" not in text
