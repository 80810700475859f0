"""Calls of outlined functions: large functions with several calls are lowered once.

The arguments and results of such a call are in memory; other values are copied there before the
call. Functions that are small, called once, or handed a tape are inlined before (`inlined`).
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.loop import INVOKE
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.nests import control, function


@control("call")
def call(n: Frame, op: Op) -> None:
    """Run a function on memory; small results come back into registers."""
    (block,) = op.regions
    name, known = op.attrs["name"], n.shared.functions
    if block not in known:
        known[block] = function(block, n.shared)
    given = [_memory(n, v) for v in op.operands]
    kept = [n.place(r) for r in op.results]
    made = [m or n.room(r.type) for r, m in zip(op.results, kept, strict=True)]
    _invoke(n, name, known[block], [*given, *made])
    for result, memory, place in zip(op.results, made, kept, strict=True):
        n.build.wrote(memory.buffer)
        if place is not None:
            n.memory[result] = memory
        else:
            n.grids[result] = n.fetch(memory, result.type.shape)


def _memory(n: Frame, value: Value) -> Memory:
    """Where a value is in memory."""
    if value not in n.memory:
        memory = n.room(value.type)
        n.copy(value, memory)
        return memory
    return n.memory[value]


def _invoke(n: Frame, name: str, block: Block, places: Sequence[Memory]) -> None:
    indices = list(dict.fromkeys(v for m in places for v, _ in m.base.terms))
    strides = tuple(tuple(dict(m.base.terms).get(v, 0) for v in indices) for m in places)
    attrs = {"name": name, "offsets": tuple(m.base.const for m in places), "strides": strides}
    buffers = [m.buffer for m in places]
    n.build.append(Op(INVOKE, (*buffers, *indices), attrs, (), (block,)))
