"""Few nonzeros, written out as sums of entries: networks whose nodes share lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec

Array = Any
NODES = 12


def network(seed: int) -> Callable[[Array], Array]:
    """Balances at nodes of what random lines carry, constants and parts written over each other."""
    rng = np.random.default_rng(seed)
    lines = int(rng.integers(2, 30))
    start, end = rng.integers(0, NODES, (2, lines))
    weight, cut = rng.normal(size=lines), int(rng.integers(1, NODES))
    kinds = rng.integers(0, 2, 4)

    def f(x: Array) -> Array:
        flow = weight * np.sin(x[start] - x[end]) * x[start]
        balance = -0.5 * x if kinds[0] else np.zeros(NODES)
        np.add.at(balance, start, flow)
        np.subtract.at(balance, end, flow**2 if kinds[1] else flow)
        parts = np.zeros((2, NODES))
        parts[0, :cut] = 3.0 * x[:cut]
        parts[kinds[2], cut - 1 :] += x[cut - 1 :] ** 2
        return balance, parts, x[::-1] * kinds[3] + 1.0

    return f


X = np.linspace(0.3, 1.9, NODES)


def of(derivative: Any, x: Array) -> str:
    """The kind of program that computes the nonzeros."""
    return str(derivative.kernel(x).__name__).rpartition(".")[2]


@pytest.mark.parametrize("seed", sampled(range(60), 60))
def test_networks(seed: int) -> None:
    """Jacobians in every format, and the Hessian of what they add up to."""
    f = network(seed)
    made = tapec.jacobian(f, sparse=True, format=("csr", "csc", "coo")[seed % 3])
    for found, dense in zip(made(X), tapec.jacobian(f)(X), strict=True):
        wanted = dense.reshape(-1, NODES)
        np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-13, atol=1e-14)
    assert of(made, X) == "collected"


@pytest.mark.parametrize("seed", sampled(range(60), 60))
def test_second_derivatives(seed: int) -> None:
    """Hessians of what networks add up to, whole and in part."""
    f = network(seed)

    def total(x: Array) -> Any:
        return sum(np.sum(part**2) for part in f(x))

    dense = tapec.hessian(total)(X)
    triangle, wanted = ((None, dense), ("lower", np.tril(dense)))[seed % 2]
    second = tapec.hessian(total, sparse=True, triangle=triangle, route="direct")
    np.testing.assert_allclose(second(X).toarray(), wanted, rtol=1e-11, atol=1e-12)


def test_element_types() -> None:
    """Single precision stays that, constants and zeros included."""

    def f(x: Array) -> Array:
        return np.concatenate([2 * x[:3], x[1:] * x[:-1], x[:2] * 0])

    x = X.astype(np.float32)
    for size in (NODES, 4000):
        given = np.resize(x, size)
        found = tapec.jacobian(f, sparse=True)(given)
        assert found.dtype == np.float32
        if size == NODES:
            np.testing.assert_array_equal(found.toarray(), tapec.jacobian(f)(given))


def test_many_nonzeros_are_read_by_index() -> None:
    """Straight lines grow with the nonzeros: large patterns have index arrays."""
    rng = np.random.default_rng(0)
    order = rng.permutation(5000)

    def f(x: Array) -> Array:
        return x[order] ** 2 - x

    made = tapec.jacobian(f, sparse=True)
    x = rng.normal(size=5000)
    assert of(made, x) == "direct"
    wanted = 2 * x[order]
    found = made(x).tocsr()
    rows = np.flatnonzero(order != np.arange(5000))
    np.testing.assert_allclose(found[rows, order[rows]], wanted[rows])


def test_exported_bits() -> None:
    """What is written out is the same in C."""
    f = network(3)

    def flat(x: Array) -> Array:
        return np.concatenate([np.ravel(part) for part in f(x)])

    made = tapec.jacobian(flat, sparse=True)
    wanted = made(X)
    out = np.zeros(wanted.nnz)
    made.ctypes(X)(X, out)
    np.testing.assert_array_equal(out, wanted.data)
