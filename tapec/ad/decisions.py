"""What must not be rematerialised, since another rounding would change a decision.

Machine code may round a value computed again differently: a product fused into an addition, a sum
in another order. The value itself is as good. But decisions that depend on it, which branch was
taken or which element is the largest, must be the same in both sweeps: a tape is popped as it was
pushed, and a maximum that equals no element would give its cotangent to none. So what decides is
stored, or follows from what is stored without rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tapec.ir.core import Op, Value


def feeding_decisions(
    needed: Iterable[Value], defs: Mapping[Value, Op], reverse_only: Iterable[Op]
) -> set[Op]:
    """The ops that round on the way to a decision, of those that make what is needed.

    `reverse_only` are the ops that read it.
    """
    made = _producers(needed, defs)
    pending = [v for op in made for v in _compared(op)]
    pending += [v for op in reverse_only for v in _directing(op)]
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


def _producers(values: Iterable[Value], defs: Mapping[Value, Op]) -> dict[Op, None]:
    """All ops that the values are made by."""
    found: dict[Op, None] = {}
    pending = list(values)
    while pending:
        op = defs.get(pending.pop())
        if op is not None and op not in found:
            found[op] = None
            pending += op.operands
    return found


def _compared(op: Op) -> Iterator[Value]:
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
