"""Which partials may be infinite or NaN though all inputs are finite.

A derivative that is zero stays zero whatever the partial is (a strong zero): of `np.sqrt(x)[1]`,
x[0] = 0 is told nothing, where zero times infinity would be NaN. The test for zero is paid for only
where a partial, or a derivative of it, may be infinite. That is read off the declarations: of a
product, where a factor comes from an op that makes infinities out of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tapec.ad.shown import Shown
from tapec.ir.core import Dense, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops import arith, special
from tapec.ir.ops import math as functions
from tapec.ir.ops.arith import div
from tapec.ir.ops.const import const
from tapec.ir.ops.strong import strong_mul

# Finite, with an infinite derivative.
STEEP = frozenset(
    {functions.sqrt, functions.cbrt, functions.arcsin, functions.arccos, functions.arccosh}
    | {functions.hypot, functions.arctan2, arith.power}
)
# The derivative vanishes faster than any power of a large operand grows: where it is zero, infinite
# derivatives of the operand are outdone, as of exp(-1 / x**2) near 0, but of exp(log(x)) are not.
_VANISHING = frozenset(
    {functions.exp, functions.exp2, functions.expm1, functions.expit}
    | {functions.tanh, functions.tanh_slope, special.erf, special.erfc, special.ndtr}
)
_LOGARITHMS = frozenset({functions.log, functions.log2, functions.log10, functions.log1p})
# The derivative is infinite only where the value is zero.
_STEEP_AT_ZERO = frozenset({functions.sqrt, functions.cbrt})


class Finiteness:
    """What is known about the values that some ops make; parameters are taken to be finite.

    Of values that show in the only result, only partials that are infinite where the value is
    finite need care.
    """

    def __init__(self, ops: Iterable[Op], shown: Shown | None = None) -> None:
        self._shown = shown or Shown()
        self._infinite: set[Value] = set()
        self._divisors: set[Value] = set()
        self._computed: set[Value] = set()
        self._logarithmic: set[Value] = set()  # infinite where a logarithm is
        for op in ops:
            self._visit(op)

    def partial(self, op: Op, k: int) -> bool:
        """Whether the partial of an elementwise op by operand k is finite, and its derivatives.

        Or else the result that it belongs to is infinite or NaN.
        """
        if op.primitive is strong_mul:
            return False  # both operands are derivatives of something
        if self._keeps_finite(op) and self._infinite.isdisjoint(op.operands):
            return True
        if self.vanishes(op):
            return False
        if op.primitive in _STEEP_AT_ZERO and op.result in self._shown.divisors:
            return True
        return op.result in self._shown.values and op.primitive not in STEEP

    def vanishes(self, op: Op) -> bool:
        """Whether a partial that is zero outdoes an infinite derivative of the operand."""
        return (
            op.primitive in _VANISHING
            and not self._infinite.isdisjoint(op.operands)
            and self._logarithmic.isdisjoint(op.operands)
        )

    def rule(self, op: Op, name: str, active: Sequence[int] = ()) -> Any:
        """The declared rule of this name for active operands, the strong one where it is needed.

        Of a product with one active operand only the other is multiplied with: a given one is no
        derivative, so that its zeros do not count.
        """
        plain = getattr(op.primitive, name)
        if name not in op.primitive.strong or self._infinite.isdisjoint(op.operands):
            return plain
        if self._shown.values.issuperset(op.results):
            return plain
        if op.primitive.separate and len(active) == 1:
            read = [v for k, v in enumerate(op.operands) if k not in active]
            if self._computed.isdisjoint(read) and self._infinite.isdisjoint(read):
                return plain
        return op.primitive.strong[name]

    def _visit(self, op: Op) -> None:
        if op.primitive is const:
            self._constant(op)
            return
        self._computed.update(op.results)
        if op.primitive in _LOGARITHMS or not self._logarithmic.isdisjoint(op.operands):
            self._logarithmic.update(op.results)
        if not (self._keeps_finite(op) and self._infinite.isdisjoint(op.operands)):
            self._infinite.update([v for v in op.results if v.type.is_float])

    def _constant(self, op: Op) -> None:
        value = op.attrs["value"]
        numbers = value.array if isinstance(value, Dense) else np.asarray(value)
        if not np.isfinite(numbers).all():
            self._infinite.add(op.result)
        elif numbers.all():
            self._divisors.add(op.result)

    def _keeps_finite(self, op: Op) -> bool:
        """Whether finite operands have finite derivatives of all orders."""
        if op.primitive is div:
            return op.operands[1] in self._divisors
        inside = [inner for r in op.regions for inner in every(r.ops) if not inner.regions]
        return all(inner.primitive.keeps_zero(inner.attrs) for inner in inside or [op])
