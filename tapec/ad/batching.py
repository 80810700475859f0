"""Many points at once: every op over a new leading axis.

Values that do not depend on a batched input stay single and are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.ad.batch_masked import guarded, hazardous
from tapec.ad.batch_regions import REGION_RULES
from tapec.ad.batch_scope import BatchScope
from tapec.ad.batch_tape import with_tapes
from tapec.ad.rules import reshape
from tapec.errors import ShapeError, UnsupportedOperation
from tapec.ir.build import Expr
from tapec.ir.core import Func, Op, Value
from tapec.ir.ops.control import TAPE_NEW
from tapec.ir.verify import verified


@verified
def batch(
    func: Func, batched: Sequence[bool], size: int, out_batched: Sequence[bool] | None = None
) -> Func:
    """The program over `size` points: flagged inputs gain a leading axis, and so do results.

    `out_batched` may keep a result single, if it does not depend on a batched input. Raises
    ShapeError where the number of flags is not the number of inputs.
    """
    if len(batched) != len(func.params):
        raise ShapeError(f"{func.name} has {len(func.params)} inputs, got {len(batched)} flags")
    flags = [True] * len(func.results) if out_batched is None else out_batched
    return with_tapes(
        func, lambda tapes: _batched(func, batched, BatchScope(size, tapes, _visit), flags)
    )


def _batched(
    func: Func, batched: Sequence[bool], scope: BatchScope, out_batched: Sequence[bool]
) -> Func:
    builder = scope.builder
    for p, flag in zip(func.params, batched, strict=True):
        if flag:
            scope.lifted[p] = builder.param(scope.batched_type(p.type), p.hint)
        else:
            builder.params.append(p)
    scope.run(func.ops)
    builder.loc = None
    pairs = zip(func.results, out_batched, strict=True)
    results = [scope.wanted(scope.final(v), flag) for v, flag in pairs]
    return builder.func(f"{func.name}.batch", results)


def _visit(scope: BatchScope, op: Op) -> None:
    single = scope.lifted.keys().isdisjoint(op.operands)
    if op.primitive.kind == "region":
        # A tape is single or not as a whole; a mask enters code that could fail.
        if single and op.primitive is not TAPE_NEW and (scope.mask is None or not hazardous(op)):
            scope.builder.ops.append(op)
        else:
            REGION_RULES[op.name](scope, op)
        return
    if scope.mask is not None and op.primitive.raises:
        op = guarded(scope, op)
    if single:
        scope.builder.ops.append(op)
        return
    rule = elementwise if op.primitive.kind == "elementwise" else declared
    results = rule(scope, op)
    scope.lifted.update(zip(op.results, results, strict=True))


def elementwise(scope: BatchScope, op: Op) -> tuple[Value, ...]:
    """Ranks aligned behind the new axis, so that broadcasting pairs the same axes as before."""
    rank, size = op.results[0].type.ndim, scope.size

    def operand(v: Value) -> Value:
        if v not in scope.lifted:
            return v
        pad = (1,) * (rank - v.type.ndim)
        return reshape(scope.builder, scope.lifted[v], (size, *pad, *v.type.shape))

    operands = tuple(operand(v) for v in op.operands)
    hint = op.results[0].hint
    return scope.builder.emit(op.primitive, operands, op.attrs, hint=hint).results


def declared(scope: BatchScope, op: Op) -> tuple[Value, ...]:
    """By the op's own rule."""
    if op.primitive.batch is None:
        raise UnsupportedOperation(f"{op.name} has no batching rule", where=op.loc)
    operands = tuple(Expr(scope.builder, scope.value(v)) for v in op.operands)
    flags = tuple(scope.flags(op.operands))
    found: Any = op.primitive.batch(operands, flags, scope.size, **op.attrs)
    return tuple(e.value for e in found) if isinstance(found, tuple) else (found.value,)
