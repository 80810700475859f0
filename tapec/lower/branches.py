"""Branches over arrays: an `if` of two sides, or both sides and a selection.

Large results of both sides are one buffer, that of an operand which dies in the branch where a side
changes it: a write on one side only touches what it writes.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.const import const
from tapec.ir.ops.indexing import INDEX
from tapec.lower.binding import bind, child, same_tape
from tapec.lower.frame import Frame
from tapec.lower.nests import control, emit
from tapec.lower.scalars import Grid, grid
from tapec.lower.tuning import SELECTED_COST, SMALL


@control("cond")
def cond(n: Frame, op: Op) -> None:
    """The first side where the first operand is true, else the second."""
    pred = n.registers(op.operands[0])[0]
    _branches(n, op, [pred])


@control("switch")
def switch(n: Frame, op: Op) -> None:
    """A chain of branches; numbers outside go to the first and the last."""
    number = n.registers(op.operands[0])[0]
    ends = [n.build.const(k, "i64") for k in range(len(op.regions) - 1)]
    _branches(n, op, [n.build.op("less_equal", number, end) for end in ends])


class _Sides:
    """The regions of one branch, each emitted with the same destinations."""

    def __init__(self, n: Frame, op: Op) -> None:
        self.n, self.op = n, op
        places = enumerate(map(n.place, op.results))
        self.memory = {k: memory for k, memory in places if memory is not None}
        self.tapes: dict[int, Grid] = {}
        for value in op.operands[1:]:
            if value.type.size <= SMALL and value not in n.roots:
                n.in_registers(value)  # loaded before the branch, for both sides

    def emit(self, region: Block) -> list[Value]:
        """One side into the open block; its results in registers."""
        n, op = self.n, self.op
        # Results that reuse an operand's memory are moved last: the side may read the operand.
        aimed = [region.results[k] for k in self.memory if op.results[k] in n.shares]
        inner = child(n, region)
        for memory in self.memory.values():
            n.build.wrote(memory.buffer)
        for param, value in zip(region.params, op.operands[1:], strict=True):
            bind(n, inner, param, value)
        emit(inner, [self.memory.get(k) for k in range(len(op.results))], aimed)
        return self.collect(inner)

    def collect(self, inner: Frame) -> list[Value]:
        found: list[Value] = []
        for k, value in enumerate(inner.block.results):
            if value.type.is_tape:
                same_tape(self.tapes.setdefault(k, inner.grids[value]), inner.grids[value])
            elif k not in self.memory:
                found += inner.registers(value)
        return found

    def finish(self, values: Sequence[Value]) -> None:
        """The branch's results."""
        left, n = list(values), self.n
        for k, result in enumerate(self.op.results):
            if k in self.tapes:
                n.grids[result] = self.tapes[k]
            elif k in self.memory:
                n.build.wrote(self.memory[k].buffer)
                n.memory[result] = self.memory[k]
            else:
                n.grids[result] = grid(left[: result.type.size], result.type.shape)
                del left[: result.type.size]


def _branches(n: Frame, op: Op, tests: Sequence[Value]) -> None:
    sides = _Sides(n, op)
    if not sides.memory and selectable(op):
        values = [sides.emit(region) for region in op.regions]
        sides.finish(_selected(n, tests, values))
        return

    def choose(k: int) -> Sequence[Value]:
        if k == len(tests):
            return sides.emit(op.regions[k])
        with n.build.side() as then:
            first = sides.emit(op.regions[k])
        with n.build.side() as otherwise:
            second = choose(k + 1)
        return n.build.branch(tests[k], [(then, first), (otherwise, second)])

    sides.finish(choose(0))


def _selected(n: Frame, tests: Sequence[Value], values: Sequence[list[Value]]) -> list[Value]:
    result = values[-1]
    for test, found in reversed(list(zip(tests, values, strict=False))):
        result = [n.build.op("select", test, a, b) for a, b in zip(found, result, strict=True)]
    return result


def selectable(op: Op) -> bool:
    """Whether both sides are small, cheap, and cannot fail: pure arithmetic without regions."""
    cost = 0
    for region in op.regions:
        for inner in region.ops:
            pure = inner.primitive.kind == "elementwise" or inner.primitive in (const, INDEX)
            if not pure or inner.result.type.size > SMALL:
                return False
            cost += inner.primitive.cost * inner.result.type.size
    small = all(v.type.size <= SMALL and not v.type.is_tape for v in op.operands)
    return small and cost <= SELECTED_COST
