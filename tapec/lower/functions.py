"""Calls that stay calls: large functions that are called several times are lowered once.

The arguments and results of such a call are memory; what has none is put there in front of the
call. Functions that are small, called once, or handed a tape are inlined before (`inlined`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.loop import INVOKE
from tapec.lower.inplace import SMALL
from tapec.lower.memory import Memory

if TYPE_CHECKING:
    from tapec.lower.nests import Nests

# Weight of a function from which calling it costs little beside running it: ops count one for every
# element, those with more elements than registers hold as much as the loops they may take.
WEIGHT = 40
NEST = 4


def staying(blocks: Iterable[Func | Block]) -> set[int]:
    """The functions (by identity) that are called rather than inlined."""
    calls: dict[int, list[Op]] = {}
    for block in blocks:
        for op in block.ops:
            if op.name == "call":
                calls.setdefault(id(op.regions[0]), []).append(op)
    return {
        key
        for key, ops in calls.items()
        if len(ops) > 1 and not _tapes(ops[0]) and weight(ops[0].regions[0]) >= WEIGHT
    }


def _tapes(op: Op) -> bool:
    return any(v.type.dtype == "tape" for v in (*op.operands, *op.results))


def weight(block: Block) -> int:
    """Roughly how long the code of a block is, up to a little more than `WEIGHT`."""
    total = 0
    for op in block.ops:
        if op.name == "const":
            continue
        sizes = (NEST if r.type.size > SMALL else r.type.size for r in op.results)
        total += max(sizes, default=1)
        total += sum(map(weight, op.regions))
        if total >= WEIGHT:
            break
    return total


def call(n: Nests, op: Op) -> None:
    """Run a function on memory; small results come back into registers."""
    (block,) = op.regions
    name = op.attrs["name"]
    if block not in n.options.functions:
        inner = type(n)(Func(name, block), n.options).run()
        n.options.functions[block] = inner.block
    given = [_memory(n, v) for v in op.operands]
    large = [r in n.plan.roots for r in op.results]
    made = [n.target(r) if kept else n.room(r.type)
            for r, kept in zip(op.results, large, strict=True)]  # fmt: skip
    _invoke(n, name, n.options.functions[block], [*given, *made])
    for result, memory, kept in zip(op.results, made, large, strict=True):
        n.build.wrote(memory.buffer)
        if kept:
            n.memory[result] = memory
        else:
            n.grids[result] = n.fetch(memory, result.type.shape)


def _memory(n: Nests, value: Value) -> Memory:
    """Where a value is in memory."""
    if value not in n.memory:
        memory = n.room(value.type)
        n.copy(value, memory)
        return memory
    return n.memory[value]


def _invoke(n: Nests, name: str, block: Block, places: Sequence[Memory]) -> None:
    indices = list(dict.fromkeys(v for m in places for v, _ in m.base.terms))
    strides = tuple(tuple(dict(m.base.terms).get(v, 0) for v in indices) for m in places)
    attrs = {"name": name, "offsets": tuple(m.base.const for m in places), "strides": strides}
    buffers = [m.buffer for m in places]
    n.build.append(Op(INVOKE, (*buffers, *indices), attrs, (), (block,)))
