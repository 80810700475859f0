"""What a way back must not compute again in other rounding.

Machine code may round a value computed again differently: a product fused into an addition, a sum
in another order. For the value itself that is as good. But what is told from a value, which branch
was taken or which element is the largest, must be the same both ways: a tape is popped as it was
pushed, and a largest element that equals none would share its cotangent among none. So what decides
is read from where it was kept, or follows from that without rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tapec.ir.core import Op, Value


def decisive(needed: Iterable[Value], defs: Mapping[Value, Op], late: Iterable[Op]) -> set[Op]:
    """The ops that round on the way to a decision, of those that make what is needed.

    `late` are the ops that read it.
    """
    made = _behind(needed, defs)
    pending = [v for op in made for v in _told(op)]
    pending += [v for op in late for v in _directing(op)]
    seen, found = set[Value](), set[Op]()
    while pending:
        value = pending.pop()
        op = defs.get(value)
        if op is None or value in seen:
            continue
        seen.add(value)
        if _rounds(op):
            found.add(op)
        else:
            pending += op.operands
    return found


def _behind(values: Iterable[Value], defs: Mapping[Value, Op]) -> dict[Op, None]:
    """All ops that the values are made by."""
    found: dict[Op, None] = {}
    pending = list(values)
    while pending:
        op = defs.get(pending.pop())
        if op is not None and op not in found:
            found[op] = None
            pending += op.operands
    return found


def _told(op: Op) -> Iterator[Value]:
    """Floats that an op tells apart: for equality, or to become integers."""
    if op.primitive.decides and not _floating(op.result):
        yield from (v for v in op.operands if _floating(v))


def _directing(op: Op) -> Iterator[Value]:
    """Conditions, branch numbers and counts of an op with regions."""
    if op.regions:
        yield from (v for v in op.operands if not _floating(v) and not v.type.shape)


def _rounds(op: Op) -> bool:
    told = all(v.type.dtype == "bool" for v in op.results)
    floats = any(map(_floating, (*op.operands, *op.results)))
    return op.primitive.rounding and floats and not told


def _floating(value: Value) -> bool:
    return value.type.dtype in ("f32", "f64")
