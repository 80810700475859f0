"""Which results of an op need which of its operands: exact through branches and loops.

Sets of operands are bit masks, so that one walk over a region settles all of its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import POP

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
            self._ops[op] = _RULES.get(op.name, _everything)(self, op)
        return self._ops[op]

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
        whole = reduce(or_, masks, 0)
        return [whole] * len(op.results)


def union(sets: Sequence[int], chosen: int) -> int:
    """The union of those sets whose bits are chosen."""
    found = 0
    while chosen:
        lowest = chosen & -chosen
        found |= sets[lowest.bit_length() - 1]
        chosen ^= lowest
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


def _everything(d: Dependence, op: Op) -> Masks:
    """Calls, and rules of the user's, keep their signature."""
    return ((1 << len(op.operands)) - 1,) * len(op.results)


def _pop(d: Dependence, op: Op) -> Masks:
    return (1,) * len(op.results)


def _branches(d: Dependence, op: Op) -> Masks:
    masks = [0] * len(op.results)
    for region in op.regions:
        masks = [a | b for a, b in zip(masks, d.block(region), strict=True)]
    return tuple(mask << 1 | 1 for mask in masks)


def _scan(d: Dependence, op: Op) -> Masks:
    carry, first = op.attrs["carry"], op.attrs["consts"]
    # Parameter 0, the iteration number, is no operand.
    direct = [mask >> 1 for mask in d.block(op.regions[0])]
    carried = closure(direct[:carry], first)
    inside = (1 << carry) - 1
    stacked = [mask | union(carried, (mask >> first) & inside) for mask in direct[carry:]]
    return (*carried, *stacked)


def _fori(d: Dependence, op: Op) -> Masks:
    # The iteration number and the count have the same position, which all results depend on.
    carried = closure(d.block(op.regions[0]), 1 + op.attrs["consts"])
    return tuple(mask | 1 for mask in carried)


def _while(d: Dependence, op: Op) -> Masks:
    test, body = op.regions
    first = op.attrs["consts"]
    carried = closure(d.block(body), first)
    (direct,) = d.block(test)
    always = direct | union(carried, direct >> first)
    return tuple(mask | always for mask in carried)


_RULES: dict[str, Callable[[Dependence, Op], Masks]] = {
    "pop": _pop,
    "cond": _branches,
    "switch": _branches,
    "scan": _scan,
    "fori_loop": _fori,
    "while_loop": _while,
}
