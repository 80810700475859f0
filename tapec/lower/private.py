"""Work memory that every iteration of a loop fills before it reads it: threads may have their own.

What stores fill is counted element by element, as far as loops with known bounds say where they go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from tapec.ir.addresses import address
from tapec.ir.core import Op, Value
from tapec.ir.nested import every
from tapec.ir.ops.loop import FOR
from tapec.ir.ops.memory import ALLOC, LOAD, STORE
from tapec.lower.tuning import PRIVATE_ELEMENTS


def touches(ops: Iterable[Op]) -> Counter[Value]:
    """How often ops, those of regions included, name each buffer."""
    return Counter(v for op in every(ops) for v in op.operands if v.type.buffer)


def work_memory(ops: Iterable[Op]) -> set[Value]:
    """The buffers that a program allocates and writes."""
    return {op.result for op in ops if op.primitive is ALLOC and "data" not in op.attrs}


def filled_first(loop: Op, buffers: Collection[Value]) -> set[Value]:
    """Those of these buffers that every iteration of a loop fills before it reads them."""
    (body,) = loop.regions
    return {b for b in buffers if b.type.size <= PRIVATE_ELEMENTS and _filled(body.ops, b)}


def _filled(ops: Sequence[Op], buffer: Value) -> bool:
    filled = np.zeros(buffer.type.size, bool)
    for op in ops:
        if any(o.primitive is LOAD and o.operands[0] is buffer for o in every([op])):
            return bool(filled.all())
        _fill([op], buffer, {}, filled)
    return True  # nobody reads it


def _fill(
    ops: Sequence[Op], buffer: Value, trips: Mapping[Value, range], filled: np.ndarray
) -> None:
    """Mark what stores fill in any case."""
    for op in ops:
        if op.primitive is FOR:
            (body,) = op.regions
            counted = range(op.attrs["lower"], op.attrs["upper"])
            _fill(body.ops, buffer, {**trips, body.params[0]: counted}, filled)
        elif op.primitive is STORE and op.operands[1] is buffer:
            place = address(op)[1]
            if all(v in trips for v, _ in place.terms):
                at = np.full(1, place.const)
                for v, c in place.terms:
                    at = np.add.outer(at, c * np.asarray(trips[v])).ravel()
                filled[at] = True
