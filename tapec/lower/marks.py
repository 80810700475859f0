"""Places of values in the program: markers behind the ops of a block, read and written.

`materialize` and `share` follow the op whose result they place; all other
ops read the marker's result. Analyses use the block without markers, and the places beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from tapec.ir.core import Block, Dense, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.nest import COPY, MATERIALIZE, SHARE
from tapec.ir.primitive import Primitive
from tapec.lower.regions import with_regions

MARKERS = (MATERIALIZE, SHARE)
Regions = Callable[[Op], tuple[Block, ...]]


@dataclass
class Placement:
    """Values that have memory; of those that take over another one's, which."""

    roots: set[Value] = field(default_factory=set)
    shares: dict[Value, Value] = field(default_factory=dict)


def unmarked(block: Block) -> tuple[Block, Placement]:
    """The block without markers, and the places that they gave."""
    env: dict[Value, Value] = {}
    places = Placement()
    ops: list[Op] = []
    for op in block.ops:
        if op.primitive not in MARKERS:
            ops.append(renamed(op, env))
            continue
        value, *base = (env.get(v, v) for v in op.operands)
        env[op.result] = value
        places.roots.add(value)
        places.shares.update((value, b) for b in base)
    if not env:
        return block, places
    return Block(block.params, tuple(ops), tuple(env.get(v, v) for v in block.results)), places


def renamed(op: Op, env: Mapping[Value, Value]) -> Op:
    """The op over other operands; the same one where nothing changes."""
    if env.keys().isdisjoint(op.operands):
        return op
    operands = tuple(env.get(v, v) for v in op.operands)
    return Op(op.primitive, operands, op.attrs, op.results, op.regions, op.loc)


def marked(
    block: Block, places: Placement, regions: Regions, saved: Mapping[Value, Collection[int]]
) -> Block:
    """The block with markers, other regions, and copies of values that its results with these
    numbers keep."""
    writer = _Writer(places, saved)
    for param in block.params:
        writer.mark(param)
    for op in block.ops:
        writer.append(with_regions(op, regions(op)))
    results = tuple(writer.result(k, v) for k, v in enumerate(block.results))
    return Block(block.params, tuple(writer.ops), results)


class _Writer:
    """A block with markers under construction."""

    def __init__(self, places: Placement, saved: Mapping[Value, Collection[int]]) -> None:
        self.places, self.saved = places, saved
        self.ops: list[Op] = []
        self.env: dict[Value, Value] = {}
        self.copies: dict[int, Value] = {}

    def append(self, op: Op) -> None:
        """An op, and the places of its results."""
        self.ops.append(renamed(op, self.env))
        for value in op.results:
            self.mark(value)

    def mark(self, value: Value) -> None:
        """The place of a value, if it has one."""
        if value in self.places.roots:
            base = self.places.shares.get(value)
            operands = (value,) if base is None else (value, self.env.get(base, base))
            primitive = MATERIALIZE if base is None else SHARE
            self.env[value] = self.emit(primitive, value, operands)
        if value in self.saved:
            copy = self.emit(COPY, value, (self.env.get(value, value),))
            kept = self.emit(MATERIALIZE, value, (copy,))
            self.copies.update(dict.fromkeys(self.saved[value], kept))

    def emit(self, primitive: Primitive, like: Value, operands: tuple[Value, ...]) -> Value:
        made = Value(like.type, like.hint)
        self.ops.append(Op(primitive, operands, {}, (made,)))
        return made

    def result(self, number: int, value: Value) -> Value:
        """What the block returns there."""
        return self.copies.get(number) or self.env.get(value, value)


def is_data(op: Op) -> bool:
    """Whether an op is a constant array, which lies in memory of the program."""
    return is_const(op) and isinstance(op.attrs["value"], Dense)
