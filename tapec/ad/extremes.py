"""Derivatives of the larger and the smaller of two numbers: given to the one that was taken.

They are selected, not multiplied by 0 and 1: of `sqrt(maximum(x, 0.0))` an infinite derivative
stays away from a negative x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tapec.ad.rules import select
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.logic import isnan, logical_or
from tapec.ir.primitive import Primitive
from tapec.ir.types import Type

# Whether the first operand is taken, and not the second.
_TAKEN: Mapping[Primitive, Callable[[Expr, Expr], Expr]] = {
    arith.maximum: lambda a, b: a > b,
    arith.minimum: lambda a, b: a < b,
    arith.fmax: lambda a, b: logical_or(a > b, isnan(b)),
    arith.fmin: lambda a, b: logical_or(a < b, isnan(b)),
}


def is_extreme(op: Op) -> bool:
    """Whether an op takes one of two operands by their order."""
    return op.primitive in _TAKEN


def of_taken(builder: Builder, op: Op, k: int, derivative: Value, hint: str = "") -> Value:
    """A derivative where operand k is taken, half of it where both are equal, else 0."""
    mine, other = (Expr(builder, op.operands[i]) for i in (k, 1 - k))
    zero = builder.const(0.0, Type(derivative.type.dtype))
    half = (0.5 * Expr(builder, derivative)).value
    tied = select(builder, mine.equals(other).value, half, zero)
    return select(builder, _TAKEN[op.primitive](mine, other).value, derivative, tied, hint)
