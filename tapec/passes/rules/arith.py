"""Rules of arithmetic: neutral elements, signs, powers."""

from __future__ import annotations

import math

from tapec.ir.core import Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.arith import FUSED
from tapec.ir.ops.shape import BROADCAST_TO, RESHAPE
from tapec.ir.types import FLOATS, Type
from tapec.passes.rewriter import ELEMENTWISE, Rewriter, constant, remade, rule
from tapec.passes.support import Number

Result = Op | Value | None

# Smallest normal number: reciprocals below it would not be exact.
_TINY = {"f32": 2.0**-126, "f64": 2.0**-1022}
_LARGEST_POWER = {"f32": 2.0**126, "f64": 2.0**1022}


def _is_zero(number: Number | None, *, negative: bool) -> bool:
    """A zero of this sign; integers have one zero, which serves as both."""
    if number is None or isinstance(number, bool) or number != 0:
        return False
    return isinstance(number, int) or (math.copysign(1.0, number) < 0) == negative


def _with_number(op: Op, cx: Rewriter) -> tuple[Value, Number] | None:
    """Operand and constant of a commutative op with one constant operand."""
    a, b = op.operands
    for x, c in ((a, b), (b, a)):
        number = cx.number(c)
        if number is not None:
            return x, number
    return None


@rule("add")
def add_zero(op: Op, cx: Rewriter) -> Result:
    """x + (-0.0) -> x; adding +0.0 would turn -0.0 into 0.0."""
    found = _with_number(op, cx)
    if found and _is_zero(found[1], negative=True):
        return cx.fitted(op, found[0])
    return None


@rule("add")
def fused_double(op: Op, cx: Rewriter) -> Result:
    """c * x + c * x, where these may be fused -> (2 * c) * x, which rounds once as well."""
    a, b = op.operands
    product = cx.defined(a, "mul") if a is b and FUSED in op.attrs else None
    found = _with_number(product, cx) if product else None
    if product is None or found is None or abs(found[1]) > _LARGEST_POWER[a.type.dtype]:
        return None
    x, number = found
    (c,) = (v for v in product.operands if v is not x)
    return remade(op, "mul", (cx.const(2.0 * number, c.type), x))


@rule("sub")
def sub_zero(op: Op, cx: Rewriter) -> Result:
    """x - 0.0 -> x."""
    a, b = op.operands
    return cx.fitted(op, a) if _is_zero(cx.number(b), negative=False) else None


@rule("add")
def add_negated(op: Op, cx: Rewriter) -> Result:
    """x + (-y) -> x - y."""
    a, b = op.operands
    if minus := cx.defined(b, "neg"):
        return remade(op, "sub", (a, *minus.operands), **op.attrs)
    if minus := cx.defined(a, "neg"):
        return remade(op, "sub", (b, *minus.operands), **op.attrs)
    return None


@rule("sub")
def sub_negated(op: Op, cx: Rewriter) -> Result:
    """x - (-y) -> x + y."""
    a, b = op.operands
    minus = cx.defined(b, "neg")
    return remade(op, "add", (a, *minus.operands), **op.attrs) if minus else None


@rule("mul")
def mul_unit(op: Op, cx: Rewriter) -> Result:
    """x * 1 -> x and x * -1 -> -x."""
    found = _with_number(op, cx)
    if not found or isinstance(found[1], bool):
        return None
    x, number = found
    if number == 1:
        return cx.fitted(op, x)
    if number == -1 and x.type == op.result.type:
        return remade(op, "neg", (x,))
    return None


@rule("strong_mul")
def strong_mul_plain(op: Op, cx: Rewriter) -> Result:
    """c * x, strong at 0, is a plain product where c is not 0, or x a number."""
    a, b = cx.number(op.operands[0]), cx.number(op.operands[1])
    if a or (b is not None and math.isfinite(b)):
        return remade(op, "mul", op.operands)
    return None


@rule("div")
def div_unit(op: Op, cx: Rewriter) -> Result:
    """x / 1 -> x and x / -1 -> -x."""
    a, b = op.operands
    number = cx.number(b)
    if number == 1:
        return cx.fitted(op, a)
    if number == -1 and a.type == op.result.type:
        return remade(op, "neg", (a,))
    return None


@rule("div")
def div_power_of_two(op: Op, cx: Rewriter) -> Result:
    """x / 2**k -> x * 2**-k, where both are normal numbers."""
    a, b = op.operands
    number = cx.number(b)
    if number is None or not _is_power_of_two(float(number), b.type.dtype):
        return None
    return remade(op, "mul", (a, cx.const(1.0 / number, b.type)))


def _is_power_of_two(x: float, dtype: str) -> bool:
    if dtype not in FLOATS or not _TINY[dtype] <= abs(x) <= _LARGEST_POWER[dtype]:
        return False
    return abs(math.frexp(x)[0]) == 0.5


@rule("mul", "div")
def signs_cancel(op: Op, cx: Rewriter) -> Result:
    """(-x) * (-y) -> x * y; (-x) * c -> x * -c; the same for quotients."""
    a, b = op.operands
    minus_a, minus_b = cx.defined(a, "neg"), cx.defined(b, "neg")
    if minus_a and minus_b:
        return remade(op, op.name, (*minus_a.operands, *minus_b.operands))
    if minus_a and (negated := _negated(b, cx)) is not None:
        return remade(op, op.name, (*minus_a.operands, negated))
    if minus_b and (negated := _negated(a, cx)) is not None:
        return remade(op, op.name, (negated, *minus_b.operands))
    return None


def _negated(value: Value, cx: Rewriter) -> Value | None:
    number = cx.number(value)
    return None if number is None or not value.type.is_float else cx.const(-number, value.type)


@rule("neg")
def neg_of(op: Op, cx: Rewriter) -> Result:
    """-(-x) -> x; -(x * c) -> x * -c; -(x / c) -> x / -c."""
    (x,) = op.operands
    if minus := cx.defined(x, "neg"):
        return minus.operands[0]
    for name in ("mul", "div"):
        if inner := cx.defined(x, name):
            return _sign_in_constant(op, inner, cx)
    return None


def _sign_in_constant(op: Op, inner: Op, cx: Rewriter) -> Result:
    a, b = inner.operands
    if (negated := _negated(a, cx)) is not None:
        return remade(op, inner.name, (negated, b))
    if (negated := _negated(b, cx)) is not None:
        return remade(op, inner.name, (a, negated))
    return None


@rule("abs", "cos", "cosh")
def even(op: Op, cx: Rewriter) -> Result:
    """f(-x) -> f(x)."""
    minus = cx.defined(op.operands[0], "neg")
    return remade(op, op.name, minus.operands) if minus else None


@rule("integer_pow")
def small_integer_power(op: Op, cx: Rewriter) -> Result:
    """x**0 -> 1, x**1 -> x, x**2 -> x * x, x**-1 -> 1 / x."""
    return _power(op, cx, op.operands[0], op.attrs["n"])


@rule("power")
def constant_power(op: Op, cx: Rewriter) -> Result:
    """The same for constant exponents; others stay, since pow rounds once."""
    x, exponent = op.operands
    number = cx.number(exponent)
    if number is None or x.type.shape != op.result.type.shape:
        return None
    return _power(op, cx, x, number)


def _power(op: Op, cx: Rewriter, x: Value, n: Number) -> Result:
    if n == 0:
        return constant(op, 1)
    if n == 1:
        return cx.fitted(op, x)
    if n == 2:
        return remade(op, "mul", (x, x))
    if n == -1 and x.type.is_float:
        return remade(op, "div", (cx.const(1.0, Type(x.type.dtype)), x))
    return None


@rule(ELEMENTWISE)
def implicit_broadcast(op: Op, cx: Rewriter) -> Result:
    """Operands broadcast by themselves: drop what only spells it out.

    That is `broadcast_to`, and `reshape` to leading axes of one, where another operand keeps the
    shape of the result.
    """
    operands, shape = op.operands, op.result.type.shape
    if len(operands) < 2 or not shape:
        return None
    for k, value in enumerate(operands):
        source = _broadcast_source(value, cx)
        if source and any(v.type.shape == shape for j, v in enumerate(operands) if j != k):
            changed = (*operands[:k], source, *operands[k + 1 :])
            return Op(op.primitive, changed, op.attrs, op.results, (), op.loc)
    return None


def _broadcast_source(value: Value, cx: Rewriter) -> Value | None:
    inner = cx.defs.get(value)
    if inner is None or inner.primitive not in (BROADCAST_TO, RESHAPE):
        return None
    (x,) = inner.operands
    if inner.primitive is BROADCAST_TO:
        return x
    added = value.type.ndim - x.type.ndim
    return x if added > 0 and value.type.shape == (*(1,) * added, *x.type.shape) else None


@rule("mul", licence="finite")
def mul_zero(op: Op, cx: Rewriter) -> Result:
    """x * 0 -> 0."""
    found = _with_number(op, cx)
    return constant(op, 0) if found and found[1] == 0 else None


@rule("add", licence="finite")
def add_positive_zero(op: Op, cx: Rewriter) -> Result:
    """x + 0.0 -> x, whatever the sign of zero."""
    found = _with_number(op, cx)
    return cx.fitted(op, found[0]) if found and found[1] == 0 else None


@rule("sub", licence="finite")
def sub_self(op: Op, cx: Rewriter) -> Result:
    """x - x -> 0."""
    a, b = op.operands
    return constant(op, 0) if a is b else None


@rule("mul", "add", licence="reassoc")
def regroup(op: Op, cx: Rewriter) -> Result:
    """(x * c) * d -> x * (c * d), and the same for sums."""
    found = _with_number(op, cx)
    inner = cx.defined(found[0], op.name) if found else None
    below = _with_number(inner, cx) if inner else None
    if not found or not below or cx.number(below[0]) is not None:
        return None
    number = found[1] * below[1] if op.primitive is arith.mul else found[1] + below[1]
    return remade(op, op.name, (below[0], cx.const(number, op.result.type)))
