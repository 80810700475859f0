"""Star and acyclic colourings, greedy, in time linear in edges times the colours around a vertex.

Each vertex keeps the colours around it, so that a hub's neighbours are not looked through for each
of its leaves. Arrays and marks are those of `greedy`.

Gebremedhin, Tarafdar, Manne, Pothen: New acyclic and star coloring algorithms with application to
computing Hessians. SIAM J. Sci. Comput. 29(3), 2007.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.sparse.greedy import first_free

Array = np.ndarray[Any, Any]


def star(ends: Array, near: Array, limits: Array, order: Array, n: int) -> Array:
    """Neighbours differ, and every path of four vertices has three colours (no loops in `near`).

    Vertices of two colours are stars. A colour is forbidden for v if a neighbour w is a leaf of a
    star whose hub has it, or has any neighbour of it while v has two neighbours of w's colour.
    With `limits[0]`, neighbours of a vertex without colour differ as well; neither rule needs fewer
    colours everywhere. Ends, unfinished, where `limits[1]` colours do not do.
    """
    eager, most = limits[0], limits[1]
    colour = np.full(order.shape[0], -1)
    mark = np.full(order.shape[0] + 1, -1)
    seen, several = np.full(order.shape[0] + 1, -1), np.full(order.shape[0] + 1, -1)
    # Lists of w from `ends[w]` on: colours around w, each with its vertex where that is one; and
    # colours of the hubs that w is a leaf of.
    around, only, hubs = (np.zeros(len(near), np.int64) for _ in range(3))
    colours, leaves = ends.copy(), ends.copy()
    for k in range(n):
        v = order[k]
        for i in range(ends[v], ends[v + 1]):
            between = colour[near[i]]
            if between >= 0:
                if seen[between] == v:
                    several[between] = v
                mark[between], seen[between] = v, v
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            between = colour[w]
            if several[between] == v if between >= 0 else eager != 0:
                _forbidden(mark, v, around, ends[w], colours[w])
            _forbidden(mark, v, hubs, ends[w], leaves[w])
        own = first_free(mark, v, 0)
        if own >= most:
            break
        colour[v] = own
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            between = colour[w]
            if between >= 0 and several[between] == v:
                _appended(hubs, leaves, w, own)
            at = _listed(around, ends[w], colours[w], own)
            if at == colours[w]:
                only[at] = v
                _appended(around, colours, w, own)
            else:
                _joined(hubs, leaves, between, v, only[at])
                only[at] = -1
    return colour


def acyclic(ends: Array, near: Array, edge: Array, order: Array, n: int) -> Array:
    """Neighbours differ, and every cycle has three colours (no loops in `near`).

    `edge[k]` numbers the edge to neighbour `near[k]`, from both sides alike. Edges of the tree of
    two colours that they are in are one set: a colour is forbidden for v where two neighbours of v
    are in one tree of that colour and theirs. Each vertex keeps the colours around it, each with
    one of its edges: those of one colour are in one tree.
    """
    colour = np.full(order.shape[0], -1)
    mark = np.full(order.shape[0] + 1, -1)
    parent = np.arange(len(near))
    seen_for, seen_from = np.full(len(near), -1), np.full(len(near), -1)
    last_for, last = np.full(order.shape[0] + 1, -1), np.full(order.shape[0] + 1, -1)
    around, by = np.zeros(len(near), np.int64), np.zeros(len(near), np.int64)
    colours = ends.copy()
    for k in range(n):
        v = order[k]
        for i in range(ends[v], ends[v + 1]):
            if colour[near[i]] >= 0:
                mark[colour[near[i]]] = v
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            if colour[w] >= 0:
                for j in range(ends[w], colours[w]):
                    _met(mark, parent, seen_for, seen_from, v, w, around[j], by[j])
        own = first_free(mark, v, 0)
        colour[v] = own
        for i in range(ends[v], ends[v + 1]):
            w = near[i]
            between = colour[w]
            at = _listed(around, ends[w], colours[w], own)
            if at == colours[w]:
                around[at], by[at] = own, edge[i]
                colours[w] += 1
            elif between >= 0:
                parent[_root(parent, edge[i])] = _root(parent, by[at])
            if between >= 0:
                if last_for[between] == v:
                    parent[_root(parent, edge[i])] = _root(parent, last[between])
                last_for[between], last[between] = v, edge[i]
    return colour


def _forbidden(mark: Array, v: int, listed: Array, start: int, stop: int) -> None:
    """Forbid the listed colours for v."""
    for j in range(start, stop):
        mark[listed[j]] = v


def _appended(listed: Array, stops: Array, w: int, colour: int) -> None:
    """Append a colour to the list of w."""
    listed[stops[w]] = colour
    stops[w] += 1


def _joined(hubs: Array, leaves: Array, between: int, v: int, x: int) -> None:
    """Let v, and x where it was the only other one, be leaves of a hub, if that has a colour."""
    if between >= 0:
        _appended(hubs, leaves, v, between)
        if x >= 0:
            _appended(hubs, leaves, x, between)


def _met(
    mark: Array, parent: Array, seen_for: Array, seen_from: Array, v: int, w: int, c: int, e: int
) -> None:
    """Forbid colour c for v where the tree of edge e, at neighbour w, was met at another one."""
    if mark[c] != v:
        tree = _root(parent, e)
        if seen_for[tree] == v and seen_from[tree] != w:
            mark[c] = v
        seen_for[tree], seen_from[tree] = v, w


def _listed(around: Array, start: int, stop: int, colour: int) -> int:
    """Where a colour is listed; `stop` where it is not."""
    at = start
    while at < stop and around[at] != colour:
        at += 1
    return at


def _root(parent: Array, e: int) -> int:
    """The edge that stands for the set of an edge; paths to it are halved."""
    while parent[e] != e:
        parent[e] = parent[parent[e]]
        e = parent[e]
    return e
