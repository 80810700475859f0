"""``ufunc.at`` and ``ufunc.reduceat``: by elements and by segments."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.dispatch import (
    any_symbolic,
    check_cast,
    normal,
    tracer,
    unsupported,
    unwrap,
)
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.shape import axis_of, broadcast_to, moveaxis, reshaped
from tapec.trace.numpy.split import along
from tapec.trace.staging.for_loop import run_for
from tapec.trace.staging.items import Forced
from tapec.trace.staging.state import Cells

_WRITTEN_OUT = 8  # elements up to which there is no loop


@implements("__at__")
def at_each(name: str, x: Tracer, key: Any, *values: Any) -> None:
    """``x[key] = ufunc(x[key], value)`` for one index after the other."""
    parts = [normal(k) for k in (key if isinstance(key, tuple) else (key,))]
    if name not in TABLE or any(_kind(p) not in "iu" for p in parts):
        raise UnsupportedOperation(
            f"np.{name}.at with such indices has no translation", where=where()
        )
    shape = np.broadcast_shapes(*(tracer(p).shape for p in parts))
    count, rest = math.prod(shape), x.shape[len(parts) :]
    places = [reshaped(broadcast_to(p, shape), (count,)) for p in parts]
    given = [reshaped(broadcast_to(v, (*shape, *rest)), (count, *rest)) for v in values]

    def step(k: Any) -> None:
        where_to = tuple(p[k] for p in places)
        made = TABLE[name](x[where_to], *(v[k] for v in given))
        check_cast(made, x._dtype)
        x[where_to] = made

    if count <= _WRITTEN_OUT:
        for k in range(count):
            step(k)
    else:
        run_for(Forced(range(count), True), step, Cells(), None, strict=True)


def _kind(part: Any) -> str:
    return tracer(part).dtype.kind if not isinstance(part, slice) and part is not None else ""


@implements("__reduceat__")
def reduceat(ufunc: Any, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """The reductions of segments that begin at constant indices."""
    if any_symbolic(indices):
        raise unsupported(ufunc, ".reduceat with traced indices")
    x = tracer(x)
    axis, starts = axis_of(axis, x.ndim), np.asarray(unwrap(indices)).tolist()
    n = x.shape[axis]
    if any(not 0 <= k < n for k in starts):
        raise IndexError(f"an index of np.{ufunc.__name__}.reduceat is out of bounds")
    options = {} if dtype is None else {"dtype": dtype}
    found = []
    for first, last in pairwise([*starts, n]):
        part = along(x, axis, slice(first, max(last, first + 1)))
        found.append(TABLE["__ufunc__"](ufunc, "reduce", (part,), {"axis": axis, **options}))
    return moveaxis(TABLE["stack"](found), 0, axis)
