"""Formation of `nest` ops: values computed together, with the inline values they recompute.

Results with memory that are made over the same space share a nest where the order allows it; so do
reductions of arrays of one shape. Values without memory are copied into every nest that reads them.
Constants, views that loops and branches read, and scalars stay outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.nest import MATERIALIZE, NEST, SHARE
from tapec.lower.marks import Placement, is_data, renamed, unmarked
from tapec.lower.plan import Nest, Plan
from tapec.lower.regions import each_block
from tapec.lower.roles import NONE
from tapec.lower.spacekeys import FEW


def form_nests(func: Func) -> Func:
    """The program as nests, in an order in which every value comes before its readers."""
    return each_block(func, lambda block, inside: _Former(*unmarked(block)).run())


class _Former:
    """The nests of one block."""

    def __init__(self, block: Block, places: Placement) -> None:
        self.block, self.places = block, places
        self.plan = Plan(Func("", block), places.roots, NONE, frozen=True, shares=places.shares)
        self.number = {r: k for k, op in enumerate(block.ops) for r in op.results}
        self.used = used_outside(self.plan)
        self.ops: list[Op] = []
        self.env: dict[Value, Value] = {}  # renamed values outside of nests
        self.written: set[Value] = set()  # inline values that some nest contains already

    def run(self) -> Block:
        """Constants first, then nest after nest."""
        self.ops = [op for op in self.block.ops if is_const(op)]
        given = (*self.block.params, *(op.result for op in self.ops if is_data(op)))
        for value in given:
            self.place(value)
        for nest in self.plan.nests:
            self.nest(nest)
        outside = [v for v in self.block.results if v in self.plan.inline]
        self.ops += self.copies(outside, self.env)
        results = tuple(self.env.get(v, v) for v in self.block.results)
        return Block(self.block.params, tuple(self.ops), results)

    def nest(self, nest: Nest) -> None:
        """One nest, or ops that need none."""
        operands = [v for op in nest.ops for v in op.operands]
        (first, *_) = nest.ops
        if first.primitive.kind == "region":
            self.ops += [*self.copies(operands, self.env), renamed(first, self.env)]
            for value in first.results:
                self.place(value)
        elif nest.key == FEW and not any(self.computed(v) for v in operands):
            self.ops += [renamed(op, self.env) for op in nest.ops]
        else:
            self.wrap(nest, operands)

    def computed(self, value: Value) -> bool:
        """Whether a value is recomputed by its readers."""
        return value in self.plan.inline and not is_const(self.plan.source[value])

    def place(self, value: Value) -> None:
        """The marker of a value that no nest makes."""
        if value in self.places.roots:
            made = Value(value.type, value.hint)
            self.ops.append(self.marker(value, value, made))
            self.env[value] = made

    def marker(self, value: Value, made: Value, result: Value) -> Op:
        """The op that marks the place of a value, over its name in the nest."""
        base = self.places.shares.get(value)
        if base is None:
            return Op(MATERIALIZE, (made,), {}, (result,))
        return Op(SHARE, (made, self.env.get(base, base)), {}, (result,))

    def copies(self, values: Iterable[Value], env: dict[Value, Value]) -> Sequence[Op]:
        """Copies of the ops of inline values that are read here, renamed after the first copy."""
        return [self.copied(op, env) for op in self.inlined(values, env)]

    def copied(self, op: Op, env: dict[Value, Value]) -> Op:
        """The op of an inline value, renamed where another nest contains it already."""
        value = op.result
        again = value in self.written
        self.written.add(value)
        return over(op, env, Value(value.type, value.hint) if again else value)

    def ordered(self, ops: Iterable[Op]) -> list[Op]:
        """Ops in the order of the program."""
        return sorted(ops, key=lambda op: self.number[op.result])

    def inlined(self, values: Iterable[Value], env: dict[Value, Value]) -> list[Op]:
        """The ops of inline values and of those they read, in the order of the program."""
        found: dict[Value, Op] = {}
        stack = list(values)
        while stack:
            v = stack.pop()
            if self.computed(v) and v not in found and v not in env:
                found[v] = op = self.plan.source[v]
                stack += op.operands
        return self.ordered(found.values())

    def wrap(self, nest: Nest, operands: Sequence[Value]) -> None:
        """A `nest` op."""
        env = dict(self.env)
        ops: list[Op] = []
        yields: list[Value] = []
        results: list[Value] = []
        for op in self.ordered((*self.inlined(operands, env), *nest.ops)):
            value = op.result
            if value in self.plan.inline:
                ops.append(self.copied(op, env))
                continue
            inner = Value(value.type, value.hint)
            ops.append(over(op, env, inner))
            if value in self.places.roots:
                placed = env[value] = Value(value.type, value.hint)
                ops.append(self.marker(value, inner, placed))
            if value in self.used or nest.key != FEW:
                yields.append(env[value])
                results.append(value)
        body = Block((), tuple(ops), tuple(yields))
        kind, space = str(nest.key[0]), space_of(nest)
        self.ops.append(Op(NEST, (), {"space": space, "kind": kind}, tuple(results), (body,)))


def over(op: Op, env: dict[Value, Value], result: Value) -> Op:
    """The op over the names in `env`, which gains that of its result."""
    operands = tuple(env.get(v, v) for v in op.operands)
    env[op.result] = result
    return Op(op.primitive, operands, op.attrs, (result,), (), op.loc)


def space_of(nest: Nest) -> tuple[int, ...]:
    """The space of a nest's loops: the places of the results or, for reductions, of the operand."""
    (op, *_) = nest.ops
    if nest.key == FEW:
        return ()
    if nest.key[0] == "map":
        shape = nest.key[1]
        assert isinstance(shape, tuple)
        return shape
    return (op.operands[0] if nest.key[0] == "reduce" else op.result).type.shape


def used_outside(plan: Plan) -> set[Value]:
    """Values that are read after the nest of small values that makes them, or returned."""
    found = set(plan.func.results)
    for nest in plan.nests:
        inside = {r for op in nest.ops for r in op.results}
        found.update(v for op in nest.ops for v in op.operands if v not in inside)
    for value in plan.inline:
        found.update(plan.source[value].operands)
    return found
