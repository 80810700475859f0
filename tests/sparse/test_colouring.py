"""Colourings: derivatives along the colours hold every nonzero; networkx as the oracle."""

from __future__ import annotations

from typing import Any, get_args

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tapec.sparse import colouring, greedy, stars
from tapec.sparse.colouring import Colouring, Order, both_ways, by_columns, by_rows, symmetric

ORDERS = get_args(Order)


def numbered(pattern: Any) -> Any:
    """A matrix with this pattern, all nonzeros different; symmetric where the pattern is."""
    a = sp.csr_array(pattern).astype(float)
    rows, columns = a.tocoo().coords
    a.data = 1.0 + np.minimum(rows, columns) * 1000 + np.maximum(rows, columns)
    if a.shape[0] != a.shape[1] or (a != a.T).nnz:
        a.data = np.arange(1.0, a.nnz + 1)
    return a


def read_back(a: Any, c: Colouring) -> Any:
    """The nonzeros found in the derivatives along the colours."""
    along = sums(c.columns, c.tangents) @ a.toarray().T
    across = sums(c.rows, c.cotangents) @ a.toarray()
    return np.array([
        (across if row else along)[colour, place]
        for colour, place, row in zip(c.colour_read, c.place_read, c.by_row, strict=True)
    ])  # fmt: skip


def sums(colours: Any, count: int) -> Any:
    return (np.arange(count)[:, None] == colours).astype(float)


@st.composite
def patterns(draw: Any) -> Any:
    m, n = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    bits = draw(st.lists(st.booleans(), min_size=m * n, max_size=m * n))
    return sp.csr_array(np.array(bits, bool).reshape(m, n))


@given(patterns(), st.sampled_from(ORDERS), st.sampled_from([by_columns, by_rows, both_ways]))
@settings(deadline=None)
def test_all_nonzeros_are_read(pattern: Any, order: Order, colour: Any) -> None:
    c = colour(pattern, order)
    a = numbered(pattern)
    np.testing.assert_array_equal(read_back(a, c), a.data)
    assert c.count >= c.lower_bound or colour is both_ways


@given(patterns(), st.sampled_from(ORDERS))
@settings(deadline=None)
def test_all_nonzeros_of_symmetric_ones(pattern: Any, order: Order) -> None:
    n = min(pattern.shape)
    square = pattern[:n, :n]
    both = sp.csr_array(square + square.T)
    both.sort_indices()
    c = symmetric(both, order)
    a = numbered(both)
    np.testing.assert_array_equal(read_back(a, c), a.data)
    assert c.count >= c.lower_bound


def grid(n: int) -> Any:
    line, eye = sp.diags_array([1.0] * 3, offsets=[-1, 0, 1], shape=(n, n)), sp.eye_array(n)
    found = sp.csr_array(sp.kron(line, eye) + sp.kron(eye, line)).astype(bool)
    found.sort_indices()
    return found


def arrow(n: int) -> Any:
    a = np.eye(n, dtype=bool)
    a[0] = a[:, 0] = True
    return sp.csr_array(a)


def intersections(pattern: Any) -> Any:
    """The graph of columns that share a row."""
    pairs = pattern.T.astype(int) @ pattern.astype(int)
    graph = nx.from_scipy_sparse_array(sp.csr_array(pairs))
    graph.remove_edges_from(nx.selfloop_edges(graph))
    return graph


STRATEGIES = {"natural": "independent_set", "largest_first": "largest_first",
              "smallest_last": "smallest_last"}  # fmt: skip


@pytest.mark.parametrize(
    "pattern", [grid(6), arrow(7), grid(3)[:, 1:]], ids=["grid", "arrow", "cut"]
)
def test_columns_beside_networkx(pattern: Any) -> None:
    graph = intersections(pattern)
    for order in ORDERS:
        colours = by_columns(pattern, order).columns
        assert all(colours[a] != colours[b] for a, b in graph.edges)
    ours = by_columns(pattern, "best").count
    theirs = min(
        1 + max(nx.greedy_color(graph, s).values())
        for s in ("largest_first", "smallest_last", "random_sequential")
    )
    assert ours <= theirs


@pytest.mark.parametrize("order", ORDERS)
def test_star_paths_of_four_have_three_colours(order: Order) -> None:
    pattern = grid(5)
    found = colouring._star(colouring._without_diagonal(pattern), order, 1)
    graph = nx.from_scipy_sparse_array(sp.csr_array(pattern).astype(int))
    graph.remove_edges_from(nx.selfloop_edges(graph))
    for b, c in graph.edges:
        assert found[b] != found[c]
        for a in set(graph[b]) - {c}:
            for d in set(graph[c]) - {b, a}:
                assert len({found[v] for v in (a, b, c, d)}) > 2


def test_few_directions_where_few_are_enough() -> None:
    assert by_columns(grid(8)).count <= 6
    assert by_rows(arrow(50)).count == 50
    assert both_ways(arrow(50)).count == 3
    assert symmetric(arrow(50)).count == 2
    band = sp.diags_array([1.0] * 5, offsets=range(-2, 3), shape=(40, 40)).tocsr().astype(bool)
    assert by_columns(sp.csr_array(band)).count == 5


def test_compiled_and_plain_loops_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = grid(6)
    plain = [symmetric(pattern, o).columns.tolist() for o in ORDERS[:-1]]
    monkeypatch.setattr(greedy, "COMPILED_FROM", 0)
    assert [symmetric(pattern, o).columns.tolist() for o in ORDERS[:-1]] == plain


@pytest.mark.parametrize("seed", range(8))
def test_both_rules_of_stars_on_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    dense = rng.random((n, n)) < rng.random() * 0.5
    dense |= dense.T
    np.fill_diagonal(dense, False)
    graph = sp.csr_array(dense)
    order = rng.permutation(n)
    for eager in (0, 1):
        arrays = [a.tolist() for a in (graph.indptr, graph.indices)]
        colours = stars.star(*arrays, [eager, n + 1], order, n)
        for a in range(colours.max() + 1):
            for b in range(a):
                pair = nx.from_numpy_array(dense[np.ix_(*[np.isin(colours, (a, b))] * 2)])
                parts = [pair.subgraph(p) for p in nx.connected_components(pair)]
                assert all(nx.is_tree(p) and max(dict(p.degree).values()) == len(p) - 1
                           for p in parts)  # fmt: skip
        assert not dense[colours[:, None] == colours].any()


@pytest.mark.parametrize("hub", ["first", "last"])
def test_hubs_take_linear_time(hub: str) -> None:
    """Quadratic time would be a minute."""
    n = 20_000
    i, h = np.arange(n), np.full(n, {"first": 0, "last": n - 1}[hub])
    ends = np.concatenate([i, i, h]), np.concatenate([i, h, i])
    pattern = sp.csr_array((np.ones(3 * n, bool), ends), shape=(n, n))
    pattern.sort_indices()
    assert [c(pattern).count for c in (symmetric, both_ways, by_columns)] == [2, 3, n]
    assert symmetric(pattern, "natural").count == 2


def test_nothing_to_colour() -> None:
    empty = sp.csr_array((3, 4), dtype=bool)
    for colour in (by_columns, by_rows, both_ways):
        assert colour(empty).colour_read.size == 0
    assert symmetric(sp.csr_array((3, 3), dtype=bool)).colour_read.size == 0
