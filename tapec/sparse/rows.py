"""Sets of columns, one for each element of an array: the rows of a sparsity pattern.

A number's set is a frozenset, since scalar programs have very many; an array's are CSR rows.
None is a value that depends on nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

Array = np.ndarray[Any, Any]
Rows: TypeAlias = "sp.csr_array | frozenset[int]"


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Sources and targets that meet: a target depends on all sources of its label, -1 on none."""

    sources: Array
    targets: Array


def identity(first: int, size: int, columns: int) -> Rows:
    """Each element depends on a column of its own, from `first` on."""
    if size == 1:
        return frozenset([first])
    return _csr(np.arange(size + 1), np.arange(first, first + size), columns)


def as_matrix(rows: Rows, columns: int) -> sp.csr_array:
    """The sets of an array of any size as CSR rows."""
    if not isinstance(rows, frozenset):
        return rows
    found = np.array(sorted(rows), np.int64)
    return _csr(np.array([0, found.size]), found, columns)


def union(a: Rows | None, b: Rows | None) -> Rows | None:
    """The sets of two arrays of one size, element by element."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a if b <= a else b if a <= b else a | b
    if a is b or isinstance(a, frozenset) or isinstance(b, frozenset):
        return a
    return a + b


def stacked(parts: Sequence[Rows | None], sizes: Sequence[int], columns: int) -> sp.csr_array:
    """The rows of several arrays, one array after the other."""
    if len(parts) == 1 and parts[0] is not None:
        return as_matrix(parts[0], columns)
    counts = [_counts(p, n) for p, n in zip(parts, sizes, strict=True)]
    ends = np.concatenate([[0], *counts]).cumsum()
    return _csr(ends, np.concatenate([_indices(p) for p in parts]), columns)


def taken(rows: sp.csr_array, places: Array) -> Rows:
    """The sets of an array whose element k is element `places[k]` of another, or zero for -1."""
    if places.size == 1:
        k = int(places.reshape(()))
        ends = (0, 0) if k < 0 else rows.indptr[k : k + 2]
        return frozenset(rows.indices[slice(*ends)].tolist())
    flat = places.reshape(-1)
    counts = np.where(flat < 0, 0, np.diff(rows.indptr)[flat])
    ends = np.concatenate([[0], counts.cumsum()])
    shift = np.repeat(rows.indptr[flat] - ends[:-1], counts)
    return _csr(ends, rows.indices[shift + np.arange(ends[-1])], rows.shape[1])


def met(rows: sp.csr_array, labels: Labels) -> Rows:
    """Every target's set: the union of the sets of all sources with its label."""
    sources, targets = labels.sources.reshape(-1), labels.targets
    used = np.flatnonzero(sources >= 0)
    count = int(max(sources.max(initial=-1), targets.max(initial=-1))) + 1
    ones = np.ones(used.size, bool)
    gather = sp.csr_array((ones, (sources[used], used)), shape=(count, rows.shape[0]))
    joined = gather @ rows
    joined.sort_indices()
    return taken(joined, targets)


def entries(pattern: sp.csr_array) -> tuple[Array, Array]:
    """Row and column of every nonzero of a pattern, in its order."""
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    return rows, pattern.indices.astype(np.int64)


def symmetrised(pattern: sp.csr_array) -> sp.csr_array:
    """A square pattern together with its mirror image."""
    both = sp.csr_array(pattern + pattern.T)
    both.sort_indices()
    return both


def repeated(rows: Rows, times: int) -> Rows:
    """The sets of an array, again and again."""
    if isinstance(rows, frozenset):
        rows = as_matrix(rows, max(rows, default=0) + 1)
    return taken(rows, np.tile(np.arange(rows.shape[0]), times))


def size_of(rows: Rows | None) -> int:
    """How many members all sets have together."""
    if rows is None:
        return 0
    return len(rows) if isinstance(rows, frozenset) else int(rows.nnz)


def _counts(rows: Rows | None, size: int) -> Array:
    if rows is None:
        return np.zeros(size, np.int64)
    return np.array([len(rows)]) if isinstance(rows, frozenset) else np.diff(rows.indptr)


def _indices(rows: Rows | None) -> Array:
    if rows is None:
        return np.zeros(0, np.int64)
    return np.array(sorted(rows), np.int64) if isinstance(rows, frozenset) else rows.indices


def _csr(ends: Array, indices: Array, columns: int) -> sp.csr_array:
    """A pattern with sorted indices, made without SciPy's look at every index."""
    size = np.int64 if max(indices.size, columns) > np.iinfo(np.int32).max else np.int32
    made = sp.csr_array((ends.size - 1, columns), dtype=bool)
    made.data = np.ones(indices.size, bool)
    made.indices, made.indptr = indices.astype(size, copy=False), ends.astype(size, copy=False)
    made.has_sorted_indices = made.has_canonical_format = True
    return made


def freeze(matrix: Any) -> Any:
    """A matrix whose index arrays cannot be written to: others have the same."""
    places = matrix.coords if matrix.format == "coo" else (matrix.indices, matrix.indptr)
    for array in places:
        array.flags.writeable = False
    return matrix
