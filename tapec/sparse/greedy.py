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

    Column v has rows `own[own_ends[v]:own_ends[v + 1]]`, row r has columns `across[...]`. A row
    whose columns have the first colours, without gaps, is not looked through: rows that are full
    take no time quadratic in their length.
    """
    colour = np.full(order.shape[0], -1)
    mark = np.full(order.shape[0] + 1, -1)
    many, most = np.zeros(len(across_ends), np.int64), np.zeros(len(across_ends), np.int64)
    for k in range(n):
        v = order[k]
        least = 0
        for i in range(own_ends[v], own_ends[v + 1]):
            r = own[i]
            if many[r] == most[r]:
                least = max(least, many[r])
            else:
                for j in range(across_ends[r], across_ends[r + 1]):
                    mark[colour[across[j]]] = v
        c = first_free(mark, v, least)
        colour[v] = c
        for i in range(own_ends[v], own_ends[v + 1]):
            many[own[i]] += 1
            most[own[i]] = max(most[own[i]], c + 1)
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


def first_free(mark: Array, v: int, least: int) -> int:
    """The first colour from `least` on that is not forbidden for vertex v."""
    c = least
    while mark[c] == v:
        c += 1
    return c


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
    if not n:
        return np.zeros(0, np.int64)
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
