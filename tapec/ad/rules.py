"""What tangent and adjoint share: applying partials and multiplying by them at no needless cost."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.arith import FUSED
from tapec.ir.ops.strong import strong_mul
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import FLOATS, Type


def hint_of(value: Value, suffix: str) -> str:
    """The name of a derived value: `x.t`, `x.ct`; nameless where the primal is."""
    return f"{value.hint}.{suffix}" if value.hint else ""


def partial_of(builder: Builder, op: Op, k: int) -> float | Value:
    """The derivative of an elementwise op by operand k; a float where it is constant."""
    rule = op.primitive.partials[k]
    if rule is None:
        raise NonDifferentiableError(f"{op.name} has no derivative by operand {k}", where=op.loc)
    if isinstance(rule, (int, float)):
        return float(rule)
    y, xs = Expr(builder, op.results[0]), [Expr(builder, v) for v in op.operands]
    try:
        found: Any = rule(y, *xs, **op.attrs)
    except NonDifferentiableError as error:
        raise NonDifferentiableError(error.message, where=op.loc, hint=error.hint) from None
    return found.value if isinstance(found, Expr) else float(found)


def results_of(builder: Builder, op: Op) -> Expr | tuple[Expr, ...]:
    """What a declared rule gets as the result: a tuple, where there are several."""
    found = tuple(Expr(builder, v) for v in op.results)
    return found[0] if op.primitive.results == 1 else found


def strongly(
    builder: Builder,
    op: Op,
    k: int,
    derivative: Value,
    factor: Value,
    hint: str = "",
    vanishes: bool = False,
) -> Value:
    """A derivative times a partial that may be infinite: zero where the derivative is zero.

    Of the partial in such a product, the partial is a derivative itself: zero where that is, too,
    as where a partial `vanishes` that outdoes the derivative.
    """
    either = op.primitive is strong_mul and (k == 1 or bool(op.attrs.get("either")))
    either = either or vanishes
    attrs = {"either": True} if either else {}
    return builder.emit(strong_mul, (derivative, factor), attrs, hint=hint).result


def scale(builder: Builder, value: Value, factor: float | Value, hint: str = "") -> Value:
    """`value * factor`; factors 1.0 and -1.0 cost nothing and a negation."""
    if isinstance(factor, Value):
        return builder.emit(PRIMITIVES["mul"], (value, factor), hint=hint).result
    if factor == 1.0:
        return value
    if factor == -1.0:
        return builder.emit(PRIMITIVES["neg"], (value,), hint=hint).result
    constant = builder.const(factor, Type(value.type.dtype))
    return builder.emit(PRIMITIVES["mul"], (value, constant), hint=hint).result


def add(builder: Builder, a: Value | None, b: Value, hint: str = "") -> Value:
    """`a + b` of derivatives, where a may still be nothing; a product in it may be fused.

    What NumPy rounds twice are values, and no derivative is one.
    """
    if a is None:
        return b
    attrs = {FUSED: True} if a.type.dtype in FLOATS else {}
    return builder.emit(PRIMITIVES["add"], (a, b), attrs, hint=hint).result


def reshape(builder: Builder, value: Value, shape: tuple[int, ...], hint: str = "") -> Value:
    """The value in another shape; itself where it has it."""
    if value.type.shape == shape:
        return value
    return builder.emit(PRIMITIVES["reshape"], (value,), {"shape": shape}, hint=hint).result


def broadcast(builder: Builder, value: Value, shape: tuple[int, ...], hint: str = "") -> Value:
    """The value broadcast to a shape; itself where it has it."""
    if value.type.shape == shape:
        return value
    return builder.emit(PRIMITIVES["broadcast_to"], (value,), {"shape": shape}, hint=hint).result


def broadcast_axes(shape: tuple[int, ...], full: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of `full` along which an array of `shape` is repeated."""
    lead = len(full) - len(shape)
    stretched = (lead + i for i, n in enumerate(shape) if n == 1 and full[lead + i] != 1)
    return (*range(lead), *stretched)


def unbroadcast(builder: Builder, value: Value, shape: tuple[int, ...], hint: str = "") -> Value:
    """Transpose of broadcasting: sum over the repeated axes, back in `shape`."""
    if value.type.shape == shape:
        return value
    axes = broadcast_axes(shape, value.type.shape)
    if axes:
        value = builder.emit(PRIMITIVES["reduce_sum"], (value,), {"axes": axes}, hint=hint).result
    return reshape(builder, value, shape, hint)


def rule_operands(op: Op) -> tuple[Value, ...]:
    """What a rule of the user's is given before tangents or cotangents."""
    return (*op.operands, *op.results) if op.attrs.get("given_results") else op.operands


def refuse_captured(op: Op, active: Container[Value]) -> None:
    """Raise NonDifferentiableError where a derivative would pass by a rule of the user's."""
    count = op.attrs.get("captured", 0)
    if any(v in active for v in op.operands[len(op.operands) - count :]):
        raise NonDifferentiableError(
            "a function with a derivative rule uses a variable from around it that is "
            "differentiated: its rule cannot know",
            where=op.loc,
            hint="pass it as an argument, or use tapec.stop_gradient on it",
        )


def select(builder: Builder, condition: Value, a: Value, b: Value, hint: str = "") -> Value:
    """`a where condition else b`."""
    return builder.emit(PRIMITIVES["select"], (condition, a, b), hint=hint).result
