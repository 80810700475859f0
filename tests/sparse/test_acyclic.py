"""Acyclic colourings beside networkx, and elements found by substitution."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

import tapec
from tapec.errors import SparsityError
from tapec.sparse.acyclic import acyclic
from tapec.sparse.colouring import (
    both_ways,
    by_columns,
    by_rows,
    coloured_graph,
    neighbours_apart,
    symmetric,
)


def grid(k: int) -> sp.csr_array:
    line = sp.diags_array([np.ones(k - 1), np.ones(k), np.ones(k - 1)], offsets=[-1, 0, 1])
    one = sp.eye_array(k)
    return sp.csr_array((sp.kron(line, one) + sp.kron(one, line)) > 0)


def check(pattern: sp.csr_array, rng: np.random.Generator) -> int:
    """Colours of every cycle, and a random matrix from its sums of columns."""
    coloured, order = acyclic(pattern)
    colours, n = coloured.columns, pattern.shape[0]
    graph = nx.Graph((i, j) for i, j in zip(*pattern.nonzero(), strict=True) if i < j)
    assert all(colours[i] != colours[j] for i, j in graph.edges)
    for a in range(coloured.tangents):
        for b in range(a):
            pair = graph.subgraph([v for v in graph if colours[v] in (a, b)])
            assert not pair or nx.is_forest(pair)
    half = rng.normal(size=(n, n))
    matrix = (half + half.T) * pattern.toarray()
    sums = [matrix @ (colours == c) for c in range(coloured.tangents)]
    along = np.concatenate([*sums, np.zeros(0)])
    known, found = np.zeros(order.slots), []
    for place, own, other in zip(order.places, order.own, order.other, strict=True):
        found.append(along[place] - known[own])
        known[other] += found[-1]
    np.testing.assert_allclose(np.concatenate([along, found])[order.read],
                               matrix[pattern.nonzero()], atol=1e-9)  # fmt: skip
    return coloured.tangents


@pytest.mark.parametrize("seed", range(5))
def test_random_patterns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(4):
        n = int(rng.integers(1, 25))
        found = rng.random((n, n)) < 0.4 * rng.random()
        found |= found.T
        np.fill_diagonal(found, rng.random(n) < 0.8)
        check(sp.csr_array(found), rng)


def test_fewer_colours_than_a_star_colouring_needs(rng: np.random.Generator) -> None:
    assert (check(grid(8), rng), symmetric(grid(8)).count) == (4, 5)
    line = sp.csr_array(sp.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(30, 30)) != 0)
    assert (check(line, rng), symmetric(line).count) == (2, 3)


def neighbours(x: Any) -> Any:
    z = x.reshape(8, -1)
    return np.sum(np.sin(z[1:] * z[:-1])) + np.sum(np.cos(z[:, 1:] - z[:, :-1]))


def chained(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("f", [neighbours, chained, np.sum, lambda x: np.sum(x**2)])
@pytest.mark.parametrize("triangle", [None, "lower"])
def test_hessians(f: Any, triangle: Any) -> None:
    x = np.linspace(0.3, 1.2, 40)
    half = {None: np.asarray, "lower": np.tril}[triangle]
    kernel = tapec.hessian(f, sparse=True, triangle=triangle, colouring="acyclic")
    star = tapec.hessian(f, sparse=True, triangle=triangle)
    np.testing.assert_allclose(kernel(x).toarray(), half(tapec.hessian(f)(x)), atol=1e-9)
    assert np.array_equal(kernel(x).indices, star(x).indices)
    assert kernel.sparsity(x).colours <= star.sparsity(x).colours


def test_large_graphs_are_coloured_by_machine_code() -> None:
    coloured, order = acyclic(grid(80))
    assert coloured.tangents <= 4
    assert order.places.size == 2 * 80 * 79


def test_options_that_do_not_exist() -> None:
    with pytest.raises(SparsityError, match="'star', 'acyclic'"):
        tapec.hessian(np.sum, sparse=True, colouring="cyclic")  # type: ignore[call-overload]


ORDERS: list[Any] = ["natural", "largest_first", "smallest_last", "incidence", "random", "best"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_patterns_without_nonzeros(n: int, order: Any) -> None:
    empty = sp.csr_array((n, n), dtype=bool)
    for colour in (by_columns, by_rows, symmetric, both_ways):
        assert colour(empty, order).count <= n
    assert coloured_graph(empty, order).size == n
    assert neighbours_apart(empty, order).size == n
    check(empty, np.random.default_rng(0))
    assert tapec.hessian(lambda x: np.sum(3.0 * x), sparse=True)(np.zeros(n)).nnz == 0
