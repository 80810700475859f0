"""Greedy colourings of sparse graphs, in time linear in the pairs of neighbours they look at.

Plain Python over CSR arrays; `compiled` runs it as machine code where the arrays are long. Vertices
take the first colour not forbidden, in the order given. The arrays may be longer than the graph:
`n` vertices are coloured. A mark of v at colour c means: forbidden for vertex v.

Gebremedhin, Manne, Pothen: What color is your Jacobian? SIAM Review 47(4), 2005.
Gebremedhin, Tarafdar, Manne, Pothen: New acyclic and star coloring algorithms with application to
computing Hessians. SIAM J. Sci. Comput. 29(3), 2007.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.sparse.tuning import COMPILED_FROM

Array = np.ndarray[Any, Any]


def partial(
    own_ends: Array, own: Array, across_ends: Array, across: Array, order: Array, n: int
) -> Array:
    """Columns that share a row get different colours: distance 2 in the bipartite graph.

    Column v has rows `own[own_ends[v]:own_ends[v + 1]]`, row r has columns `across[...]`.
    """
    colour = np.full(order.shape[0], -1)
    mark = np.full(order.shape[0] + 1, -1)
    for k in range(n):
        v = order[k]
        for i in range(own_ends[v], own_ends[v + 1]):
            r = own[i]
            for j in range(across_ends[r], across_ends[r + 1]):
                mark[colour[across[j]]] = v
        colour[v] = _first_free(mark, v)
    return colour


def star(ends: Array, near: Array, order: Array, n: int) -> Array:
    """Neighbours differ, and every path of four vertices has three colours (no loops in `near`).

    The first algorithm of the paper of 2007: a colour is forbidden where it is that of a vertex x
    two steps away, and the vertex between is not coloured, or its colour occurs beyond x as well.
    """
    colour = np.full(order.shape[0], -1)
    mark = np.full(order.shape[0] + 1, -1)
    for k in range(n):
        v = order[k]
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            between = colour[w]
            mark[between] = v
            for j in range(ends[w], ends[w + 1]):
                x = near[j]
                beyond = colour[x]
                if x != v and beyond >= 0 and mark[beyond] != v:
                    if between < 0:
                        mark[beyond] = v
                    else:
                        for m in range(ends[x], ends[x + 1]):
                            if near[m] != w and colour[near[m]] == between:
                                mark[beyond] = v
        colour[v] = _first_free(mark, v)
    return colour


def acyclic(ends: Array, near: Array, edge: Array, order: Array, n: int) -> Array:
    """Neighbours differ, and every cycle has three colours (no loops in `near`).

    `edge[k]` numbers the edge to neighbour `near[k]`, from both sides alike. Edges of the tree of
    two colours that they are in are one set: a colour is forbidden for v where two neighbours of v
    are in one tree of that colour and theirs.
    """
    colour = np.full(order.shape[0], -1)
    mark = np.full(order.shape[0] + 1, -1)
    parent = np.arange(len(near))
    seen_for, seen_from = np.full(len(near), -1), np.full(len(near), -1)
    last_for, last = np.full(order.shape[0] + 1, -1), np.full(order.shape[0] + 1, -1)
    for k in range(n):
        v = order[k]
        for i in range(ends[v], ends[v + 1]):
            mark[colour[near[i]]] = v
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            if colour[w] >= 0:
                for j in range(ends[w], ends[w + 1]):
                    beyond = colour[near[j]]
                    if beyond >= 0 and mark[beyond] != v:
                        tree = _root(parent, edge[j])
                        if seen_for[tree] == v and seen_from[tree] != w:
                            mark[beyond] = v
                        seen_for[tree], seen_from[tree] = v, w
        own = _first_free(mark, v)
        colour[v] = own
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            between = colour[w]
            if between >= 0:
                _join(parent, colour, ends, near, edge, v, i)
                if last_for[between] == v:
                    parent[_root(parent, edge[i])] = _root(parent, last[between])
                last_for[between], last[between] = v, edge[i]
    return colour


def smallest_last(ends: Array, near: Array, degree: Array, n: int) -> Array:
    """Vertices so that each has the fewest neighbours among those before it, found from the end.

    Matula, Beck: Smallest-last ordering and clustering and graph coloring algorithms. J. ACM 30(3),
    1983. Buckets of vertices by degree are doubly linked lists.
    """
    size = degree.shape[0]
    head = np.full(size + 1, -1)
    after, before = np.full(size, -1), np.full(size, -1)
    left = degree.copy()
    order = np.zeros(size, np.int64)
    for v in range(n):
        _put_first(head, after, before, v, left[v])
    least = 0
    for k in range(n):
        while head[least] < 0:
            least += 1
        v = head[least]
        _taken_out(head, after, before, v, least)
        order[n - 1 - k] = v
        left[v] = -1
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            d = left[w]
            if d > 0:
                _taken_out(head, after, before, w, d)
                d -= 1
                left[w] = d
                _put_first(head, after, before, w, d)
                if d < least:
                    least = d
    return order


def incidence(ends: Array, near: Array, degree: Array, n: int) -> Array:
    """Vertices so that each has the most neighbours among those before it, found from the front."""
    size = degree.shape[0]
    head = np.full(size + 1, -1)
    head[0] = 0
    after, before = np.arange(1, size + 1), np.arange(-1, size - 1)
    after[n - 1] = -1
    seen = np.zeros(size, np.int64)
    order = np.zeros(size, np.int64)
    most = 0
    for k in range(n):
        while head[most] < 0:
            most -= 1
        v = head[most]
        _taken_out(head, after, before, v, most)
        order[k] = v
        seen[v] = -1
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            d = seen[w]
            if d >= 0:
                _taken_out(head, after, before, w, d)
                d += 1
                seen[w] = d
                _put_first(head, after, before, w, d)
                if d > most:
                    most = d
    return order


def _first_free(mark: Array, v: int) -> int:
    """The first colour not forbidden for vertex v."""
    c = 0
    while mark[c] == v:
        c += 1
    return c


def _root(parent: Array, e: int) -> int:
    """The edge that stands for the set of an edge; paths to it are halved."""
    while parent[e] != e:
        parent[e] = parent[parent[e]]
        e = parent[e]
    return e


def _join(
    parent: Array, colour: Array, ends: Array, near: Array, edge: Array, v: int, i: int
) -> None:
    """Join the edge from v to its neighbour at i with the edges of that to others of v's colour."""
    w = near[i]
    for j in range(ends[w], ends[w + 1]):
        if near[j] != v and colour[near[j]] == colour[v]:
            parent[_root(parent, edge[i])] = _root(parent, edge[j])


def _put_first(head: Array, after: Array, before: Array, v: int, bucket: int) -> None:
    """Let a vertex be the first of the list of a bucket."""
    first = head[bucket]
    after[v], before[v] = first, -1
    if first >= 0:
        before[first] = v
    head[bucket] = v


def _taken_out(head: Array, after: Array, before: Array, v: int, bucket: int) -> None:
    """Take a vertex out of the list of its bucket."""
    a, b = after[v], before[v]
    if b >= 0:
        after[b] = a
    else:
        head[bucket] = a
    if a >= 0:
        before[a] = b


KERNELS: dict[Callable[..., Array], Kernel] = {}


def compiled(function: Callable[..., Array], *arrays: Array, n: int, steps: float = 0.0) -> Array:
    """`function(*arrays, n)`, as machine code where the graph is large, or takes many `steps`.

    Arrays are filled up to powers of four, so that graphs of like size share their code.
    """
    if max(sum(a.size for a in arrays), steps) < COMPILED_FROM:
        return function(
            *(a.tolist() if k + 1 < len(arrays) else a for k, a in enumerate(arrays)), n
        )[:n]
    kernel = KERNELS.setdefault(function, Kernel(function))
    found: Array = kernel(*(_padded(a) for a in arrays), n)
    return found[:n]


def _padded(a: Array) -> Array:
    size = 4
    while size < a.size:
        size *= 4
    made = np.zeros(size, np.int64)
    made[: a.size] = a
    return made
