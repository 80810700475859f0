"""Elements of arrays as numbers of Python's."""

from __future__ import annotations

from typing import Any

from tapec.trace.arrays.indexing import number as element
from tapec.trace.arrays.memory import is_number
from tapec.trace.arrays.table import TABLE, method_of_arrays
from tapec.trace.arrays.tracer import Tracer


def of_python(number: Tracer) -> Tracer:
    """A traced number as one of Python's, whose floats and integers have 64 bits."""
    wide = {"f32": float, "i32": int}.get(number._dtype)
    if wide is not None:
        number = TABLE["astype"](number, wide)
    number = number if is_number(number) else element(number)
    return Tracer(number._storage, number._dtype, (), number._steps, True, number._deps)


@method_of_arrays("item")
def item(x: Tracer, *args: Any) -> Any:
    """The element as a Python number."""
    if x._storage.array is not None:
        return x._array.item(*args)
    if len(args) == 1 and isinstance(args[0], tuple):
        return of_python(x[args[0]])
    if len(args) > 1:
        return of_python(x[args])
    if not args and x.size != 1:
        raise ValueError("can only convert an array of size 1 to a Python scalar")
    return of_python(TABLE["ravel"](x)[args[0] if args else 0])


@method_of_arrays("tolist")
def tolist(x: Tracer) -> Any:
    """Nested lists of the elements."""
    if x._storage.array is not None:
        return x._array.tolist()
    return [row.tolist() for row in x] if x.shape else of_python(x)
