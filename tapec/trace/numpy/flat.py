"""``x.flat``: a row of all elements in C order, wherever they lie in memory.

Its slices are copies, and values written into it are cycled.
"""

from __future__ import annotations

import operator
from typing import Any

from tapec.errors import MutationError
from tapec.trace.arrays.memory import fresh
from tapec.trace.arrays.operands import any_symbolic, as_tracer, unwrap
from tapec.trace.arrays.overwriting import lies_in, write_in_steps
from tapec.trace.arrays.session import where
from tapec.trace.arrays.sharing import same_memory
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.put import cycled
from tapec.trace.numpy.shape import ravel


def is_flat(x: Tracer) -> bool:
    """Whether an array is the ``flat`` of another one."""
    return bool(x._steps) and x._steps[-1][0] == "flat"


def as_row(x: Tracer) -> Tracer:
    """The same elements as an array with one axis, whose slices show them."""
    return Tracer(x._storage, x._dtype, x._shape, (*x._steps[:-1], ("reshape", x._shape)))


def items(x: Tracer, found: Any) -> Any:
    """What is found in the row at a key: a copy."""
    shares = type(found) is Tracer and found._shape and found._storage is x._storage
    return fresh(found) if shares and is_symbolic(x) else found


def write_as_numpy(x: Tracer, key: Any, value: Any) -> bool:
    """Let NumPy write where nothing is traced, or say what comes of it; whether it has."""
    under = Tracer(x._storage, x._dtype, (), x._steps[:-1])
    if not any_symbolic(key) and lies_in(value, under):
        write_in_steps(under, value, lambda a, b: operator.setitem(a.flat, unwrap(key), b))
        return True
    if is_symbolic(x) or any_symbolic((key, value)):
        return False
    under._array.flat[unwrap(key)] = unwrap(value)
    x._storage.changed()
    return True


def values_for(place: Any, value: Any) -> Any:
    """The values to be written at a place, cycled as NumPy does.

    NumPy reads them one by one while it writes, so that they may not lie in what is written.
    """
    count = as_tracer(place).size
    if type(value) is Tracer and value.size > 1 and same_memory(as_tracer(place), value):
        raise MutationError(
            "values written through .flat lie in the array that is written: NumPy overwrites them "
            "while it reads them",
            where=where(),
            hint="write a copy: a.flat = b.copy()",
        )
    row = ravel(value)
    found = row if row.size in (1, count) else cycled(row, count)
    return found if as_tracer(place).shape else found[0]
