"""Loops over elements with independent iterations become vector loops.

Loops that a user wrote element by element are then as fast as array code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapec.ir.addresses import address
from tapec.ir.affine import Affine
from tapec.ir.core import Func, Op, Value
from tapec.ir.ops.loop import FOR
from tapec.ir.ops.memory import CHECK, LOAD, STORE
from tapec.lower.regions import changed_ops, each_block
from tapec.lower.tuning import COSTLY, VECTOR_ACCESSES, VECTOR_TRIPS

_MEMORY = frozenset((LOAD, STORE, CHECK))


def mark_independent(func: Func) -> Func:
    """The program with the kind of such loops changed to "vector"."""
    return each_block(func, lambda block, inside: changed_ops(block, _vector))


def _vector(op: Op) -> Op:
    if not independent(op):
        return op
    attrs = {**op.attrs, "kind": "vector"}
    return Op(op.primitive, op.operands, attrs, op.results, op.regions, op.loc)


def independent(op: Op) -> bool:
    """Whether the iterations of an innermost loop access different elements, mostly contiguous."""
    if op.primitive is not FOR or op.attrs["kind"] != "serial" or op.operands:
        return False
    body = op.regions[0].ops
    trips = op.attrs["upper"] - op.attrs["lower"]
    if trips < VECTOR_TRIPS or any(o.primitive.kind != "elementwise" and o.primitive not in _MEMORY
                               for o in body):  # fmt: skip
        return False
    found = list(_accesses(op))
    if len(found) > VECTOR_ACCESSES or not _pays(op, [place for _, _, place in found]):
        return False
    written = {buffer for stores, buffer, _ in found if stores}
    counter = op.regions[0].params[0]
    meetings = (
        _meet(a, b, counter, trips)
        for stores, buffer, a in found
        if stores
        for _, other, b in found
        if other is buffer
    )
    return bool(written) and not any(meetings)


def _accesses(op: Op) -> Iterator[tuple[bool, Value, Affine | None]]:
    """(whether it stores, buffer, element) of all loads and stores; None where that is data."""
    made = {v for o in op.regions[0].ops for v in o.results}
    for o in op.regions[0].ops:
        if o.primitive in (LOAD, STORE):
            buffer, place = address(o)
            yield o.primitive is STORE, buffer, None if place.depends(made) else place


def _pays(op: Op, places: Sequence[Affine | None]) -> bool:
    """Whether most accesses are contiguous, or the computation is costly."""
    counter, body = op.regions[0].params[0], op.regions[0].ops
    near = sum(a is not None and abs(a.coefficient(counter)) <= 1 for a in places)
    return 2 * near > len(places) or any(o.primitive.cost >= COSTLY for o in body)


def _meet(a: Affine | None, b: Affine | None, counter: Value, trips: int) -> bool:
    """Whether two iterations may touch the same element."""
    gap = None if a is None or b is None else (a - b).number()
    if a is None or gap is None:
        return True
    step = a.coefficient(counter)
    if not step:
        return not gap
    distance, rest = divmod(gap, step)
    return not rest and 0 < abs(distance) < trips
