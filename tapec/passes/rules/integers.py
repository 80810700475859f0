"""Rules of integer arithmetic, exact modulo a power of two: indices come out as `i + c`."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.types import INTEGERS
from tapec.passes.rewriter import Rewriter, constant, remade, rule

Result = Op | Value | None


@rule("add", "sub", "mul")
def simplify_affine(op: Op, cx: Rewriter) -> Result:
    """(x + c) - d -> x + (c - d); (x + c) - (x + d) -> c - d; (x + y) - y -> x; x * 0 -> 0."""
    if op.result.type.dtype not in INTEGERS:
        return None
    form = cx.integers.of_op(op)
    found = None if form is None else form.offset()
    if found is None:
        return None
    value, number = found
    if value is None:
        return constant(op, _wrapped(op, number))
    return None if value in op.operands else _moved(op, value, number, cx)


def _moved(op: Op, x: Value, offset: int, cx: Rewriter) -> Result:
    """x plus a number, as a difference where that is negative."""
    forward, back = _wrapped(op, offset), _wrapped(op, -offset)
    if forward == 0:
        return x
    name, number = ("sub", back) if back > 0 else ("add", forward)
    return remade(op, name, (x, cx.const(number, x.type.with_shape(()))))


def _wrapped(op: Op, number: int) -> int:
    """The number modulo the range of the op's type."""
    bits = 8 * op.result.type.numpy.itemsize
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half
