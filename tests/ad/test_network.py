"""Minimum cuts against networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from tapec.ad.network import INFINITE, Network
from tapec.errors import VerifyError


@pytest.mark.parametrize("seed", range(40))
def test_cuts_are_the_ones_of_networkx(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 25))
    network, graph = Network(n), nx.DiGraph()
    graph.add_nodes_from(range(n))
    for a, b in rng.integers(0, n, (4 * n, 2)).tolist():
        if a == b or graph.has_edge(a, b) or b == 0 or a == n - 1:
            continue
        endless = rng.random() < 0.3 and (a, b) != (0, n - 1) and a != 0
        capacity = int(rng.integers(0, 9))
        network.join(a, b, INFINITE if endless else capacity)
        graph.add_edge(a, b, **({} if endless else {"capacity": capacity}))
    _, (before, _) = nx.minimum_cut(graph, 0, n - 1)
    assert {k for k, first in enumerate(network.cut(0, n - 1)) if first} == before


def test_long_chains_take_no_recursion() -> None:
    n = 20_000
    network = Network(n)
    for k in range(n - 1):
        network.join(k, k + 1, 5 if k != n // 2 else 3)
    assert sum(network.cut(0, n - 1)) == n // 2 + 1


def test_a_cut_that_nothing_finite_makes_is_refused() -> None:
    network = Network(2)
    network.join(0, 1, INFINITE)
    with pytest.raises(VerifyError):
        network.cut(0, 1)
