"""Operands of `and` and `or` that may be computed even where Python would not."""

from __future__ import annotations

import dis
from collections.abc import Callable
from typing import Any

from tapec.ir.types import Type
from tapec.trace.arrays.session import Session
from tapec.trace.python.effects import widened
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.region import Region
from tapec.trace.staging.state import Cells
from tapec.trace.staging.values import kind_of
from tapec.trace.tuning import CHEAP_OPERAND

Thunk = Callable[[], Any]
_CALL = frozenset(number for name, number in dis.opmap.items() if name.startswith("CALL"))


def is_cheap(session: Session, rest: Thunk, thunks: tuple[Thunk, ...]) -> bool:
    """Whether operands of `and` are a cheap boolean without side effects."""
    heap = Heap(widened(Cells(), *thunks)) if any(map(_calls, thunks)) else None
    if heap is not None and heap.sources:
        return False
    region = Region(session, probe=True)
    try:
        with region.active():
            kind = kind_of(rest())
            writes = bool(region.written()) or (heap is not None and bool(heap.read()))
    finally:
        if heap is not None:
            heap.restore()
    ops = region.builder.ops
    return (
        kind is not None
        and kind.type == Type("bool")
        and region.weight() <= CHEAP_OPERAND
        and not writes
        and not any(op.regions or op.primitive.raises for op in ops)
    )


def _calls(thunk: Any) -> bool:
    """Whether an operand calls anything: only calls have side effects here."""
    return not _CALL.isdisjoint(thunk.__code__.co_code[::2])
