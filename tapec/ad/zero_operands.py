"""Regions of reverse ops without operands that are structural zeros: nothing is added to them.

A reverse branch adds to the cotangents its operands have so far. Where there are none, adding zeros
would make the array again in every run, and cost what should cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tapec.ad.joint import closed
from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops import arith


def without_operands(block: Block, absent: Collection[int]) -> Block:
    """The region without the parameters at these positions, which stand for nothing to add to."""
    nothing = {block.params[k] for k in absent}
    same: dict[Value, Value] = {}
    ops: list[Op] = []
    for op in block.ops:
        operands = tuple(same.get(v, v) for v in op.operands)
        if nothing.isdisjoint(operands):
            ops.append(replace(op, operands=operands))
        elif op.primitive.form is not None and not op.primitive.loop:
            ops.append(_op_without(op, operands, nothing))
        elif op.primitive is arith.add:
            first, second = operands
            other = second if first in nothing else first
            if other.type != op.result.type:
                ops.append(replace(op, operands=operands))
            elif other in nothing:
                nothing.add(op.result)
            else:
                same[op.result] = other
        else:
            ops.append(replace(op, operands=operands))
    results = [same.get(v, v) for v in block.results]
    zeros = Builder()
    bound = {v: zeros.const(0.0, v.type) for v in nothing}
    ops = [replace(op, operands=tuple(bound.get(v, v) for v in op.operands)) for op in ops]
    params = [p for p in block.params if p not in nothing]
    return closed([*zeros.ops, *ops], params, [bound.get(v, v) for v in results])


def _op_without(op: Op, operands: tuple[Value, ...], nothing: set[Value]) -> Op:
    """A branch or call, the same done to its regions."""
    head = op.primitive.form.lead if op.primitive.form else 0
    absent = [k for k, v in enumerate(operands[head:]) if v in nothing]
    kept = (*operands[:head], *(v for v in operands[head:] if v not in nothing))
    return replace(
        op, operands=kept, regions=tuple(without_operands(r, absent) for r in op.regions)
    )
