"""What ops cost to derive and compile: what decides whether a loop is unrolled."""

from __future__ import annotations

from collections.abc import Iterable

from tapec.ir.core import Op
from tapec.ir.ops.const import is_const
from tapec.ir.tuning import (
    BRANCH_WEIGHT,
    LOOP_WEIGHT,
    NEST_WEIGHT,
    SCALAR_ELEMENTS,
    SCALARS_PER_OP,
)


def weight(ops: Iterable[Op]) -> int:
    """The weight of these ops and of those in their regions, in scalar ops; constants are free."""
    return sum(map(_weight, ops))


def _weight(op: Op) -> int:
    if op.regions:
        own = LOOP_WEIGHT if op.primitive.loop else BRANCH_WEIGHT
        return own + sum(weight(region.ops) for region in op.regions)
    if is_const(op):
        return 0
    extent = 1 if op.primitive.view else _extent(op)
    return NEST_WEIGHT if extent > SCALAR_ELEMENTS else 1 + extent // SCALARS_PER_OP


def _extent(op: Op) -> int:
    """How many elements an op runs over."""
    if op.primitive.writes is not None:
        return int(op.operands[1].type.size)
    values = op.operands if op.primitive.kind != "elementwise" else ()
    return max((int(v.type.size) for v in (*values, *op.results)), default=0)
