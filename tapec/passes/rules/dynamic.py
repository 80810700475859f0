"""Rules of places known at run time only: constant starts, reads and writes after writes."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_ADD, placed
from tapec.ir.places import Entry, runs
from tapec.passes.rewriter import Rewriter, remade, rule

Result = Op | Value | None

# How many operands stand before the starts, and the op at places that are known.


@rule("dynamic_index", "dynamic_update", "dynamic_add")
def known_starts(op: Op, cx: Rewriter) -> Result:
    """Constant starts become part of the specification, if they are within bounds."""
    fixed, shape = op.primitive.places, op.operands[0].type.shape
    at: list[Entry] = list(op.attrs["at"])
    left: list[Value] = []
    for axis, start in zip(runs(op.attrs["at"]), op.operands[fixed:], strict=True):
        entry = _entry(at[axis], cx.number(start), shape[axis])
        if entry is None:
            left.append(start)
        else:
            at[axis] = entry
    if tuple(at) == op.attrs["at"]:
        return None
    arrays = op.operands[:fixed]
    if left or op.primitive is DYNAMIC_ADD:
        return remade(op, op.name, (*arrays, *left), at=tuple(at))
    return remade(op, op.primitive.static, arrays, at=tuple(at))


def _entry(entry: Entry, start: object, size: int) -> Entry | None:
    if not isinstance(start, int):
        return None
    try:
        return placed(entry, start, size)
    except IndexError:
        return None  # left to fail at run time, if it is reached


@rule("dynamic_add")
def add_into_zeros(op: Op, cx: Rewriter) -> Result:
    """A sum into zeros at a known place is a placement; other sums stay in place."""
    x, value, *starts = op.operands
    if starts or cx.number(x) != 0:
        return None
    return remade(op, "place", (value,), at=(op.attrs["at"],), shape=x.type.shape)


@rule("dynamic_index")
def forward_write(op: Op, cx: Rewriter) -> Result:
    """A read of a place that has just been written is what was written."""
    inner = cx.defined(op.operands[0], "dynamic_update")
    return inner.operands[1] if inner and same_place(op, inner) else None


@rule("dynamic_update")
def overwritten(op: Op, cx: Rewriter) -> Result:
    """Of two writes to one place the last stays; writing what was read there changes nothing."""
    x, value, *starts = op.operands
    source = cx.defined(value, "dynamic_index")
    if source and source.operands[0] is x and same_place(op, source):
        return x
    before = cx.defined(x, "dynamic_update") or cx.defined(x, "dynamic_add")
    if before is None or not same_place(op, before):
        return None
    return remade(op, op.name, (before.operands[0], value, *starts), at=op.attrs["at"])


def same_place(a: Op, b: Op) -> bool:
    """Whether the two certainly mean the same elements: the same starts, value by value."""
    first, second = a.operands[a.primitive.places :], b.operands[b.primitive.places :]
    return a.attrs["at"] == b.attrs["at"] and all(
        x is y for x, y in zip(first, second, strict=True)
    )
