"""Values whose cotangent must not even be zero where they are not used.

A zero cotangent times an infinite partial is NaN: of `r = sqrt(x * x)`, read by a branch that is
not taken, nothing may be sent back. Behind ops whose partials are finite wherever their operands
are, zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapec.ad.tuning import MASKED_ELEMENTS
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.const import is_const
from tapec.ir.ops.rules import minus_one, one, zero
from tapec.ir.primitive import Primitive

_NUMBERS = frozenset([None, zero, one, minus_one])


def risky_values(ops: Iterable[Op], *, inside: bool) -> set[Value]:
    """The results of active ops behind which a partial may be infinite; `inside` a loop's body."""
    found: set[Value] = set()
    for op in ops:
        if op.primitive.kind == "region":
            found.update(v for v in op.results if v.type.size <= MASKED_ELEMENTS or not inside)
        elif op.primitive.keeps_zero(op.attrs):
            if not found.isdisjoint(op.operands):
                found.update(op.results)
        else:
            found.update(op.results)
    return found


def moves_only(block: Block) -> bool:
    """Whether zeros sent into a region come back as zeros, whatever its values are."""
    constant = {op.result for op in block.ops if is_const(op)}
    return all(_moves(op, constant) for op in block.ops)


def _moves(op: Op, constant: set[Value]) -> bool:
    if not any(v.type.is_float for v in op.results):
        return True
    if op.regions:
        return op.primitive.branch and all(map(moves_only, op.regions))
    if op.primitive is arith.mul:
        return not constant.isdisjoint(op.operands)
    return _constant_partials(op.primitive)


def _constant_partials(primitive: Primitive) -> bool:
    """Whether the partials are numbers, whatever the operands are."""
    if primitive.kind == "elementwise":
        return bool(primitive.transpose) or _NUMBERS.issuperset(primitive.partials)
    return primitive.kind == "linear" and not primitive.separate
