"""Indices of the elements for which a condition holds: their number is known at run time only."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import any_symbolic, as_tracer
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.parts.masked import MaskedInterval, masked
from tapec.trace.parts.ragged import Ragged


@method_of_arrays("nonzero")
@implements("nonzero")
def nonzero(a: Any) -> Any:
    """The indices, axis by axis, of what is not zero."""
    if not any_symbolic(a):
        return eager(np.nonzero, (a,), {})
    x = as_tracer(a)
    if not x.ndim:
        raise ValueError("Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).")
    mask = x if x._dtype == "bool" else TABLE["not_equal"](x, 0)
    return tuple(masked(concrete(i.copy()), mask) for i in np.indices(x.shape))


@implements("flatnonzero")
def flatnonzero(a: Any) -> Any:
    """The indices in the flattened array of what is not zero."""
    return nonzero(TABLE["ravel"](a))[0]


def mask_of(x: Any, key: Any) -> Any:
    """The mask behind a key made by `nonzero`; any other key as it is.

    Such indices are all different, so that a mask writes what they write.
    """
    parts = key if type(key) is tuple else (key,)
    intervals = [_masked_interval(p) for p in parts]
    if not intervals or None in intervals or not all(intervals[0].same(c) for c in intervals[1:]):
        return key
    truth, shape = intervals[0].truth, x.shape[: len(parts)]
    if truth.size != np.prod(shape, dtype=int):
        return key
    wanted = [i.ravel() for i in np.indices(shape)]
    if not all(np.array_equal(p.frame._array, w) for p, w in zip(parts, wanted, strict=True)):
        return key
    return TABLE["reshape"](truth, shape)


def _masked_interval(part: Any) -> Any:
    """The mask that selected elements of a constant array of indices; None for anything else."""
    if type(part) is not Ragged or list(part.intervals) != [0] or type(part.frame) is not Tracer:
        return None
    interval, frame = part.intervals[0], part.frame
    known = (
        isinstance(interval, MaskedInterval)
        and frame._storage.array is not None
        and frame.ndim == 1
    )
    return interval if known else None
