"""Tapes that share a stack: those that merge after branches and in loops.

Most tapes are made at the top of a program and threaded through it. Second derivatives also make
tapes inside branches and loops, and hand them out: both sides of a branch make one each, which one
is used is known at run time only. They share one stack, of which no two are in use at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import POP, PUSH, TAPE_NEW
from tapec.lower.inplace import carries
from tapec.lower.regions import all_blocks

_MOVES = frozenset((PUSH, POP))


def made_inside(func: Func) -> bool:
    """Whether regions make tapes."""
    return any(op.primitive is TAPE_NEW for b in all_blocks(func) if b is not func for op in b.ops)


def stacks(func: Func) -> Mapping[Value, Value]:
    """One tape of each family, for all that `tape` ops make; no value may be in two regions.

    Raises UnsupportedLowering where two tapes of a family could be in use at once.
    """
    families = _Families()
    blocks = list(all_blocks(func))
    for block in blocks:
        for op in block.ops:
            for a, b in _same(op):
                families.join(a, b)
    for block in blocks:
        _apart(block, families)
    made = (op.result for b in blocks for op in b.ops if op.primitive is TAPE_NEW)
    return {v: families.of(v) for v in made}


class _Families:
    """Values that are versions of one tape."""

    def __init__(self) -> None:
        self.parent: dict[Value, Value] = {}

    def of(self, tape: Value) -> Value:
        """The representative of a tape's family."""
        while tape in self.parent:
            tape = self.parent[tape]
        return tape

    def join(self, a: Value, b: Value) -> None:
        """Make two families one."""
        if a.type.is_tape and b.type.is_tape:
            first, second = self.of(a), self.of(b)
            if first is not second:
                self.parent[second] = first


def _same(op: Op) -> Iterator[tuple[Value, Value]]:
    """A tape before and after an op, outside and inside."""
    if op.primitive in _MOVES:
        yield op.operands[0], op.results[0]
    elif op.primitive.loop:
        inside = carries(op)
        body, count = op.regions[-1], inside.stop - inside.start
        first = len(body.params) - len(op.operands) + inside.start
        for init, param, after, result in zip(
            op.operands[inside], body.params[first : first + count], body.results, op.results,
            strict=False,
        ):  # fmt: skip
            yield from ((init, param), (init, after), (init, result))
    elif op.primitive.branch:
        for region in op.regions:
            yield from zip(op.operands[1:], region.params, strict=True)
            yield from zip(op.results, region.results, strict=True)


def _apart(block: Func | Block, families: _Families) -> None:
    """Refuse a block in which two tapes of one family begin."""
    used = {v for op in block.ops for v in op.operands}.union(block.results)
    begun: set[Value] = set()
    for value, before in _beginnings(block):
        family = families.of(value)
        if value not in used or any(families.of(v) is family for v in before):
            continue
        if family in begun:
            raise UnsupportedLowering("two tapes that are in use at once and meet")
        begun.add(family)


def _beginnings(block: Func | Block) -> Iterator[tuple[Value, tuple[Value, ...]]]:
    """Tapes that enter a block or come out of an op, with the tapes that went in."""
    for param in block.params:
        if param.type.is_tape:
            yield param, ()
    for op in block.ops:
        before = tuple(v for v in op.operands if v.type.is_tape)
        for value in op.results:
            if value.type.is_tape:
                yield value, before
