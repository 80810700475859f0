"""Reductions of values that an axis only repeats."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.ops.const import number_of
from tapec.ir.types import Type
from tapec.passes.rewriter import Rewriter, rule


@rule("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")
def reduce_before_repeating(op: Op, cx: Rewriter) -> Op | Value | None:
    """sum_0(f(x[n, 1], c)[n, k]) -> sum_0(f(x[n, 1], c))[1] broadcast to k."""
    (x,) = op.operands
    inner = cx.defs.get(x)
    if inner is None or inner.primitive.kind != "elementwise" or not inner.operands:
        return None
    axes = [k for k, n in enumerate(x.type.shape) if n > 1 and k not in op.attrs["axes"]]
    repeated = [k for k in axes if all(_repeats(v, x.type, k, cx) for v in inner.operands)]
    if not repeated:
        return None
    shape = tuple(1 if k in repeated else n for k, n in enumerate(x.type.shape))
    numbers = [number_of(cx.defs.get(v)) for v in inner.operands]
    operands = [
        v if number is None else cx.const(number, Type(v.type.dtype, shape))
        for v, number in zip(inner.operands, numbers, strict=True)
    ]
    short = cx.emit(inner.name, operands, **inner.attrs)
    return cx.fitted(op, cx.emit(op.name, (short,), **op.attrs))


def _repeats(v: Value, result: Type, axis: int, cx: Rewriter) -> bool:
    """Whether an operand is the same all along an axis of the result."""
    own = axis - (result.ndim - v.type.ndim)
    return own < 0 or v.type.shape[own] == 1 or number_of(cx.defs.get(v)) is not None
