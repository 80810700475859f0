"""Fusion of nests: one pass over memory in place of several.

A nest joins the producer of its operands, if both run over the same space, and every element is
read at the place at which it is computed. Values without other readers then need no memory.
Sums join as well, where arrays are so large that reading them again takes long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from math import prod

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import reads
from tapec.ir.ops.nest import MATERIALIZE, NEST, SHARE
from tapec.lower.inplace import pointwise
from tapec.lower.regions import each_block
from tapec.lower.tuning import JOINED_OPS, SUMMED_WHERE_MADE


def fuse(func: Func) -> Func:
    """The program with such nests joined."""
    return each_block(func, lambda block, inside: _fused(block))


def _fused(block: Block) -> Block:
    if not any(map(_maps, block.ops)) or sum(map(_joins, block.ops)) < 2:
        return block
    line = _Line(block)
    for op in block.ops:
        line.add(op)
    ops = [op for op in line.ops if op is not None]
    if len(ops) == len(block.ops):
        return block
    return Block(block.params, tuple(_without_unread(ops, block.results)), block.results)


def _maps(op: Op) -> bool:
    return op.primitive is NEST and op.attrs["kind"] == "map"


def _joins(op: Op) -> bool:
    """Whether a nest can join another: large sums do, of small arrays they are read again."""
    if op.primitive is NEST and op.attrs["kind"] == "reduce":
        return bool(prod(op.attrs["space"]) >= SUMMED_WHERE_MADE)
    return _maps(op)


class _Line:
    """The ops of a block so far, and the producer of each value."""

    def __init__(self, block: Block) -> None:
        self.ops: list[Op | None] = []
        self.made: dict[Value, int] = {}

    def add(self, op: Op) -> None:
        """Append an op, or fuse it with its producer."""
        at = self.joined(op) if _joins(op) else None
        if at is None:
            at = len(self.ops)
            self.ops.append(op)
        else:
            before = self.ops[at]
            assert before is not None
            self.ops[at] = _one(before, op)
        self.made.update(dict.fromkeys(op.results, at))

    def joined(self, op: Op) -> int | None:
        """The number of the nest that this one can join: the last op that it waits for."""
        (body,) = op.regions
        at = max((self.made.get(v, -1) for v in _outside(op)), default=-1)
        first = self.ops[at] if at >= 0 else None
        if first is None or not _maps(first) or first.attrs["space"] != op.attrs["space"]:
            return None
        few = len(first.regions[0].ops) + len(body.ops) <= JOINED_OPS
        alone = not any(o.primitive is SHARE for o in body.ops)
        return at if few and alone and _in_step(op, first.results) else None


def _outside(nest: Op) -> Iterator[Value]:
    """The live-in values of a nest."""
    own = {r for op in nest.regions[0].ops for r in op.results}
    return (v for v in reads(nest) if v not in own)


def _in_step(nest: Op, made: Sequence[Value]) -> bool:
    """Whether these are read only at the place that is being computed."""
    space, near = nest.attrs["space"], set(made)
    for op in nest.regions[0].ops:
        found = near.intersection(op.operands)
        if not found:
            continue
        placed = op.primitive is MATERIALIZE or (
            op.primitive.reduces and nest.attrs["kind"] == "reduce"
        )
        if not (placed or pointwise(op)) or any(v.type.shape != space for v in found):
            return False
        near.add(op.result)
    return True


def _one(first: Op, second: Op) -> Op:
    """Two nests as one: the second reads what the first yields."""
    a, b = first.regions[0], second.regions[0]
    names = dict(zip(first.results, a.results, strict=True))
    ops = (
        Op(op.primitive, tuple(names.get(v, v) for v in op.operands), op.attrs, op.results, (),
           op.loc)
        for op in b.ops
    )  # fmt: skip
    body = Block((), (*a.ops, *ops), (*a.results, *b.results))
    return Op(NEST, (), second.attrs, (*first.results, *second.results), (body,))


def _without_unread(ops: Sequence[Op], results: Sequence[Value]) -> Iterator[Op]:
    """The ops without yields, and without their memory, that nobody reads."""
    used = {v for op in ops for v in reads(op)}.union(results)
    for op in ops:
        if _joins(op) and not used.issuperset(op.results):
            yield _trimmed(op, [v in used for v in op.results])
        else:
            yield op


def _trimmed(nest: Op, kept: Sequence[bool]) -> Op:
    (body,) = nest.regions
    env: dict[Value, Value] = {}
    unread = {v for v, k in zip(body.results, kept, strict=True) if not k}
    ops: list[Op] = []
    for op in body.ops:
        if op.primitive is MATERIALIZE and op.result in unread:
            env[op.result] = op.operands[0]
            continue
        operands = tuple(env.get(v, v) for v in op.operands)
        ops.append(Op(op.primitive, operands, op.attrs, op.results, (), op.loc))
    block = Block((), tuple(ops), tuple(compress(body.results, kept)))
    return Op(NEST, (), nest.attrs, tuple(compress(nest.results, kept)), (block,))
