"""One element of an array value at an affine index, computed where it is asked for.

Views are index arithmetic; elementwise ops recompute their operands at the same place; equal
requests give the same scalar. Values that have memory are loaded, small ones are in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import ZERO, Affine, Index, flat, regroup
from tapec.ir.core import Dense, Op, Value
from tapec.ir.ops.memory import ALLOC
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.formulas import element
from tapec.lower.memory import Memory
from tapec.lower.scalars import Expansion, Grid, grid, power

# Bytes of a constant array up to which reading it, out of the nearest cache, is faster than the
# formula that gives it.
TABLE = 32_768
Pull = Callable[..., Value]
PULLS: dict[str, Pull] = {}


class NeedsBuffer(Exception):
    """A value that cannot be computed element by element here: give it memory and start again."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Puller(Expansion):
    """An expansion whose large values are pulled: `memory` has the buffers, `grids` the small.

    `outer` has parameters of a region that stand for something computed outside.
    """

    def __init__(self, func: Any, build: ScalarBuilder | None = None) -> None:
        super().__init__(func, build)
        self.memory: dict[Value, Memory] = {}
        self.outer: dict[Value, Callable[[Index], Value]] = {}
        self.source: dict[Value, Op] = {r: op for op in func.ops for r in op.results}
        self.spilled: dict[Value, Memory] = {}

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
        rule = PULLS.get(op.name)
        if rule is not None:
            return rule(self, op, index)
        if op.primitive.kind != "elementwise":
            raise UnsupportedLowering(f"no native code for {op.name}", where=op.loc)
        args = [self.pull(v, aligned(index, v.type.shape)) for v in op.operands]
        return self.build.op(op.name, *args, attrs=op.attrs, dtype=op.result.type.dtype)

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
        if value not in self.spilled:
            memory = self.spilled[value] = self.room(value.type)
            with self.build.at(self.build.depth(values.ravel().tolist())):
                self.deposit(values, memory)
        return self.load(self.spilled[value], flat(index, value.type.shape))

    def in_memory(self, value: Value) -> bool:
        """Whether a value has memory; constant data gets it."""
        op = self.source.get(value)
        constant = op is not None and op.name == "const" and isinstance(op.attrs["value"], Dense)
        if op is not None and constant and value not in self.memory:
            self.memory[value] = self.dense(op)
        return value in self.memory

    def dense(self, op: Op) -> Memory:
        """Constant data in memory."""
        buffer = Value(Type(op.result.type.dtype, op.result.type.shape, buffer=True), "data")
        attrs = {"type": op.result.type, "data": op.attrs["value"]}
        self.build.prelude.append(Op(ALLOC, (), attrs, (buffer,)))
        return Memory(buffer)


def aligned(index: Index, shape: tuple[int, ...]) -> Index:
    """The index of a broadcast operand."""
    skip = len(index) - len(shape)
    pairs = zip(index[skip:], shape, strict=True)
    return tuple(ZERO if extent == 1 else i for i, extent in pairs)


def pulls(*names: str) -> Callable[[Pull], Pull]:
    """Register a rule: rule(puller, op, index) -> scalar."""

    def register(function: Pull) -> Pull:
        PULLS.update(dict.fromkeys(names, function))
        return function

    return register


@pulls("const")
def _const(p: Puller, op: Op, index: Index) -> Value:
    value = op.attrs["value"]
    if not isinstance(value, Dense):
        return p.build.const(value, op.result.type.dtype)
    if not any(i.terms for i in index):
        return p.build.const(value.array[tuple(i.const for i in index)], op.result.type.dtype)
    small = value.array.nbytes <= TABLE or op.result in p.memory
    if value.pattern is not None and not small:
        return element(p.build, value.pattern, index, op.result.type.dtype)
    p.in_memory(op.result)
    return p.load(p.memory[op.result], flat(index, op.result.type.shape))


@pulls("stop_gradient")
def _same(p: Puller, op: Op, index: Index) -> Value:
    return p.pull(op.operands[0], index)


@pulls("integer_pow")
def _power(p: Puller, op: Op, index: Index) -> Value:
    return power(p.build, p.pull(op.operands[0], index), op.attrs["n"])


@pulls("broadcast_to")
def _broadcast(p: Puller, op: Op, index: Index) -> Value:
    (x,) = op.operands
    return p.pull(x, aligned(index, x.type.shape))


@pulls("transpose")
def _transpose(p: Puller, op: Op, index: Index) -> Value:
    places = dict(zip(op.attrs["perm"], index, strict=True))
    return p.pull(op.operands[0], tuple(places[k] for k in range(len(index))))


@pulls("reshape")
def _reshape(p: Puller, op: Op, index: Index) -> Value:
    (x,) = op.operands
    inner = None if x in p.memory else regroup(index, x.type.shape, op.result.type.shape)
    if inner is None and p.in_memory(x):
        return p.load(p.memory[x], flat(index, op.result.type.shape))
    if inner is None:
        raise NeedsBuffer(x)
    return p.pull(x, inner)


@pulls("index")
def _index(p: Puller, op: Op, index: Index) -> Value:
    rest, inner = iter(index), []
    for entry in op.attrs["at"]:
        if isinstance(entry, tuple):
            inner.append(next(rest).times(entry[2]) + Affine(entry[0]))
        else:
            inner.append(Affine(entry))
    return p.pull(op.operands[0], tuple(inner))


def inside(
    op: Op, at: Sequence[Any], index: Index, shape: tuple[int, ...]
) -> tuple[Affine, ...] | None:
    """The index into a part placed at `at`, None outside; NeedsBuffer where that varies."""
    inner = []
    for entry, i, extent in zip(at, index, shape, strict=True):
        if entry == (0, extent, 1):
            inner.append(i)
            continue
        if i.terms:
            raise NeedsBuffer(op.result)
        if not isinstance(entry, tuple):
            if i.const != entry:
                return None
            continue
        place, rest = divmod(i.const - entry[0], entry[2])
        if rest or not 0 <= place < entry[1]:
            return None
        inner.append(Affine(place))
    return tuple(inner)


@pulls("place")
def _place(p: Puller, op: Op, index: Index) -> Value:
    total = p.build.zero(op.result.type.dtype)
    for part, at in zip(op.operands, op.attrs["at"], strict=True):
        inner = inside(op, at, index, op.result.type.shape)
        if inner is not None:
            total = p.build.op("add", total, p.pull(part, inner))
    return total


@pulls("update")
def _update(p: Puller, op: Op, index: Index) -> Value:
    x, v = op.operands
    inner = inside(op, op.attrs["at"], index, x.type.shape)
    return p.pull(x, index) if inner is None else p.pull(v, inner)


@pulls("concatenate", "stack")
def _concatenate(p: Puller, op: Op, index: Index) -> Value:
    axis, shape = op.attrs["axis"], op.result.type.shape
    axis %= len(shape)
    if index[axis].terms:
        raise NeedsBuffer(op.result)
    at = index[axis].const
    if op.name == "stack":
        return p.pull(op.operands[at], index[:axis] + index[axis + 1 :])
    for part in op.operands:
        if at < part.type.shape[axis]:
            break
        at -= part.type.shape[axis]
    return p.pull(part, (*index[:axis], Affine(at), *index[axis + 1 :]))


@pulls("gather")
def _gather(p: Puller, op: Op, index: Index) -> Value:
    x, *arrays = op.operands
    ndim = len(np.broadcast_shapes(*(a.type.shape for a in arrays)))
    outer = index[:ndim]
    places = []
    for k, a in enumerate(arrays):
        places.append(p.build.inside(p.pull(a, aligned(outer, a.type.shape)), x.type.shape[k]))
    return p.pull(x, (*places, *index[ndim:]))


def product_at(p: Puller, op: Op, at: Index, reduced: Index) -> Value:
    """The term of a product at a place of the result and of the contracted axes."""
    batch, contract = op.attrs["batch"], op.attrs["contract"]
    rest = iter(at[len(batch) :])
    factors = []
    for side, v in enumerate(op.operands):
        known = {pair[side]: at[k] for k, pair in enumerate(batch)}
        known |= {pair[side]: reduced[k] for k, pair in enumerate(contract)}
        places = [known[k] if k in known else next(rest) for k in range(v.type.ndim)]
        factors.append(p.pull(v, tuple(places)))
    return p.build.op("mul", *factors)


@pulls("dot")
def _outer(p: Puller, op: Op, index: Index) -> Value:
    """Without contracted axes: a product of one element each."""
    if op.attrs["contract"]:
        raise NeedsBuffer(op.result)
    return product_at(p, op, index, ())
