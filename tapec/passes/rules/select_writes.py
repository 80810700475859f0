"""Selects between arrays that differ by one write: only what is written is selected."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.places import kept
from tapec.passes.rewriter import Rewriter, remade, rule


@rule("select")
def select_writes(op: Op, cx: Rewriter) -> Op | None:
    """select(c, update(x, a), update(x, b)) -> update(x, select(c, a, b)); also with x for one.

    Where the condition is the same for all that is written to and where both writes go to the
    same place. Branches of many lanes come as such choices between whole arrays.
    """
    condition, *arms = op.operands
    write = next((w for w in (_write(cx, v) for v in arms) if w is not None), None)
    if write is None or write.operands[0].type != op.result.type:
        return None
    local = _local(cx, condition, write)
    if local is None or not all(_alike(cx, v, write) for v in arms):
        return None
    base, _, *starts = write.operands
    parts = [_part(cx, v, write) for v in arms]
    part = cx.emit("select", (local, *parts))
    return remade(op, write.primitive.name, (base, part, *starts), at=write.attrs["at"])


def _write(cx: Rewriter, value: Value) -> Op | None:
    return cx.defined(value, "update") or cx.defined(value, "dynamic_update")


def _alike(cx: Rewriter, value: Value, write: Op) -> bool:
    """Whether a value is what is written to, or the same write of something else."""
    if value is write.operands[0]:
        return True
    other = cx.defined(value, write.primitive.name)
    if other is None or other.attrs["at"] != write.attrs["at"]:
        return False
    places = (write.operands[0], *write.operands[2:])
    return (other.operands[0], *other.operands[2:]) == places


def _part(cx: Rewriter, value: Value, write: Op) -> Value:
    """What is at the place afterwards."""
    other = cx.defined(value, write.primitive.name)
    if value is not write.operands[0] and other is not None:
        return other.operands[1]
    base, _, *starts = write.operands
    return cx.emit(write.primitive.reader, (base, *starts), at=write.attrs["at"])


def _local(cx: Rewriter, condition: Value, write: Op) -> Value | None:
    """The condition in the shape of what is written; None where it differs along a part's axis."""
    full, at = write.operands[0].type.shape, write.attrs["at"]
    have = condition.type.shape
    aligned = (1,) * (len(full) - len(have)) + have
    for extent, n, entry in zip(aligned, full, at, strict=True):
        if extent != 1 and entry != (0, n, 1):
            return None
    shape = tuple(aligned[k] for k in kept(at))
    if have in ((), shape):
        return condition
    return cx.emit("reshape", (condition,), shape=shape)
