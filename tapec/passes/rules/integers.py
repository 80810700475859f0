"""Rules of integer arithmetic, exact modulo a power of two: indices come out as `i + c`."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.types import INTEGERS
from tapec.passes.rewriter import Rewriter, constant, remade, rule

Result = Op | Value | None


@rule("add", "sub")
def offsets_together(op: Op, cx: Rewriter) -> Result:
    """(x + c) - d -> x + (c - d), for all sums and differences with constants."""
    if op.result.type.dtype not in INTEGERS:
        return None
    outer = _offset(op, cx)
    inner = _offset(cx.defs[outer[0]], cx) if outer and outer[0] in cx.defs else None
    if not outer or not inner or inner[0].type != op.result.type:
        return None
    return _moved(op, inner[0], outer[1] + inner[1], cx)


@rule("sub")
def difference(op: Op, cx: Rewriter) -> Result:
    """(x + c) - (x + d) -> c - d; (x + y) - y -> x."""
    a, b = op.operands
    if op.result.type.dtype not in INTEGERS or a.type != op.result.type or a.type != b.type:
        return None
    (x, c), (y, d) = _parts(a, cx), _parts(b, cx)
    if x is y:
        return constant(op, _wrapped(op, c - d))
    total = cx.defined(a, "add")
    if total is None or b not in total.operands:
        return None
    first, second = total.operands
    rest = first if second is b else second
    return rest if rest.type == op.result.type else None


@rule("mul")
def nothing(op: Op, cx: Rewriter) -> Result:
    """x * 0 -> 0."""
    if op.result.type.dtype not in INTEGERS:
        return None
    return constant(op, 0) if any(cx.number(v) == 0 for v in op.operands) else None


def _parts(value: Value, cx: Rewriter) -> tuple[Value, int]:
    """A value as another one plus a number."""
    definition = cx.defs.get(value)
    found = _offset(definition, cx) if definition else None
    return found if found and found[0].type == value.type else (value, 0)


def _offset(op: Op, cx: Rewriter) -> tuple[Value, int] | None:
    """What is added to which value, for a sum or difference with a constant."""
    if op.primitive.name not in ("add", "sub"):
        return None
    a, b = op.operands
    if isinstance(number := cx.number(b), int):
        return a, number if op.primitive.name == "add" else -number
    if op.primitive.name == "add" and isinstance(number := cx.number(a), int):
        return b, number
    return None


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
