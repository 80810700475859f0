"""Whether a program leaves out elements that it computed: then an infinity need not show.

Where all that is computed is used, an infinite value makes the result infinite or NaN, and its
derivatives are worth no test for zero on the way back.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops import arith, special
from tapec.ir.ops import math as functions
from tapec.ir.places import slices
from tapec.ir.types import Type

# Finite where their operand is infinite.
_ABSORBING = frozenset(
    {functions.exp, functions.exp2, functions.expm1, functions.tanh, functions.arctan}
    | {functions.expit, functions.expit_slope, functions.logaddexp}
    | {special.erf, special.erfc, arith.copysign}
)


def leaves_out(block: Block | Func) -> bool:
    """Whether an op in the block, or in its regions, may not use all that was computed before."""
    computed = {v for op in block.ops for v in op.results}
    if isinstance(block, Block):
        computed.update(block.params)
    read: dict[Value, np.ndarray] = {}
    for op in block.ops:
        if any(map(leaves_out, op.regions)) or _drops(op, computed):
            return True
        if _is_part(op) and op.operands[0] in computed:
            _note(read, op)
    return not all(mask.all() for mask in read.values())


def _note(read: dict[Value, np.ndarray], op: Op) -> None:
    """One more part of a value is read."""
    x = op.operands[0]
    mask = read.setdefault(x, np.zeros(x.type.shape, bool))
    mask[slices(op.attrs["at"])] = True


def _is_part(op: Op) -> bool:
    """Whether it reads a part known in advance."""
    return op.primitive.kind == "linear" and op.primitive.view == {0: 0} and "at" in op.attrs


def _drops(op: Op, computed: Iterable[Value]) -> bool:
    """Whether the op itself may leave out elements of what was computed."""
    primitive, floats = op.primitive, [v for v in op.operands if v.type.is_float and v in computed]
    if not floats or not any(v.type.is_float for v in op.results):
        return False
    if primitive in _ABSORBING or primitive.branch or primitive.places is not None:
        return True
    if primitive.writes is not None:
        return True
    if primitive.rounding or op.regions or _is_part(op):
        return False
    return (len(floats) > 1 and primitive.kind == "elementwise") or _shrinks(floats, op.result.type)


def _shrinks(operands: list[Value], result: Type) -> bool:
    return sum(v.type.size for v in operands) > result.size
