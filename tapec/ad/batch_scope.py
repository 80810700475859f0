"""Batching under construction: one block, what has a batch axis in it, and which lanes count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tapec.ad.batch_tape import PushesDiffer, TapeFamilies
from tapec.ad.rules import broadcast, reshape, select
from tapec.errors import ShapeError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type

# visit(scope, op): append the batched form of an op and note which of its results have an axis.
Visit = Callable[["BatchScope", Op], None]


class BatchScope:
    """One block of a batched program.

    `lifted` maps values of the original program to their batched forms; a value without one is
    single and serves as it is. `alias` has values that turned out to be others. `mask` (one
    boolean per lane) says which lanes run this code at all; None for all of them. `suffix` names
    functions that are called.
    """

    suffix = "batch"

    def __init__(
        self, size: int, tapes: TapeFamilies, visit: Visit, mask: Value | None = None
    ) -> None:
        self.builder = Builder()
        self.lifted: dict[Value, Value] = {}
        self.size, self.tapes, self.mask = size, tapes, mask
        self.visit = visit
        self.alias: dict[Value, Value] = {}
        self._any: dict[Value, Value] = {}
        # The batched bodies of calls: equal calls stay equal.
        self.calls: dict[tuple[Block, tuple[bool, ...]], tuple[Block, list[bool]]] = {}

    # ---- values ----

    def flags(self, values: Sequence[Value]) -> list[bool]:
        """Which of the values have a batch axis."""
        return [v in self.lifted for v in values]

    def value(self, value: Value) -> Value:
        """The value as it is at hand: batched where it has an axis."""
        return self.lifted.get(value, value)

    def full(self, value: Value) -> Value:
        """The value with a batch axis, repeated where it has none."""
        if value in self.lifted:
            return self.lifted[value]
        if value.type.is_tape:
            raise PushesDiffer(value)
        return self.spread(value)

    def spread(self, value: Value) -> Value:
        """A single value along a new axis: repeated."""
        return broadcast(self.builder, value, (self.size, *value.type.shape), value.hint)

    def wanted(self, value: Value, flag: bool) -> Value:
        """The value with a batch axis or without one; raises ShapeError if it cannot be single."""
        if not flag and value in self.lifted:
            if value.type.is_tape:
                raise PushesDiffer(value)
            raise ShapeError("a result that differs from point to point cannot stay single")
        return self.full(value) if flag else value

    def batched_type(self, type: Type) -> Type:
        """The type of a batched value (a tape stays a tape)."""
        return type if type.is_tape else type.with_shape((self.size, *type.shape))

    # ---- masks ----

    def masked(self, mask: Value | None) -> Value | None:
        """A condition per lane, and the mask of this block."""
        if self.mask is None or mask is None:
            return self.mask if mask is None else mask
        return self.builder.emit(PRIMITIVES["logical_and"], (self.mask, mask)).result

    def some(self, mask: Value) -> Value:
        """Whether the mask is set in any lane."""
        if mask not in self._any:
            emitted = self.builder.emit(PRIMITIVES["reduce_any"], (mask,), {"axes": (0,)})
            self._any[mask] = emitted.result
        return self._any[mask]

    def choose(self, mask: Value, a: Value, b: Value, ndim: int, hint: str = "") -> Value:
        """Per lane a or b, each with or without a batch axis in front of its `ndim` axes."""
        condition = reshape(self.builder, mask, (self.size,) + (1,) * ndim)
        return select(self.builder, condition, a, b, hint)

    # ---- ops ----

    def run(self, ops: Sequence[Op]) -> None:
        """Append the batched forms of ops."""
        for op in ops:
            self.builder.loc = op.loc
            if not self.alias.keys().isdisjoint(op.operands):
                op = replace(op, operands=tuple(map(self.final, op.operands)))
            self.visit(self, op)

    def final(self, value: Value) -> Value:
        """The value that stands for this one."""
        while value in self.alias:
            value = self.alias[value]
        return value

    def emit(
        self,
        op: Op,
        operands: Sequence[Value],
        regions: Sequence[Block],
        flags: Sequence[bool],
        **attrs: object,
    ) -> list[Value]:
        """Append a region op in place of `op`: flagged results gain an axis, others stay."""
        primitive, literals = op.primitive, {**op.attrs, **attrs}
        emitted = self.builder.emit(primitive, operands, literals, tuple(regions))
        results = list(emitted.results)
        for k, (old, flag) in enumerate(zip(op.results, flags, strict=True)):
            if flag:
                results[k] = self.lifted[old] = Value(results[k].type, old.hint)
            else:
                results[k] = old
        self.builder.ops[-1] = replace(emitted, results=tuple(results))
        return results

    # ---- bodies ----

    def inline(self, block: Block, operands: Sequence[Value], mask: Value | None) -> list[Value]:
        """Append the batched ops of a body here; its results, as original values."""
        env = dict(zip(block.params, operands, strict=True))
        outer, self.mask = self.mask, mask
        self.run([self.copied(op, env) for op in block.ops])
        self.mask = outer
        return [self.final(env[v]) for v in block.results]

    def copied(self, op: Op, env: dict[Value, Value]) -> Op:
        """The op over fresh results (its regions are closed: they stay)."""
        operands = tuple(env.get(v, v) for v in op.operands)
        results = tuple(Value(v.type, v.hint) for v in op.results)
        env.update(zip(op.results, results, strict=True))
        self.tapes.same(op.results, results)
        return replace(op, operands=operands, results=results)

    def opened(self) -> Body:
        """A region of this block."""
        return Body(self)

    def body(self, block: Block, flags: Sequence[bool], masked: int | None = None) -> Body:
        """A batched body whose flagged parameters have an axis.

        With `masked`, it takes the mask as an extra parameter at that position.
        """
        body = self.opened()
        for k, (p, flag) in enumerate(zip(block.params, flags, strict=True)):
            if k == masked:
                body.take_mask()
            body.take(p, flag)
        if masked == len(block.params):
            body.take_mask()
        body.results = body.inline(block, body.params, body.mask)
        return body


class Body(BatchScope):
    """A region under construction; its parameters stand for values of the original program."""

    def __init__(self, outer: BatchScope) -> None:
        super().__init__(outer.size, outer.tapes, outer.visit)
        self.calls = outer.calls
        self.params: list[Value] = []
        self.results: list[Value] = []

    def take(self, like: Value, flag: bool) -> Value:
        """A parameter like a value; flagged, it has a batch axis."""
        value = Value(like.type, like.hint)
        self.tapes.same((like,), (value,))
        self.params.append(value)
        if flag:
            self.lifted[value] = self.builder.param(self.batched_type(like.type), like.hint)
        else:
            self.builder.params.append(value)
        return value

    def take_mask(self) -> Value:
        """The mask as a parameter."""
        self.mask = self.builder.param(Type("bool", (self.size,)), "lanes")
        return self.mask

    @property
    def result_flags(self) -> list[bool]:
        """Which results have a batch axis."""
        return self.flags(self.results)

    def finish(self, flags: Sequence[bool]) -> Block:
        """The block, its flagged results with a batch axis."""
        pairs = zip(self.results, flags, strict=True)
        return self.close([self.wanted(v, flag) for v, flag in pairs])

    def close(self, results: Sequence[Value]) -> Block:
        """The block with these results."""
        return self.builder.func("body", results).block
