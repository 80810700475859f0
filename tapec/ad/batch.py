"""Many points at once: every op over a new leading axis.

Values that do not depend on a batched input stay single and are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.ad.rules import broadcast, reshape
from tapec.errors import ShapeError, UnsupportedOperation
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Func, Op, Value

Batched = dict[Value, Value]  # the batched form of the values that have one


def batch(
    func: Func, batched: Sequence[bool], size: int, out_batched: Sequence[bool] | None = None
) -> Func:
    """The program over `size` points: flagged inputs gain a leading axis, and so do results.

    `out_batched` may keep a result single, if it does not depend on a batched input. Raises
    ShapeError where the number of flags is not the number of inputs.
    """
    if len(batched) != len(func.params):
        raise ShapeError(f"{func.name} has {len(func.params)} inputs, got {len(batched)} flags")
    builder = Builder()
    lifted: Batched = {}
    for p, flag in zip(func.params, batched, strict=True):
        if flag:
            lifted[p] = builder.param(p.type.with_shape((size, *p.type.shape)), p.hint)
        else:
            builder.params.append(p)
    for op in func.ops:
        _visit(builder, op, lifted, size)
    builder.loc = None
    flags = [True] * len(func.results) if out_batched is None else out_batched
    pairs = zip(func.results, flags, strict=True)
    results = [_result(builder, v, lifted, size, flag) for v, flag in pairs]
    return builder.func(f"{func.name}.batch", results)


def _result(builder: Builder, value: Value, lifted: Batched, size: int, flag: bool) -> Value:
    if value in lifted:
        if not flag:
            raise ShapeError("a result that differs from point to point cannot stay single")
        return lifted[value]
    return broadcast(builder, value, (size, *value.type.shape)) if flag else value


def _visit(builder: Builder, op: Op, lifted: Batched, size: int) -> None:
    if lifted.keys().isdisjoint(op.operands):
        builder.ops.append(op)
        return
    builder.loc = op.loc
    rule = _elementwise if op.primitive.kind == "elementwise" else _declared
    results = rule(builder, op, lifted, size)
    lifted.update(zip(op.results, results, strict=True))


def _elementwise(builder: Builder, op: Op, lifted: Batched, size: int) -> tuple[Value, ...]:
    """Ranks aligned behind the new axis, so that broadcasting pairs the same axes as before."""
    rank = op.results[0].type.ndim

    def operand(v: Value) -> Value:
        if v not in lifted:
            return v
        pad = (1,) * (rank - v.type.ndim)
        return reshape(builder, lifted[v], (size, *pad, *v.type.shape))

    operands = tuple(operand(v) for v in op.operands)
    return builder.emit(op.primitive, operands, op.attrs, hint=op.results[0].hint).results


def _declared(builder: Builder, op: Op, lifted: Batched, size: int) -> tuple[Value, ...]:
    if op.primitive.batch is None:
        raise UnsupportedOperation(f"{op.name} has no batching rule", where=op.loc)
    operands = tuple(Expr(builder, lifted.get(v, v)) for v in op.operands)
    flags = tuple(v in lifted for v in op.operands)
    found: Any = op.primitive.batch(operands, flags, size, **op.attrs)
    return tuple(e.value for e in found) if isinstance(found, tuple) else (found.value,)
