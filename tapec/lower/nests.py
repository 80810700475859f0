"""Loop nests: the scheduled roots of a program, each nest emitted over its space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import Affine, Index, flat
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.rewrite import copy_func
from tapec.ir.types import Type
from tapec.lower.alone import ALONE_RULES
from tapec.lower.build import ScalarBuilder
from tapec.lower.control import CONTROL_RULES
from tapec.lower.folds import COMBINE
from tapec.lower.inplace import SMALL
from tapec.lower.matrix import Layout, matrix_product, operands_in_memory
from tapec.lower.memory import Memory
from tapec.lower.partial import partial
from tapec.lower.plan import REDUCTIONS, Nest, Roles, alike
from tapec.lower.plans import Plans
from tapec.lower.pull import NeedsBuffer
from tapec.lower.regions import addressed, all_blocks
from tapec.lower.scalars import grid
from tapec.lower.solve import Factors
from tapec.lower.spaces import Spaces
from tapec.lower.stacks import made_inside, stacks

STARTS = 3  # after so many, all ops of one kind have memory where one needs it
# Reads of parts, which ask their operand for what they need only.
VIEWS = frozenset(("index", "dynamic_index", "dynamic_update", "dynamic_add"))


@dataclass
class Options:
    """What holds for all blocks of a program: values that must have memory, whether calls may do
    large products, which tapes share a stack, the stacks that are open, the functions that are
    called, lowered, and the plans of all blocks."""

    forced: set[Value]
    calls: bool = False
    stacks: Mapping[Value, Value] = field(default_factory=dict)
    opened: dict[Value, Value] = field(default_factory=dict)
    functions: dict[Block, Block] = field(default_factory=dict)
    plans: Plans = field(default_factory=Plans)


def lower_loops(func: Func, blas: Callable[[], bool] = bool) -> Func:
    """The program as loop nests; starts again with more buffers where views are too intricate."""
    families: Mapping[Value, Value] = {}
    if made_inside(func):
        func = copy_func(func)
        families = stacks(func)
    blocks = list(all_blocks(func))
    large = operands_in_memory(blocks)
    calls = large is not None and blas()
    options = Options((set(large or ()) if calls else set()) | addressed(func), calls, families)
    starts = 0
    while True:
        starts += 1
        options.opened.clear()
        options.functions.clear()
        try:
            return Nests(func, options).run()
        except NeedsBuffer as need:
            if need.value in options.forced:
                raise UnsupportedLowering("a view too intricate for native code") from None
            same = alike if starts < STARTS else akin
            options.forced |= {need.value, *(v for b in blocks for v in same(b, need.value))}


def akin(block: Block | Func, value: Value) -> set[Value]:
    """What ops of one name make in the block, of whatever extents.

    Loops over triangles, unrolled, repeat one op on many shapes.
    """
    source = next((op for op in block.ops if value in op.results and not op.regions), None)
    if source is None:
        return alike(block, value)
    return {value} | {
        op.result
        for op in block.ops
        if op.primitive is source.primitive and op.result.type.size > SMALL
    }


class Nests(Spaces):
    """Emits the nests of a plan: of a program, or of a region inside one."""

    def __init__(
        self,
        func: Func,
        options: Options,
        build: ScalarBuilder | None = None,
        roles: Roles = Roles(),  # noqa: B008 (frozen)
    ) -> None:
        func = options.plans.order(func, region=build is not None)
        super().__init__(func, build)
        self.options = options
        self.plan = options.plans.plan(func, options.forced, roles)
        self.homes: dict[Value, Memory] = {}
        self.targets: dict[Value, Memory] = {}
        self.factors: dict[Layout, Factors] = {}

    def run(self) -> Func:
        """All nests in order, then the results that are not in place yet."""
        func, count = self.func, len(self.func.params)
        buffers = [
            Value(Type(v.type.dtype, v.type.shape, buffer=True), v.hint)
            for v in (*func.params, *func.results)
        ]
        self.memory.update(zip(func.params, map(Memory, buffers[:count]), strict=True))
        self.emit([Memory(b) for b in buffers[count:]])
        return Func(func.name, Block(tuple(buffers), self.build.finish(), ()))

    def emit(self, targets: Sequence[Memory | None]) -> None:
        """The nests in order, with the results that have a target moved there."""
        for k, (result, memory) in enumerate(zip(self.func.results, targets, strict=True)):
            if memory is None:
                continue
            if result in self.plan.saved and k in self.plan.roles.early:
                self.targets.setdefault(result, memory)
            elif result in self.plan.roots and not any(
                a is result for a, _ in self.plan.roles.aims
            ):
                self.homes.setdefault(self.first(result), memory)
        for nest in self.plan.nests:
            self.nest(nest)
        moves = zip(self.func.results, targets, strict=True)
        self.settle([(r, m) for r, m in moves if m is not None and self.targets.get(r) is not m])

    def first(self, value: Value) -> Value:
        """The value whose memory was taken over to hold this one."""
        while value in self.plan.shares:
            value = self.plan.shares[value]
        return value

    def settle(self, moves: list[tuple[Value, Memory]]) -> None:
        """Results to their memory, all at once: none is overwritten before it is read."""
        pending = [(r, m) for r, m in moves if self.memory.get(r) != m]
        while pending:
            sources = [self.memory.get(r) for r, _ in pending]
            free = next((k for k, (_, m) in enumerate(pending) if m not in sources), None)
            if free is None:
                result = pending[0][0]
                spare = self.room(result.type)
                self.copy(result, spare)
                self.memory[result] = spare
                continue
            self.copy(*pending.pop(free))

    def copy(self, value: Value, memory: Memory) -> None:
        """Put a value, of whatever kind, into memory."""
        if value in self.grids and value not in self.memory:
            self.deposit(self.grids[value], memory)
            return
        shape = value.type.shape
        self.over(shape, lambda at: self.save(self.pull(value, at), memory, flat(at, shape)))
        self.build.wrote(memory.buffer)

    def target(self, value: Value) -> Memory:
        """The memory of a root."""
        base = self.plan.shares.get(value)
        if base is not None:
            return self.memory[base]
        return self.homes.get(value) or self.room(value.type)

    def nest(self, nest: Nest) -> None:
        """Emit one nest."""
        how = nest.key[0]
        if how == "small":
            for op in nest.ops:
                self.small(op)
        elif how == "reduce":
            self.reductions(nest.ops)
        elif how == "map":
            self.maps(nest.ops)
        elif how == "save":
            (_, value) = nest.key
            assert isinstance(value, Value)
            self.copy(value, self.targets[value])
        else:
            (op,) = nest.ops
            self.alone(op)

    def small(self, op: Op) -> None:
        """A grid from grids, or from elements of large values."""
        if op.name not in VIEWS and all(self.in_registers(v) for v in op.operands):
            self.expand(op)
            return
        shape = op.result.type.shape
        places = product(*(range(n) for n in shape))
        values = [self.apply(op, tuple(Affine(k) for k in at)) for at in places]
        self.grids[op.result] = grid(values, shape)

    def in_registers(self, value: Value) -> bool:
        """Whether the grid of a small value is at hand (small constants and parameters: made)."""
        if value not in self.grids and value.type.size <= SMALL:
            if value in self.memory:
                self.grids[value] = self.fetch(self.memory[value], value.type.shape)
            elif value in self.outer:
                shape = value.type.shape
                places = product(*(range(n) for n in shape))
                values = [self.outer[value](tuple(Affine(k) for k in at)) for at in places]
                self.grids[value] = grid(values, shape)
            elif value in self.source and self.source[value].name == "const":
                self.expand(self.source[value])
        return value in self.grids

    def maps(self, ops: Sequence[Op]) -> None:
        """Elementwise roots of one shape."""
        shape = ops[0].result.type.shape
        buffers = [self.target(op.result) for op in ops]

        def body(at: Index) -> None:
            for op, buffer in zip(ops, buffers, strict=True):
                value = self.build.remember((self, op.result, at), self.apply(op, at))
                self.save(value, buffer, flat(at, shape))

        self.over(shape, body)
        self.memory.update((op.result, b) for op, b in zip(ops, buffers, strict=True))
        for memory in buffers:
            self.build.wrote(memory.buffer)

    def reductions(self, ops: Sequence[Op]) -> None:
        """Small reductions over one space, together: every result element is carried."""
        shape, axes = ops[0].operands[0].type.shape, ops[0].attrs["axes"]
        kept = [range(1) if k in axes else range(n) for k, n in enumerate(shape)]
        places = list(product(*kept))

        def elements(at: Index) -> list[Value]:
            return [
                self.pull(op.operands[0], merge(at, place, axes)) for op in ops for place in places
            ]

        names = [COMBINE[op.name] for op in ops for _ in places]
        dtypes = [op.result.type.dtype for op in ops for _ in places]
        extents = [shape[k] if k in axes else 1 for k in range(len(shape))]
        totals = self.carried(extents, names, dtypes, elements)
        for k, op in enumerate(ops):
            part = totals[k * len(places) : (k + 1) * len(places)]
            self.grids[op.result] = grid(part, op.result.type.shape)

    def alone(self, op: Op) -> None:
        """An op with a nest of its own."""
        if op.name in CONTROL_RULES:
            CONTROL_RULES[op.name](self, op)
            return
        buffer = self.target(op.result)
        shape = op.result.type.shape
        if op.name == "dot" and self.options.calls and matrix_product(self, op, buffer):
            pass  # done by a call
        elif op.name in REDUCTIONS:
            partial(self, op, buffer)
        elif op.name in ALONE_RULES:
            ALONE_RULES[op.name](self, op, buffer)
        else:
            raise UnsupportedLowering(f"no native code for {op.name}", where=op.loc)
        self.build.wrote(buffer.buffer)
        self.memory[op.result] = buffer
        if op.result in self.plan.small:
            self.grids[op.result] = self.fetch(buffer, shape)


def merge(at: Index, place: Sequence[int], axes: Sequence[int]) -> Index:
    """Loop indices on the reduced axes, constants on the others."""
    pairs = enumerate(zip(at, place, strict=True))
    return tuple(i if k in axes else Affine(c) for k, (i, c) in pairs)
