"""A serial loop in two: what does not depend on what it carries, then what does.

Long sums are made of sums of blocks, which are added up one after the other with what roundings
lose. The sums of blocks can be made side by side:

    for %0 {upper=n} (%i, %t) {         for {upper=n} (%i) {
      %s = for ...                        %s = for ...
      yield %t + %s                ->     store %s, %kept, %i
    }                                   }
                                        for %0 {upper=n} (%i, %t) { yield %t + %kept[%i] }
"""

from __future__ import annotations

from typing import NamedTuple

from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.nested import reads
from tapec.ir.ops.const import is_const
from tapec.ir.ops.loop import FOR
from tapec.ir.ops.memory import ALLOC, LOAD, STORE
from tapec.ir.rewrite import copy_op
from tapec.ir.types import Type


class Halves(NamedTuple):
    """The two loops, and the memory by which one hands numbers to the other."""

    first: Op
    second: Op
    memory: list[Op]


def split(op: Op) -> Halves | None:
    """A counted serial loop in two; None where everything depends on what is carried, or what does
    has an effect."""
    if op.primitive is not FOR or op.attrs["kind"] != "serial" or not op.operands:
        return None
    (body,) = op.regions
    late = _late(body)
    early = [o for o in body.ops if o not in late]
    if not any(o.regions for o in early) or any(
        o.primitive.effect or o.primitive is LOAD for o in late
    ):
        return None
    constants = {o.result for o in early if is_const(o)}
    made = {v for o in early for v in o.results} - constants
    read = [*(v for o in body.ops if o in late for v in reads(o)), *body.results]
    kept = [v for v in dict.fromkeys(read) if v in made]
    trips = op.attrs["upper"] - op.attrs["lower"]
    memory = [_memory(v, trips) for v in kept]
    buffers = dict(zip(kept, (m.result for m in memory), strict=True))
    return Halves(_first(op, early, buffers), _second(op, late, buffers), memory)


def _late(body: Block) -> set[Op]:
    """The ops that depend on what the loop carries."""
    carried, found = set(body.params[1:]), set()
    for op in body.ops:
        if not carried.isdisjoint(reads(op)):
            carried.update(op.results)
            found.add(op)
    return found


def _memory(value: Value, trips: int) -> Op:
    dtype, shape = value.type.dtype, (trips,)
    made = Value(Type(dtype, shape, buffer=True), "kept")
    return Op(ALLOC, (), {"type": Type(dtype, shape)}, (made,))


def _place(op: Op) -> dict[str, object]:
    return {"offset": -op.attrs["lower"], "strides": (1,)}


def _first(op: Op, early: list[Op], buffers: dict[Value, Value]) -> Op:
    """The loop that stores what the other one wants."""
    (body,) = op.regions
    build = Builder()
    build.ops += early
    for value, buffer in buffers.items():
        build.emit(STORE, (value, buffer, body.params[0]), _place(op))
    return Op(
        FOR, (), {**op.attrs, "reduce": ()}, (), (Block(body.params[:1], tuple(build.ops), ()),)
    )


def _second(op: Op, late: set[Op], buffers: dict[Value, Value]) -> Op:
    """The loop that loads it, with constants of its own."""
    (body,) = op.regions
    build = Builder()
    i = build.param(body.params[0].type, "i")
    env = {body.params[0]: i}
    env.update({p: build.param(p.type, p.hint) for p in body.params[1:]})
    for value, buffer in buffers.items():
        env[value] = build.emit(LOAD, (buffer, i), _place(op)).result
    build.ops += [copy_op(o, env) for o in body.ops if o in late or is_const(o)]
    block = Block(tuple(build.params), tuple(build.ops), tuple(env.get(v, v) for v in body.results))
    return Op(FOR, op.operands, op.attrs, op.results, (block,), op.loc)
