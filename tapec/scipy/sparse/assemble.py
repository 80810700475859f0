"""Entries of sparse matrices: where they stand after sums, products and moves.

Matrices are given by `rows`, `columns` and `data`; results are these and a shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from tapec.scipy.registry import floats
from tapec.trace.arrays.operands import as_tracer

Array = np.ndarray[Any, Any]
Entries = tuple[Array, Array, Any, Sequence[int]]


def renumbered(pattern: Any, values: Any) -> tuple[Any, Any]:
    """A pattern whose entries are numbers of values, in any order and not all of them."""
    if pattern.format == "dia":
        return renumbered(pattern.tocsr(), values)
    kept, again = np.asarray(pattern.data, int) - 1, pattern.copy()
    again.data = np.arange(1, kept.size + 1).reshape(kept.shape)
    return again, values[kept.ravel()]


def added(terms: Any, places: Array, count: int) -> Any:
    """The sums of terms with the same place."""
    made = as_tracer(np.zeros((count, *terms.shape[1:])))
    np.add.at(made, places, terms)
    return made


def at_places(
    rows: Any, columns: Any, values: Any, shape: Sequence[int], like: Any
) -> tuple[Any, Any]:
    """Pattern and values of a matrix with these entries; entries at one place add up."""
    rows, columns = (np.asarray(a, np.int64) for a in (rows, columns))
    if rows.size and not (
        0 <= rows.min() <= rows.max() < shape[0] and 0 <= columns.min() <= columns.max() < shape[1]
    ):
        raise ValueError("indices of a sparse matrix are outside of its shape")
    keys, inverse = np.unique(rows * shape[1] + columns, return_inverse=True)
    if keys.size < rows.size:
        values = added(values, inverse, keys.size)
        rows, columns = np.divmod(keys, shape[1])
    numbers = np.arange(1, rows.size + 1)
    pattern = like(sparse.coo_array((numbers, (rows, columns)), shape=tuple(shape)))
    return renumbered(pattern, values)


def joined(parts: Sequence[Any]) -> Entries:
    """The sum of matrices."""
    if len({p.shape for p in parts}) > 1:
        raise ValueError("inconsistent shapes")
    rows, columns = (np.concatenate([getattr(p, n) for p in parts]) for n in ("rows", "columns"))
    return rows, columns, np.concatenate([floats(p.data) for p in parts]), parts[0].shape


def common(a: Any, b: Any) -> Entries:
    """The products of entries at the same places."""
    keys = [m.rows.astype(np.int64) * m.shape[1] + m.columns for m in (a, b)]
    found, first, second = np.intersect1d(*keys, return_indices=True)
    rows, columns = np.divmod(found, a.shape[1])
    return rows, columns, a.data[first] * b.data[second], a.shape


def product(a: Any, b: Any) -> Entries:
    """The product of matrices: all pairs of an entry (i, k) and an entry (k, j)."""
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"dimension mismatch: {a.shape} @ {b.shape}")
    order = np.argsort(b.rows, kind="stable")
    counts = np.bincount(b.rows, minlength=b.shape[0])
    starts = np.cumsum(counts) - counts
    times = counts[a.columns]
    first = np.repeat(np.arange(a.nnz), times)
    within = np.arange(first.size) - np.repeat(np.cumsum(times) - times, times)
    second = order[np.repeat(starts[a.columns], times) + within]
    values = a.data[first] * b.data[second]
    return a.rows[first], b.columns[second], values, (a.shape[0], b.shape[1])
