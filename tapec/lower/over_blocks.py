"""A loop over the blocks of iterations between bounds known at run time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops import arith, logic
from tapec.ir.ops.loop import FOR, REPEAT
from tapec.ir.ops.memory import LOAD, STORE
from tapec.ir.rewrite import copy_op
from tapec.ir.types import Type
from tapec.lower.idle import Bound, Offset
from tapec.lower.tuning import NARROW_SHIFT

_INDEX, _I64 = Type("index"), Type("i64")


def over_blocks(op: Op, bounds: Sequence[Bound]) -> list[Op]:
    """The loop over the whole blocks that the bounds touch, and the rest of the array."""
    build, length = Builder(), 1 << NARROW_SHIFT
    whole = op.attrs["upper"] >> NARROW_SHIFT
    first = _block(build, bounds, "from", arith.maximum, 0, whole)
    last = _block(build, bounds, "to", arith.minimum, whole, whole)
    zero = build.const(0, _I64)
    count = _emit(build, arith.maximum, _emit(build, arith.sub, last, first), zero)
    inner = Builder()
    k = inner.param(_INDEX, "k")
    carried = [inner.param(v.type, v.hint) for v in op.operands]
    number = _emit(inner, arith.add, _emit(inner, logic.convert, k, dtype="i64"), first)
    base = _emit(inner, logic.convert, _emit(inner, arith.mul, number, inner.const(length, _I64)),
                 dtype="index")  # fmt: skip
    attrs = {**op.attrs, "lower": 0, "upper": length}
    made = inner.emit(FOR, carried, attrs, (_moved(op.regions[0], base),))
    whole_blocks = build.emit(
        REPEAT, [_emit(build, logic.convert, count, dtype="index"), *op.operands], {},
        (inner.block(made.results),),
    )  # fmt: skip
    if not op.attrs["upper"] % length:
        build.ops[-1] = Op(
            REPEAT, whole_blocks.operands, {}, op.results, whole_blocks.regions, op.loc
        )
        return build.ops
    attrs = {**op.attrs, "lower": whole * length}
    return [*build.ops, Op(FOR, whole_blocks.results, attrs, op.results, op.regions, op.loc)]


def _emit(build: Builder, primitive: Any, *operands: Value, **attrs: Any) -> Value:
    return build.emit(primitive, operands, attrs).result


def _block(
    build: Builder, bounds: Sequence[Bound], name: str, joined: Any, free: int, whole: int
) -> Value:
    """The number of the block where the bounds of one side begin or end, within 0 and `whole`."""
    found = [_of_counter(build, v, offset) for side, v, offset in bounds if side == name]
    if not found:
        return build.const(free, _I64)
    place = reduce(partial(_emit, build, joined), found)
    if name == "to":
        place = _emit(build, arith.add, place, build.const((1 << NARROW_SHIFT) - 1, _I64))
    number = _emit(build, logic.right_shift, place, build.const(NARROW_SHIFT, _I64))
    low = _emit(build, arith.maximum, number, build.const(0, _I64))
    return _emit(build, arith.minimum, low, build.const(whole, _I64))


def _of_counter(build: Builder, bound: Value, offset: Offset) -> Value:
    """A bound of the counter alone."""

    def wide(value: Value) -> Value:
        return value if value.type == _I64 else _emit(build, logic.convert, value, dtype="i64")

    place = wide(bound)
    for value, factor in offset:
        term = build.const(factor, _I64)
        if value is not None:
            term = wide(value) if factor == 1 else _emit(build, arith.mul, wide(value), term)
        place = _emit(build, arith.sub, place, term)
    return place


def _moved(block: Block, base: Value) -> Block:
    """A copy of a body whose counter is a number beyond `base`."""
    build = Builder()
    j = build.param(_INDEX, "j")
    env = {p: build.param(p.type, p.hint) for p in block.params[1:]}
    counter = block.params[0]
    env[counter] = _emit(build, arith.add, base, j)
    for op in block.ops:
        copied = copy_op(op, env)
        if op.primitive in (LOAD, STORE) and counter in op.operands:
            copied = _addressed(copied, env[counter], (base, j))
        build.ops.append(copied)
    return Block(tuple(build.params), tuple(build.ops), tuple(env[v] for v in block.results))


def _addressed(op: Op, index: Value, terms: tuple[Value, Value]) -> Op:
    """An access with an index as a sum of two, so that neighbours are seen to be neighbours."""
    first = 1 + (op.primitive is STORE)
    pairs = zip(op.operands[first:], op.attrs["strides"], strict=True)
    split = [(t, s) for v, s in pairs for t in (terms if v is index else (v,))]
    attrs = {**op.attrs, "strides": tuple(s for _, s in split)}
    operands = (*op.operands[:first], *(t for t, _ in split))
    return Op(op.primitive, operands, attrs, op.results, op.regions, op.loc)
