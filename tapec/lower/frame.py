"""A block being lowered to loops: the places of its values, and the computation of elements.

A value is in memory, in registers (a grid of scalars), outside (a parameter bound to a value around
the region), or recomputed at each read: views are index arithmetic, elementwise ops recompute their
operands at the same place, and equal elements are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import ZERO, Affine, Index, flat
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.memory import ALLOC
from tapec.ir.ops.nest import NEST, SHARE
from tapec.ir.types import Type
from tapec.lower import spaces
from tapec.lower.build import ScalarBuilder
from tapec.lower.marks import MARKERS, is_data
from tapec.lower.memory import Factors, Memory
from tapec.lower.products import Layout
from tapec.lower.scalars import Grid, Grids, grid
from tapec.lower.spacekeys import columns, made_as
from tapec.lower.tuning import SMALL
from tapec.lower.views import aligned

Element = Callable[..., Value]
# rule(frame, op, index) -> scalar: one element of an op's result
ELEMENTS: dict[str, Element] = {}


def element(*names: str) -> Callable[[Element], Element]:
    """Register a rule for one element of the results of these ops."""

    def register(function: Element) -> Element:
        ELEMENTS.update(dict.fromkeys(names, function))
        return function

    return register


@dataclass
class Shared:
    """State shared by all blocks of a program: the families of tapes, the open stacks, and lowered
    functions."""

    stacks: Mapping[Value, Value] = field(default_factory=dict)
    opened: dict[Value, Value] = field(default_factory=dict)
    functions: dict[Block, Block] = field(default_factory=dict)


class Frame:
    """The values of a block: `memory` and `grids` say where they are, `outer` what stands outside.

    `roots` have memory, `shares` are those of them that reuse another value's;
    `homes` are places that the surroundings provide for results.
    """

    def __init__(self, block: Block, build: ScalarBuilder, shared: Shared) -> None:
        self.block, self.build, self.shared = block, build, shared
        self.tools = Grids(build)
        self.memory: dict[Value, Memory] = {}
        self.grids: dict[Value, Grid] = {}
        self.outer: dict[Value, Callable[[Index], Value]] = {}
        self.homes: dict[Value, Memory] = {}
        self.rows = False  # whether the nest being emitted may run along its last axis
        self.spilled: dict[Value, Memory] = {}
        self.factors: dict[Layout, Factors] = {}
        self.source: dict[Value, Op] = {r: op for op in block.ops for r in op.results}
        self.roots: set[Value] = set()
        self.shares: dict[Value, Value] = {}
        self.names: dict[Value, Value] = {}  # values by the name under which they have memory
        for op in block.ops:
            self.read(op)

    def read(self, op: Op) -> None:
        """Read the places that a marker, or those of a nest, give."""
        if op.primitive is NEST:
            for inner in op.regions[0].ops:
                self.source[inner.result] = inner
            for result, made in zip(op.results, op.regions[0].results, strict=True):
                self.marked(self.source[made], result)
        else:
            self.marked(op, op.results[0] if op.results else None)

    def marked(self, op: Op, value: Value | None) -> None:
        """Record the place of a value that this op marks."""
        if op.primitive not in MARKERS or value is None:
            return
        self.roots.add(value)
        self.names[op.operands[0]] = value
        if op.operands[0] in self.block.params:
            self.shares[value] = op.operands[0]
        if op.primitive is SHARE:
            base = op.operands[1]
            self.shares.update(((value, base), (op.operands[0], base)))

    # ---- elements ----

    def pull(self, value: Value, index: Index) -> Value:
        """The element of `value` at `index`."""
        key = (self, value, index)
        found = self.build.recall(key)
        if found is None:
            found = self.build.remember(key, self._pull(value, index))
        return found

    def _pull(self, value: Value, index: Index) -> Value:
        if value in self.memory:
            return self.load(self.memory[value], flat(index, value.type.shape))
        if value in self.grids:
            return self.pick(value, index)
        if value in self.outer:
            return self.outer[value](index)
        return self.apply(self.source[value], index)

    def apply(self, op: Op, index: Index) -> Value:
        """The element of an op's result."""
        rule = ELEMENTS.get(op.name)
        if rule is not None:
            return rule(self, op, index)
        if op.primitive.kind != "elementwise":
            raise UnsupportedLowering(f"no native code for {op.name}", where=op.loc)
        args = [self.pull(v, aligned(index, v.type.shape)) for v in op.operands]
        return self.build.op(op.name, *args, attrs=op.attrs, dtype=op.result.type.dtype)

    def made_as(self, op: Op) -> Op:
        """The op whose elements an op stores in their order."""
        return made_as(op, self.source, self.placed)

    def placed(self, value: Value) -> bool:
        """Whether a value is in memory or registers."""
        return value in self.memory or value in self.grids

    def put(self, op: Op, memory: Memory, at: Index, first: Affine = ZERO) -> None:
        """Store what an op makes at a place: an element, or one of each array side by side."""
        if columns(op) and len(at) == 1:
            for k, part in enumerate(op.operands):
                place = at[0].times(len(op.operands)) + Affine(k)
                self.save(self.pull(part, at), memory, first + place)
        else:
            self.save(self.pull(op.result, at), memory, first + flat(at, op.result.type.shape))

    def indexed(self, array: Value, index: Index, extent: int) -> Affine:
        """An element of an array of indices, as a place on an axis; constant ones are checked
        here."""
        op = self.source.get(array)
        sure = op is not None and is_data(op) and _within(op.attrs["value"].array, extent)
        return self.build.inside(self.pull(array, index), extent, sure=sure)

    # ---- memory ----

    def load(self, memory: Memory, at: Affine, *, stable: bool = True) -> Value:
        """Read memory."""
        at = at + memory.base
        values, factors = [v for v, _ in at.terms], [c for _, c in at.terms]
        return self.build.load(memory.buffer, at.const, values, factors, stable=stable)

    def save(self, value: Value, memory: Memory, at: Affine) -> None:
        """Write memory."""
        at = at + memory.base
        values, factors = [v for v, _ in at.terms], [c for _, c in at.terms]
        self.build.store(value, memory.buffer, at.const, values, factors)

    def room(self, type: Type) -> Memory:
        """New work memory."""
        return Memory(self.build.alloc(type))

    def in_memory(self, value: Value) -> bool:
        """Whether a value has memory; constant data gets it."""
        op = self.source.get(value)
        if value not in self.memory and op is not None and is_data(op):
            self.memory[value] = self.dense(op)
        return value in self.memory

    def dense(self, op: Op) -> Memory:
        """Constant data in memory."""
        buffer = Value(Type(op.result.type.dtype, op.result.type.shape, buffer=True), "data")
        attrs = {"type": op.result.type, "data": op.attrs["value"]}
        self.build.prelude.append(Op(ALLOC, (), attrs, (buffer,)))
        return Memory(buffer)

    def rename(self, value: Value, name: Value) -> None:
        """Add another name for a value."""
        if value in self.memory:
            self.memory[name] = self.memory[value]
        if value in self.grids:
            self.grids[name] = self.grids[value]
        if value in self.outer:
            self.outer[name] = self.outer[value]
        if value in self.source:
            self.source[name] = self.source[value]

    def first(self, value: Value) -> Value:
        """The value whose memory was taken over to hold this one."""
        while value in self.shares:
            value = self.shares[value]
        return value

    def place(self, value: Value) -> Memory | None:
        """The place for a result of an op; None for registers."""
        name = self.names.get(value, value)
        return self.target(name) if name in self.roots else None

    def target(self, value: Value) -> Memory:
        """The memory of a root."""
        base = self.shares.get(value)
        if base is not None:
            return self.memory[base]
        return self.homes.get(value) or self.room(value.type)

    def copy(self, value: Value, memory: Memory) -> None:
        """Copy a value from wherever it is into memory."""
        if value in self.grids and value not in self.memory:
            self.deposit(self.grids[value], memory)
            return
        shape = value.type.shape
        self.over(shape, lambda at: self.save(self.pull(value, at), memory, flat(at, shape)))
        self.build.wrote(memory.buffer)

    # ---- registers ----

    def expand(self, op: Op) -> None:
        """An op of values in registers."""
        self.grids[op.result] = self.tools.expand(op, [self.grids[v] for v in op.operands])

    def in_registers(self, value: Value) -> bool:
        """Whether a small value has a grid; makes that of small constants and parameters."""
        if value not in self.grids and value.type.size <= SMALL:
            if value in self.memory:
                self.grids[value] = self.fetch(self.memory[value], value.type.shape)
            elif value in self.outer:
                shape = value.type.shape
                places = product(*(range(n) for n in shape))
                values = [self.outer[value](tuple(map(Affine, at))) for at in places]
                self.grids[value] = grid(values, shape)
            elif value in self.source and is_const(self.source[value]):
                self.expand(self.source[value])
        return value in self.grids

    def registers(self, value: Value) -> list[Value]:
        """The elements of a small value."""
        assert self.in_registers(value)
        found: list[Value] = self.grids[value].ravel().tolist()
        return found

    def fetch(self, memory: Memory, shape: tuple[int, ...]) -> Grid:
        """Load every element of a small value."""
        return grid([self.load(memory, Affine(k)) for k in range(prod(shape))], shape)

    def deposit(self, values: Grid, memory: Memory) -> None:
        """Store every element of a small value."""
        for k, value in enumerate(values.ravel().tolist()):
            self.save(value, memory, Affine(k))
        self.build.wrote(memory.buffer)

    def pick(self, value: Value, index: Index) -> Value:
        """An element of a small value: a register, or memory when the index varies."""
        values = self.grids[value]
        if values.size == 1:
            only: Value = values.item()
            return only
        if not any(i.terms for i in index):
            found: Value = values[tuple(i.const for i in index)]
            return found
        return self.load(self.spill(value), flat(index, value.type.shape))

    def spill(self, value: Value) -> Memory:
        """The memory of a small value in registers."""
        if value not in self.spilled:
            values = self.grids[value]
            memory = self.spilled[value] = self.room(value.type)
            with self.build.at(self.build.depth(values.ravel().tolist())):
                self.deposit(values, memory)
        return self.spilled[value]

    # ---- loops ----

    def over(self, shape: tuple[int, ...], body: Callable[[Index], None]) -> None:
        """Run `body` at every place; the last long axis is the vector axis."""
        spaces.over(self.build, shape, body, rows=self.rows)

    def loops(self, shape: Sequence[int], kind: str, leaf: Callable[[Index], None]) -> None:
        """Nested loops without carried values; the innermost is of `kind`."""
        spaces.loops(self.build, shape, kind, leaf)


def _within(numbers: np.ndarray[Any, Any], extent: int) -> bool:
    """Whether indices lie on an axis of this size, none of them counted from its end."""
    return bool(numbers.size and numbers.min() >= 0 and numbers.max() < extent)
