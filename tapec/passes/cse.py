"""Common subexpression elimination."""

from __future__ import annotations

from typing import Any

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.rewrite import substitute_op
from tapec.passes.support import attr_key, over


def cse(func: Func) -> Func:
    """Keep one of several equal ops; operands of commutative ones may stand in either order.

    After the adjoint, since partials repeat primal subexpressions, and before code generation,
    which cannot see across arrays.
    """
    same: dict[Value, Value] = {}
    seen: dict[Any, Op] = {}
    kept: list[Op] = []
    for op in func.ops:
        if same:
            op = _renamed(op, same)
        if op.primitive.effect or op.regions:
            kept.append(op)
            continue
        first = seen.setdefault(_key(op), op)
        if first is op:
            kept.append(op)
        else:
            same.update(zip(op.results, first.results, strict=True))
    if not same:
        return func
    return Func(
        func.name, Block(func.params, tuple(kept), tuple(same.get(v, v) for v in func.results))
    )


def _key(op: Op) -> Any:
    operands = op.operands
    if op.primitive.commutative and len(operands) == 2 and id(operands[0]) > id(operands[1]):
        operands = (operands[1], operands[0])
    if not op.attrs:
        return (op.primitive.name, operands)
    return (op.primitive.name, operands, attr_key(op.attrs))


def _renamed(op: Op, same: dict[Value, Value]) -> Op:
    if op.regions:
        return substitute_op(op, lambda v: same.get(v, v))
    for v in op.operands:
        if v in same:
            return over(op, tuple(same.get(v, v) for v in op.operands))
    return op
