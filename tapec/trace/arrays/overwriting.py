"""Values written into the array in which they lie; NumPy overwrites some before it reads them.

NumPy copies such values first, but not where both are rows that run in one direction, nor under
masks and in ``x.flat``: there it copies one element after the other. It is asked what comes of
that, on an array that holds the numbers of its elements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tapec.errors import MutationError
from tapec.trace.arrays import views
from tapec.trace.arrays.layout import Array, c_strides
from tapec.trace.arrays.memory import check_known, shadow, whole_of
from tapec.trace.arrays.operands import need_session, session_of
from tapec.trace.arrays.session import where
from tapec.trace.arrays.sharing import same_memory
from tapec.trace.arrays.tracer import Tracer, is_symbolic


def lies_in(value: Any, x: Tracer) -> bool:
    """Whether several traced values lie in a traced array."""
    return (
        type(value) is Tracer
        and value._storage is x._storage
        and is_symbolic(x)
        and value.size > 1
        and same_memory(x, value)
    )


def is_copied_in_steps(dst: Tracer, src: Any) -> bool:
    """Whether an assignment reads elements of `src` after it has overwritten them."""
    if type(src) is not Tracer or src._storage is not dst._storage or len(dst._shape) != 1:
        return False
    if not lies_in(src, dst):
        return False
    to, by = shadow(dst).strides[0], shadow(src).strides[-1]
    return to * by > 0 and to != by


def write_in_steps(dst: Tracer, src: Tracer, write: Callable[[Any, Any], Any]) -> None:
    """``write(dst, src)``, a function of NumPy's, where `src` lies in `dst`."""
    if any(kind == "dynamic" for kind, _ in (*dst._steps, *src._steps)):
        raise MutationError(
            "a part of an array is written with another part of it, at traced places: NumPy"
            " overwrites elements before it reads them",
            where=where(),
            hint="write a copy: a[...] = b.copy()",
        )
    check_known(dst, "an assignment between parts")
    numbers = _numbered(dst)
    target = _seen(numbers, dst)
    write(target, _seen(numbers, src))
    session = session_of(dst) or need_session()
    whole = whole_of(dst)._value(session)
    row = session.emit("reshape", whole, shape=(numbers.size,))
    made = session.emit("gather", row, session.array(np.array(target, np.int64), "i64"))
    dst._storage.write(session, dst._steps, made)


def assign_flat(x: Tracer, values: Any) -> None:
    """``x.flat = values``: NumPy copies values that lie in it or not, as its own order asks."""
    if lies_in(values, x):
        write_in_steps(x, values, lambda a, b: setattr(a, "flat", b))
    else:
        x.flat[:] = values


def _numbered(x: Tracer) -> Array:
    """An array that lies in memory as that behind a view, of the numbers of its elements."""
    x._storage.asked = True
    shape = x._storage.shape
    strides = x._storage.strides or c_strides(shape)
    ends = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
    low = -sum(e for e in ends if e < 0)
    memory = np.zeros(low + 1 + sum(e for e in ends if e > 0), np.int64)
    made = as_strided(memory[low:], shape, tuple(8 * s for s in strides))
    made[...] = np.arange(made.size).reshape(shape)
    return made


def _seen(array: Array, x: Tracer) -> Array:
    for step in x._steps:
        array = views.look_concrete(array, step)
    return array
