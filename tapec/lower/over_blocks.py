"""A loop over the blocks of iterations between bounds known at run time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

from tapec.ir.build import Builder
from tapec.ir.core import Op, Value
from tapec.ir.ops import arith, logic
from tapec.ir.ops.loop import FOR, REPEAT
from tapec.ir.types import Type
from tapec.lower.cut import beyond
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
    made = inner.emit(FOR, carried, attrs, (beyond(op.regions[0], base),))
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
