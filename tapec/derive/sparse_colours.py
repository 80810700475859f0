"""Colourings of patterns: the cheapest way, what it costs at least, and those of earlier processes.

A colouring depends on the pattern and the options alone, and may take seconds. It is kept on disk.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import scipy.sparse as sp

from tapec.cache.digests import digest
from tapec.cache.shared import CACHE
from tapec.sparse import colouring as colourings
from tapec.sparse.colouring import Colouring, Order
from tapec.sparse.tuning import BOTH_WAYS_FROM, COTANGENT_COST, KEPT_NONZEROS, PRIMAL_COST

_Found = TypeVar("_Found")


def work(coloured: Colouring) -> float:
    """What derivatives along all colours cost, in tangents."""
    back = coloured.cotangents
    return coloured.tangents + (COTANGENT_COST * back + PRIMAL_COST if back else 0.0)


def least_work(pattern: sp.csr_array) -> float:
    """What no colouring of columns, or of rows, costs less than; none of both, where those cost
    so much that both are tried."""
    rows = int(np.diff(pattern.indptr).max(initial=0))
    columns = int(np.bincount(pattern.indices, minlength=1).max(initial=0))
    least = min(rows, COTANGENT_COST * columns + PRIMAL_COST)
    return least if least <= BOTH_WAYS_FROM else pattern.nnz / max(*pattern.shape, 1)


def _cheapest(pattern: sp.csr_array, order: Order) -> Colouring:
    """The way with the least work: columns, rows, or both where each alone needs many."""
    found = [colourings.by_columns(pattern, order), colourings.by_rows(pattern, order)]
    best = min(found, key=work)
    if work(best) <= BOTH_WAYS_FROM:
        return best
    return min(best, colourings.both_ways(pattern, order), key=work)


COLOURINGS: Mapping[str, Callable[[sp.csr_array, Order], Colouring]] = {
    "auto": _cheapest,
    "fwd": colourings.by_columns,
    "rev": colourings.by_rows,
    "both": colourings.both_ways,
}


def kept(
    kind: str,
    colour: Callable[[sp.csr_array, Order], _Found],
    pattern: sp.csr_array,
    order: Order,
) -> _Found:
    """The colouring of a pattern: from the disk where an earlier process has found it."""
    if pattern.nnz < KEPT_NONZEROS or not CACHE.enabled:
        return colour(pattern, order)
    parts = pattern.indptr, pattern.indices
    contents = [(a.dtype.str, digest(np.ascontiguousarray(a)).hex()) for a in parts]
    key = CACHE.key("colouring", kind, order, pattern.shape, contents)
    content = CACHE.read(key).content
    if content is not None:
        known: _Found = pickle.loads(content)
        return known
    found = colour(pattern, order)
    CACHE.write(key, pickle.dumps(found, protocol=5))
    return found
