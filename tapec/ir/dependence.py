"""Which results of an op need which of its operands: exact through branches and loops.

Sets of operands are bit masks: one walk over a region answers for all of its parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import POP
from tapec.ir.regions import RegionOp, branch_or_loop

Masks = tuple[int, ...]


class Dependence:
    """Answers for one program; regions are walked once."""

    def __init__(self) -> None:
        self._ops: dict[Op, Masks] = {}
        self._blocks: dict[Block, Masks] = {}

    def of(self, op: Op) -> Masks:
        """Per result, the operands it depends on: bit k for operand k."""
        if not op.regions and op.primitive is not POP:
            return ((1 << len(op.operands)) - 1,) * len(op.results)
        if op not in self._ops:
            self._ops[op] = self._found(op)
        return self._ops[op]

    def _found(self, op: Op) -> Masks:
        r = branch_or_loop(op)
        if r is not None:
            return _of_regions(self, r)
        # What is popped depends on the tape alone; results of calls, on all operands.
        return (1 if op.primitive is POP else (1 << len(op.operands)) - 1,) * len(op.results)

    def block(self, block: Block) -> Masks:
        """Per result of a closed region, the parameters it depends on."""
        if block not in self._blocks:
            env = {p: 1 << k for k, p in enumerate(block.params)}
            for op in block.ops:
                env.update(zip(op.results, self._results(op, env), strict=True))
            self._blocks[block] = tuple(env[v] for v in block.results)
        return self._blocks[block]

    def _results(self, op: Op, env: dict[Value, int]) -> Sequence[int]:
        masks = [env[v] for v in op.operands]
        if op.regions or op.primitive is POP:
            return [union(masks, mask) for mask in self.of(op)]
        merged = reduce(or_, masks, 0)
        return [merged] * len(op.results)


def union(sets: Sequence[int], selected: int) -> int:
    """The union of those sets whose bits are selected."""
    found = 0
    while selected:
        lowest = selected & -selected
        found |= sets[lowest.bit_length() - 1]
        selected ^= lowest
    return found


def closure(direct: Sequence[int], first: int) -> list[int]:
    """Masks of carried values over all iterations; carry j is operand `first + j`."""
    masks = [mask | 1 << (first + j) for j, mask in enumerate(direct)]
    for j in range(len(masks)):  # Warshall: paths over the first carries, then over one more
        through, bit = masks[j], 1 << (first + j)
        for k, mask in enumerate(masks):
            if mask & bit:
                masks[k] = mask | through
    return masks


def _of_regions(d: Dependence, r: RegionOp) -> Masks:
    """What decides which region runs, or how often; and what the bodies need."""
    tests = [mask for region in r.op.regions[: r.tests] for mask in d.block(region)]
    found = [[r.operands_of(mask) for mask in d.block(body)] for body in r.bodies]
    joined = [reduce(or_, masks) for masks in zip(*found, strict=True)]
    carried = closure(joined[: r.carry], r.first)
    inside = (1 << r.carry) - 1

    def closed(mask: int) -> int:
        return mask | union(carried, mask >> r.first & inside)

    always = reduce(or_, (closed(r.operands_of(mask)) for mask in tests), (1 << r.lead) - 1)
    return tuple(mask | always for mask in (*carried, *map(closed, joined[r.carry :])))
