"""Functions applied along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.shape import axis_of, moveaxis, reshaped


@implements("apply_along_axis")
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of one-dimensional slices, called on every one."""
    x = as_tracer(arr)
    axis = axis_of(axis, x.ndim)
    lead = x.shape[:axis] + x.shape[axis + 1 :]
    rows = moveaxis(x, axis, -1)
    found = [as_tracer(func1d(rows[k], *args, **kwargs)) for k in np.ndindex(lead)]
    stacked = TABLE["stack"](found)
    made = reshaped(stacked, (*lead, *found[0].shape))
    for k in range(found[0].ndim):
        made = moveaxis(made, len(lead) + k, axis + k)
    return made


@implements("apply_over_axes")
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """A reduction over several axes, one after the other, which stay."""
    x = as_tracer(a)
    for axis in np.atleast_1d(axes).tolist():
        made = as_tracer(func(x, axis))
        x = made if made.ndim == x.ndim else TABLE["expand_dims"](made, axis_of(axis, x.ndim))
    return x
