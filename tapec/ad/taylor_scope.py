"""Taylor mode under construction: one block, and the coefficients of the values in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tapec.ad.activity import can_vary
from tapec.ad.batch_scope import BatchScope, Body
from tapec.ad.terms import Series, constant
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.const import number_of
from tapec.ir.ops.indexing import INDEX, PLACE
from tapec.ir.ops.shape import STACK, splat
from tapec.ir.places import full_range
from tapec.ir.series import Term

Key = tuple[Hashable, ...]
Step = Callable[[int], Term]  # the coefficient of a number


@dataclass(slots=True)
class Expansion:
    """What all blocks of one expansion share.

    With `outline`, ops are calls of functions, one for all ops of the same kind and types.
    """

    define: Callable[[TaylorScope, Op], None]
    outline: bool = False
    functions: dict[Key, Block] = field(default_factory=dict)


class TaylorScope(BatchScope):
    """A block in which values that vary are lifted: they have an axis of coefficients.

    `series` has coefficients one by one, for values that were computed so, and `unstacked` those
    read from a stack. Formulas of recurrences are programs too: `stands` has values of them that
    are the same as others.
    """

    suffix = "taylor"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.expansion: Expansion
        self.series: dict[Value, Series] = {}
        self.unstacked: dict[Value, Series] = {}
        self.stands: dict[Value, Value] = {}
        self.known: dict[Key, tuple[Value, ...]] = {}
        self.expanded: set[Value] = set()
        self.numbers: dict[Value, float] = {}

    # ---- what batching does otherwise ----

    def spread(self, value: Value) -> Value:
        """A value that does not vary: its other coefficients are zero."""
        shape = (self.size, *value.type.shape)
        at = ((0, *full_range(value.type.shape)),)
        emitted = self.builder.emit(PLACE, (value,), {"at": at, "shape": shape}, hint=value.hint)
        return emitted.result

    def opened(self) -> Body:
        """A region of this block."""
        body = TaylorBody(self)
        body.expansion = self.expansion
        return body

    def inline(self, block: Block, operands: Sequence[Value], mask: Value | None) -> list[Value]:
        """Append the expanded ops of a body here; its results, as original values."""
        env = dict(zip(block.params, operands, strict=True))
        copies = [self.copied(op, env) for op in block.ops]
        self.expanded.update(env[v] for v in expanded(block) if v in env)
        self.run(copies)
        return [self.final(env[v]) for v in block.results]

    # ---- coefficients ----

    def of(self, value: Value) -> Series:
        """The coefficients of a value."""
        value = self.stands.get(value, value)
        if value in self.series:
            return self.series[value]
        if value not in self.lifted:
            return constant(Expr(self.builder, value), self.numbers.get(value))
        if value not in self.unstacked:
            self.unstacked[value] = self._unstack(value)
        return self.unstacked[value]

    def _unstack(self, value: Value) -> Series:
        """Coefficients read from the stack of them, as far as they are wanted."""
        stack, whole = self.lifted[value], full_range(value.type.shape)

        def step(k: int) -> Expr:
            emitted = self.builder.emit(INDEX, (stack,), {"at": (k, *whole)}, hint=value.hint)
            return Expr(self.builder, emitted.result)

        return Series([], step)

    def varies(self, value: Value) -> bool:
        """Whether it has coefficients behind the first."""
        value = self.stands.get(value, value)
        return value in self.series or value in self.lifted

    def first(self, value: Value) -> Value:
        """The value at t = 0."""
        return self.of(value).first if self.varies(value) else self.stands.get(value, value)

    def stack(self, value: Value) -> None:
        """Lift a value whose coefficients are known one by one."""
        series = self.series[value]
        first = Expr(self.builder, series.first)
        terms = [series[k] or splat(first, 0, first.shape) for k in range(self.size)]
        operands = [term.value for term in terms]
        emitted = self.builder.emit(STACK, operands, {"axis": 0}, hint=value.hint)
        self.lifted[value] = emitted.result

    def append(self, op: Op) -> None:
        """Append an op none of whose results varies."""
        self.builder.ops.append(op)
        number = number_of(op)
        if number is not None:
            self.numbers[op.result] = number

    # ---- formulas ----

    def traced(self, formula: Callable[[Builder], Any]) -> Any:
        """What a formula gives, its values known here from then on."""
        scratch = Builder()
        found = formula(scratch)
        for op in scratch.ops:
            self.follow(op)
        return found

    def follow(self, op: Op) -> None:
        """Define an op of a formula, unless the same one is there."""
        op = replace(op, operands=tuple(self.stands.get(v, v) for v in op.operands))
        known = self.known.get(key_of(op))
        if known is None:
            self.expansion.define(self, op)
        else:
            self.stands.update(zip(op.results, known, strict=True))


class Late:
    """What is made when it is first asked for."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._made: Any = None

    def __call__(self) -> Any:
        if self._made is None:
            self._made = self._build()
        return self._made


class TaylorBody(TaylorScope, Body):
    """A region under construction."""


def key_of(op: Op) -> Key:
    """What equal ops have in common."""
    return (op.primitive, op.operands, tuple(sorted(op.attrs.items())))


def expanded(block: Block | Func) -> set[Value]:
    """The values of which coefficients are wanted: results depend on them otherwise than by way of
    integers and booleans.
    """
    found = {v for v in block.results if can_vary(v.type)}
    for op in reversed(block.ops):
        if not found.isdisjoint(op.results):
            found.update(v for v in op.operands if can_vary(v.type))
    return found


def exprs(builder: Builder, values: Sequence[Value]) -> tuple[Expr, ...]:
    """Values as expressions on a builder."""
    return tuple(Expr(builder, v) for v in values)
