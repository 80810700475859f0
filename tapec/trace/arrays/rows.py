"""Elements of lists that a loop has filled: rows of what the loop stacked, read when needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapec.ir.core import Value
from tapec.ir.places import full_range
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.storage import ROW, Storage
from tapec.trace.arrays.tracer import Tracer


def row_maker(session: Session, stack: Value, weak: bool) -> Callable[[int], Tracer]:
    """From a number to that row of a stack."""
    storage = Storage(session, stack, None)
    storage.frozen = ROW
    dtype, shape = stack.type.dtype, stack.type.shape[1:]
    rest = full_range(shape)
    return lambda t: Tracer(storage, dtype, shape, (("index", (t, *rest)),), weak)


def rows_from(items: Sequence[Any], start: int) -> int:
    """How many items from `start` on are consecutive rows of one stack."""
    first = _number(items[start])
    if first is None:
        return 0
    storage, end = items[start]._storage, start + 1
    while end < len(items) and _number(items[end]) == first + end - start:
        if items[end]._storage is not storage:
            break
        end += 1
    return end - start


def rows(first: Tracer, count: int) -> Tracer:
    """A row and those after it, as one array."""
    number, *rest = first._steps[0][1]
    at = ((number, count, 1), *rest)
    return Tracer(first._storage, first._dtype, (count, *first._shape), (("index", at),))


def _number(item: Any) -> int | None:
    if type(item) is not Tracer or item._storage.frozen != ROW or len(item._steps) != 1:
        return None
    number: int = item._steps[0][1][0]
    return number
