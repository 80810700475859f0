"""Coefficients of values whose derivatives by t are known as formulas: rules like `jvp`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from tapec.ad.rules import refuse_captured, results_of, rule_operands
from tapec.ad.taylor_scope import Late, Step, TaylorScope, exprs
from tapec.ad.terms import Series, derivative
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.shape import splat
from tapec.ir.rewrite import replay
from tapec.ir.series import Rate, Term, scaled


def rate(scope: TaylorScope, op: Op, taylor: Rate) -> Sequence[Step]:
    """Steps of the results of an op, by its rule for dy/dt."""

    def formula(scratch: Builder) -> Any:
        tangents = tuple(
            Expr(scratch, rate_of(scope, v)) if scope.varies(v) else None for v in op.operands
        )
        operands = exprs(scratch, op.operands)
        return taylor.rule(operands, tangents, results_of(scratch, op), **op.attrs)

    def build() -> Sequence[Series | None]:
        found = scope.traced(formula)
        parts = found if isinstance(found, tuple) else (found,) * len(op.results)
        return [None if e is None else scope.of(e.value) for e in parts]

    return integrals(Late(build), len(op.results))


def rate_of(scope: TaylorScope, value: Value) -> Value:
    """A value that stands for the derivative of one by t."""
    found, series = Value(value.type), scope.of(value)
    slopes = derivative(series)
    if slopes[0] is None:  # others may not be, and rules ask for the value of every operand
        first = Expr(scope.builder, series.first)
        slopes = Series([splat(first, 0, first.shape)], slopes.step)
    scope.series[found] = slopes
    return found


def integrals(rates: Late, count: int) -> Sequence[Step]:
    """Steps of values of which the derivatives by t are known, None for those that are zero."""

    def step(j: int, k: int) -> Term:
        known = rates()[j]
        return None if known is None else scaled(known[k - 1], 1.0 / k)

    return [functools.partial(step, j) for j in range(count)]


# --- rules of the user's -------------------------------------------------------------------------


def custom(scope: TaylorScope, op: Op) -> None:
    """A function with a rule for tangents: it is one for the derivative by t too."""
    rules = dict(zip(op.attrs["rules"], op.regions[1:], strict=True))
    if "jvp" not in rules:
        raise NonDifferentiableError(
            "this function has a rule for reverse mode only: it has no Taylor coefficients",
            where=op.loc,
            hint="give jvp= to custom_rule",
        )
    refuse_captured(op, scope.lifted)
    firsts = [scope.first(v) for v in op.operands]
    emitted = scope.builder.emit(op.primitive, firsts, op.attrs, op.regions)
    moving = [v for v in op.operands if v.type.is_float]

    def formula(scratch: Builder) -> list[Value]:
        tangents = [
            rate_of(scope, v) if scope.varies(v) else scratch.const(0.0, v.type) for v in moving
        ]
        return replay(rules["jvp"], scratch, [*rule_operands(op), *tangents])

    late = Late(lambda: [scope.of(v) for v in scope.traced(formula)])
    floats = [k for k, v in enumerate(op.results) if v.type.is_float]
    steps = iter(integrals(late, len(floats)))
    for k, (y, first) in enumerate(zip(op.results, emitted.results, strict=True)):
        if k in floats:
            scope.series[y] = Series([Expr(scope.builder, first)], next(steps))
            scope.stack(y)
        else:
            scope.alias[y] = first
