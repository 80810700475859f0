"""Matrices of a pattern: symmetric ones, `scipy.linalg`'s block_diag, toeplitz and others."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.table import implements


def mirrored(a: Any, lower: bool) -> Any:
    """The symmetric matrices of which these are one triangle."""
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    return strict + np.swapaxes(strict, -1, -2) + a * np.eye(a.shape[-1], dtype=a.dtype)


def _vectors(x: Any) -> Any:
    return np.atleast_1d(as_tracer(as_array(x)))


@implements("scipy.linalg.toeplitz")
def toeplitz(c: Any, r: Any = None) -> Any:
    """``scipy.linalg.toeplitz``: constant along diagonals, from a first column and row."""
    c = _vectors(c)
    r = c if r is None else _vectors(r)
    lead = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
    c, r = (np.broadcast_to(x, (*lead, x.shape[-1])) for x in (c, r))
    rows, columns = np.indices((c.shape[-1], r.shape[-1]))
    along = np.concatenate([c[..., ::-1], r[..., 1:]], axis=-1)
    return along[..., c.shape[-1] - 1 - rows + columns]


@implements("scipy.linalg.circulant")
def circulant(c: Any) -> Any:
    """``scipy.linalg.circulant``: every column is the one before, turned by a place."""
    c = _vectors(c)
    n = c.shape[-1]
    rows, columns = np.indices((n, n))
    return c[..., (rows - columns) % n if n else rows]


@implements("scipy.linalg.hankel")
def hankel(c: Any, r: Any = None) -> Any:
    """``scipy.linalg.hankel``: constant along the other diagonals."""
    c = np.ravel(as_tracer(as_array(c)))
    r = np.zeros(c.size, c.dtype) if r is None else np.ravel(as_tracer(as_array(r)))
    rows, columns = np.indices((c.size, r.size))
    return np.concatenate([c, r[1:]])[rows + columns]


@implements("scipy.linalg.block_diag")
def block_diag(*arrs: Any) -> Any:
    """``scipy.linalg.block_diag``: zero outside of the blocks."""
    blocks = [np.atleast_2d(as_tracer(as_array(a))) for a in arrs or ([],)]
    lead = np.broadcast_shapes(*(a.shape[:-2] for a in blocks))
    blocks = [np.broadcast_to(a, (*lead, *a.shape[-2:])) for a in blocks]
    dtype = np.result_type(*(a.dtype for a in blocks))
    width, left, made = sum(a.shape[-1] for a in blocks), 0, []
    for a in blocks:
        rows, columns = a.shape[-2:]
        sides = left, width - left - columns
        before, after = (np.zeros((*lead, rows, n), dtype) for n in sides)
        made.append(np.concatenate([before, a, after], axis=-1))
        left += columns
    return np.concatenate(made, axis=-2)
