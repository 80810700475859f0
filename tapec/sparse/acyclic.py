"""Acyclic colourings of symmetric patterns: fewest directions, nonzeros found by substitution.

Vertices of any two colours induce a forest. Element (v, w) is what the derivative along w's colour
gives at v, less the other elements of row v in that colour; the leaves of a tree have none, and
when they are known, the next ones have none (Gebremedhin, Tarafdar, Manne, Pothen: New acyclic and
star coloring algorithms with application to computing Hessians. SIAM J. Sci. Comput. 29(3), 2007).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.sparse.colouring import Colouring, Order, coloured_graph
from tapec.sparse.rows import entries

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Substitution:
    """In which order the elements beside the diagonal are found.

    Element k, in this order, is number `places[k]` of the derivatives along all colours, less what
    was added to slot `own[k]` before; it is added to slot `other[k]`. Nonzero j of the pattern is
    number `read[j]` of the derivatives followed by the elements.
    """

    places: Array
    own: Array
    other: Array
    slots: int
    read: Array


def acyclic(pattern: sp.csr_array, order: Order = "best") -> tuple[Colouring, Substitution]:
    """An acyclic colouring of a symmetric pattern, and how its elements are found."""
    colours = coloured_graph(pattern, order)
    n, count = pattern.shape[0], int(colours.max(initial=-1)) + 1
    rows, columns = entries(pattern)
    found = _substitution(rows, columns, colours, n, count)
    none = np.full(n, -1)
    by_row = np.zeros(pattern.nnz, bool)
    kept = Colouring(colours, none, colours[columns], rows, by_row, min(count, 2))
    return kept, found


def _substitution(rows: Array, columns: Array, colours: Array, n: int, count: int) -> Substitution:
    (beside,) = np.nonzero(rows != columns)
    keys, slots = np.unique(rows[beside] * count + colours[columns[beside]], return_inverse=True)
    twins = _twins(rows[beside], columns[beside], n)
    sequence = np.array(_leaves_first(slots.reshape(-1), twins, keys.size), np.int64)
    position = np.zeros(beside.size, np.int64)
    position[sequence] = np.arange(sequence.size)
    position[twins[sequence]] = np.arange(sequence.size)
    read = colours[columns] * n + rows
    read[beside] = count * n + position
    at = beside[sequence]
    return Substitution(
        colours[columns[at]] * n + rows[at],
        slots[sequence],
        slots[twins[sequence]],
        keys.size,
        read,
    )


def _twins(rows: Array, columns: Array, n: int) -> Array:
    """Of each element beside the diagonal the number of its mirror image."""
    found: Array = np.searchsorted(rows * n + columns, columns * n + rows)
    return found


def _leaves_first(slots: Array, twins: Array, count: int) -> list[int]:
    """One of each pair of elements: each when it is the last one of its slot that is not known."""
    left = np.bincount(slots, minlength=count)
    members = np.argsort(slots, kind="stable")
    ends = np.concatenate([[0], left.cumsum()]).tolist()
    number, twin, member, open_ = slots.tolist(), twins.tolist(), members.tolist(), left.tolist()
    known = bytearray(len(number))
    ready = deque(s for s, k in enumerate(open_) if k == 1)
    sequence: list[int] = []
    while ready:
        slot = ready.popleft()
        if open_[slot] != 1:
            continue
        e = next(m for m in member[ends[slot] : ends[slot + 1]] if not known[m])
        sequence.append(e)
        for m in (e, twin[e]):
            known[m] = 1
            open_[number[m]] -= 1
        if open_[number[twin[e]]] == 1:
            ready.append(number[twin[e]])
    return sequence
