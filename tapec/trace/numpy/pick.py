"""Elements picked by arrays of indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.narrow import widened_integers
from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.table import implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.select import wrapped
from tapec.trace.numpy.shape import axis_of, ravel
from tapec.trace.numpy.split import along


@implements("take")
def take(x: Any, indices: Any, axis: Any = None, *, mode: str = "raise") -> Any:
    """``np.take`` with constant or traced indices; mode wrap and clip adjust them first."""
    x = as_tracer(x)
    x = ravel(x) if axis is None or not x.ndim else x
    axis = axis_of(0 if axis is None else axis, x.ndim)
    index = widened_integers(as_array(indices))
    if type(index) is Tracer and not index.size:
        index = np.zeros(index.shape, int)
    if mode != "raise":
        index = wrapped(index, x.shape[axis], mode)
    return along(x, axis, index)


@implements("take_along_axis")
def take_along_axis(x: Any, indices: Any, axis: Any = -1) -> Any:
    """``np.take_along_axis``."""
    if axis is None:
        if as_tracer(indices).ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        return ravel(x)[as_array(indices)]
    x = as_tracer(x)
    return x[places_along(x, indices, axis)]


def places_along(x: Any, indices: Any, axis: Any) -> tuple[Any, ...]:
    """The key of the elements that indices along one axis mean."""
    index = as_tracer(widened_integers(indices))
    axis = axis_of(axis, x.ndim)
    if index.ndim != x.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    key: list[Any] = []
    for i, n in enumerate(x.shape):
        shape = [1] * x.ndim
        shape[i] = n
        key.append(index if i == axis else np.arange(n).reshape(shape))
    return tuple(key)
