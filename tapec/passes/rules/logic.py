"""Rules of choices and conversions."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.ops import logic
from tapec.ir.types import broadcast_shapes
from tapec.passes.rewriter import Rewriter, remade, rule

Result = Op | Value | None


@rule("select")
def select_known(op: Op, cx: Rewriter) -> Result:
    """A constant condition or equal arms leave one arm."""
    condition, a, b = op.operands
    if a is b:
        return cx.fitted(op, a)
    number = cx.number(condition)
    return None if number is None else cx.fitted(op, a if number else b)


@rule("select")
def select_truth(op: Op, cx: Rewriter) -> Result:
    """select(c, true, b) -> c or b; select(c, a, false) -> c and a; true or false alone -> c."""
    condition, a, b = op.operands
    if op.result.type.dtype != "bool":
        return None
    yes, no = cx.number(a), cx.number(b)
    if yes is not None and no is not None:
        truth = condition if yes else cx.emit("logical_not", (condition,))
        return None if bool(yes) == bool(no) else cx.fitted(op, truth)
    if yes and _fits(op, condition, b):
        return remade(op, "logical_or", (condition, b))
    if no is not None and not no and _fits(op, condition, a):
        return remade(op, "logical_and", (condition, a))
    return None


@rule("select")
def select_not(op: Op, cx: Rewriter) -> Result:
    """select(not c, a, b) -> select(c, b, a)."""
    condition, a, b = op.operands
    inner = cx.defined(condition, "logical_not")
    return remade(op, "select", (*inner.operands, b, a)) if inner else None


@rule("select")
def select_of_select(op: Op, cx: Rewriter) -> Result:
    """select(c, select(c, a, b), d) -> select(c, a, d), and the same on the other side."""
    condition, a, b = op.operands
    if (inner := cx.defined(a, "select")) and inner.operands[0] is condition:
        return _arm(op, condition, inner.operands[1], b)
    if (inner := cx.defined(b, "select")) and inner.operands[0] is condition:
        return _arm(op, condition, a, inner.operands[2])
    return None


def _arm(op: Op, condition: Value, a: Value, b: Value) -> Result:
    """The arm that is left, unless the result has its shape from the arm that is dropped."""
    return remade(op, "select", (condition, a, b)) if _fits(op, condition, a, b) else None


def _fits(op: Op, *operands: Value) -> bool:
    """Whether these alone have the result's shape."""
    return broadcast_shapes(*(v.type.shape for v in operands)) == op.result.type.shape


@rule("div")
def quotient_of_truth(op: Op, cx: Rewriter) -> Result:
    """float(c) / y -> select(c, 1 / y, 0 / y), where y is repeated: few quotients, many choices."""
    truth, y = op.operands
    inner = cx.defined(truth, "convert")
    if inner is None or inner.operands[0].type.dtype != "bool" or not _repeated(op, y):
        return None
    arms = [cx.emit("div", (cx.const(k, y.type), y)) for k in (1.0, 0.0)]
    return remade(op, "select", (*inner.operands, *arms))


@rule("mul")
def product_of_choice(op: Op, cx: Rewriter) -> Result:
    """x * select(c, a, b) -> select(c, x * a, x * b), where x, a and b are repeated."""
    for x, choice in (op.operands, op.operands[::-1]):
        inner = cx.defined(choice, "select")
        if inner and all(_repeated(op, v) for v in (x, *inner.operands[1:])):
            condition, a, b = inner.operands
            arms = [cx.emit("mul", (x, v)) for v in (a, b)]
            return remade(op, "select", (condition, *arms)) if _fits(op, condition, *arms) else None
    return None


def _repeated(op: Op, operand: Value) -> bool:
    """Whether an operand has far fewer elements than the result."""
    return operand.type.is_float and 4 * operand.type.size <= op.result.type.size


@rule("minimum", "maximum", "fmin", "fmax", "logical_and", "logical_or")
def idempotent(op: Op, cx: Rewriter) -> Result:
    """f(x, x) -> x."""
    a, b = op.operands
    return a if a is b else None


@rule("logical_not")
def double_not(op: Op, cx: Rewriter) -> Result:
    """not not c -> c."""
    inner = cx.defined(op.operands[0], "logical_not")
    return inner.operands[0] if inner else None


@rule("logical_and", "logical_or")
def known_side(op: Op, cx: Rewriter) -> Result:
    """c and True -> c; c or False -> c."""
    neutral = op.primitive is logic.logical_and
    a, b = op.operands
    for x, c in ((a, b), (b, a)):
        number = cx.number(c)
        if number is not None and bool(number) == neutral and x.type.dtype == "bool":
            return cx.fitted(op, x)
    return None


@rule("convert")
def same_dtype(op: Op, cx: Rewriter) -> Result:
    """A conversion to the dtype it has."""
    (x,) = op.operands
    return x if x.type == op.result.type else None
