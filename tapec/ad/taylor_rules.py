"""The coefficients of an op's results, by the recurrence that is declared with it.

Formulas are followed as programs are, and their ops are defined when a coefficient is first asked
for. So the declared partials of sine and cosine give the usual pair of recurrences, and a chain
without an end, as that of Bessel functions of rising order, goes as far as the degree does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tapec.ad.finite import STEEP
from tapec.ad.rules import broadcast
from tapec.ad.taylor_rates import rate
from tapec.ad.taylor_scope import Late, Step, TaylorScope, exprs, key_of
from tapec.ad.terms import Series
from tapec.errors import NonDifferentiableError, TapecError, UnsupportedOperation
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.logic import logical_and, select
from tapec.ir.ops.shape import zeros
from tapec.ir.primitive import Attrs, Partial
from tapec.ir.series import (
    Formula,
    Rate,
    Recurrence,
    Slopes,
    Term,
    integrated,
    plus,
    products,
    scaled,
)


def define(scope: TaylorScope, op: Op) -> None:
    """Make the results of an op known by their coefficients: the first now, others when asked."""
    if op.primitive.kind == "region":
        raise UnsupportedOperation(
            f"{op.name} in a derivative rule has no Taylor coefficients", where=op.loc
        )
    firsts = tuple(scope.first(v) for v in op.operands)
    emitted = scope.builder.emit(op.primitive, firsts, op.attrs, hint=op.results[0].hint)
    if not any(map(scope.varies, op.operands)):
        scope.append(scope.builder.ops.pop())
        scope.stands.update(zip(op.results, emitted.results, strict=True))
        scope.known.setdefault(key_of(op), emitted.results)
        return
    scope.known.setdefault(key_of(op), op.results)
    steps = _steps(scope, op)
    for y, first, step in zip(op.results, emitted.results, steps, strict=True):
        if y.type.is_float:
            scope.series[y] = Series([Expr(scope.builder, first)], step)
        else:
            scope.stands[y] = first


def expand(scope: TaylorScope, op: Op) -> None:
    """Define an op of the program: at rest, a root of zero has no infinite coefficients."""
    define(scope, op)
    if op.primitive in STEEP:
        y, rest = op.result, Late(lambda: _resting(scope, op))
        moving = scope.series[y]

        def step(k: int) -> Term:
            term = inner(k)
            return None if term is None else select(rest(), 0.0, term)

        inner = moving.step
        scope.series[y] = Series([moving[0]], step)


def _resting(scope: TaylorScope, op: Op) -> Expr:
    """Where no operand moves: all their further coefficients are zero."""
    terms = (scope.of(v)[k] for v in op.operands for k in range(1, scope.size))
    still = [term.equals(0.0) for term in terms if term is not None]
    found: Expr = functools.reduce(logical_and, still)
    return found


def _steps(scope: TaylorScope, op: Op) -> Sequence[Step]:
    """One for each result."""
    primitive = op.primitive
    if primitive.taylor is not None:
        return _RULES[type(primitive.taylor)](scope, op, primitive.taylor)
    if primitive.kind == "linear":
        return (_product if primitive.separate else _coefficientwise)(scope, op)
    if primitive.kind == "elementwise":
        return _slopes(scope, op, Slopes(primitive.partials))
    if primitive.jvp is None:
        raise NonDifferentiableError(f"{op.name} has no Taylor coefficients", where=op.loc)
    return rate(scope, op, Rate(primitive.jvp))


# --- declared recurrences ------------------------------------------------------------------------


def _recurrence(scope: TaylorScope, op: Op, taylor: Recurrence) -> Sequence[Step]:
    xs = [scope.of(v) for v in op.operands]
    y = op.results[0]

    def step(k: int) -> Term:
        return _shaped(scope, taylor.step(k, scope.series[y], *xs, **op.attrs), y)

    return (step,)


def _shaped(scope: TaylorScope, term: Term, like: Value) -> Term:
    """A term of an elementwise op in the shape of its result."""
    if term is None:
        return None
    return Expr(scope.builder, broadcast(scope.builder, term.value, like.type.shape, like.hint))


def _formula(scope: TaylorScope, op: Op, taylor: Formula) -> Sequence[Step]:
    def build() -> list[Series]:
        found = scope.traced(functools.partial(_applied, taylor.expression, op.operands, op.attrs))
        return [scope.of(e.value) for e in (found if isinstance(found, tuple) else (found,))]

    late = Late(build)

    def step(j: int, k: int) -> Term:
        return _shaped(scope, late()[j][k], op.results[j])

    return [functools.partial(step, j) for j in range(len(op.results))]


def _slopes(scope: TaylorScope, op: Op, taylor: Slopes) -> Sequence[Step]:
    """dy/dt is the sum of partials times dx/dt."""
    y = op.results[0]

    def build() -> list[tuple[Series, float | Series]]:
        besides = [Value(y.type) for _ in taylor.beside]
        for (value, partials), beside in zip(taylor.beside, besides, strict=True):
            _beside(scope, op, value, partials, beside, besides)
        return _partials(scope, op, taylor.partials, besides)

    pairs = Late(build)
    return (lambda k: _shaped(scope, _integral(pairs(), k), y),)


def _beside(
    scope: TaylorScope, op: Op, value: Callable[..., Any], partials: Sequence[Partial],
    beside: Value, besides: Sequence[Value],
) -> None:  # fmt: skip
    """Define another function of the operands, from its value at t = 0 and its partials."""
    firsts = [scope.first(v) for v in (*op.results, *op.operands)]
    start = value(*exprs(scope.builder, firsts), **op.attrs)
    pairs = Late(lambda: _partials(scope, op, partials, besides))
    scope.series[beside] = Series([start], lambda k: _integral(pairs(), k))


def _partials(
    scope: TaylorScope, op: Op, partials: Sequence[Partial | None], besides: Sequence[Value]
) -> list[tuple[Series, float | Series]]:
    """The operands that vary, and the partials by them."""
    values = (*op.results, *op.operands, *besides)
    found = []
    for x, partial in zip(op.operands, partials, strict=True):
        if partial is not None and scope.varies(x):
            made = scope.traced(functools.partial(_applied, partial, values, op.attrs))
            slope = scope.of(made.value) if isinstance(made, Expr) else float(made)
            found.append((scope.of(x), slope))
    return found


def _applied(
    formula: Callable[..., Any], values: Sequence[Value], attrs: Attrs, scratch: Builder
) -> Any:
    return formula(*exprs(scratch, values), **attrs)


def _integral(pairs: Sequence[tuple[Series, float | Series]], k: int) -> Term:
    total: Term = None
    for x, slope in pairs:
        if isinstance(slope, Series):
            total = plus(total, integrated(slope, x, k))
        elif slope:
            total = plus(total, scaled(x[k], slope))
    return total


_RULES: dict[type, Callable[[TaylorScope, Op, Any], Sequence[Step]]] = {
    Recurrence: _recurrence,
    Slopes: _slopes,
    Formula: _formula,
    Rate: rate,
}

# --- linear ops ----------------------------------------------------------------------------------


def _coefficientwise(scope: TaylorScope, op: Op) -> Sequence[Step]:
    """Linear in all operands together; integers among them are places."""
    xs = [scope.of(v) for v in op.operands]
    moving = [v.type.is_float for v in op.operands]

    def step(k: int) -> Term:
        terms = [x[k] if f else x[0] for x, f in zip(xs, moving, strict=True)]
        if all(t is None for t, f in zip(terms, moving, strict=True) if f):
            return None
        given = [t or zeros(Expr(scope.builder, x.first)) for t, x in zip(terms, xs, strict=True)]
        result: Expr = op.primitive(*given, **op.attrs)
        return result

    return (step,)


def _product(scope: TaylorScope, op: Op) -> Sequence[Step]:
    """Linear in each of two operands."""
    a, b = (scope.of(v) for v in op.operands)

    def multiply(x: Expr, y: Expr) -> Expr:
        result: Expr = op.primitive(x, y, **op.attrs)
        return result

    return (lambda k: products(a.__getitem__, b.__getitem__, k, 0, k, multiply),)


def located(error: TapecError, op: Op) -> TapecError:
    """The error with the line of the user's."""
    if error.where is not None or op.loc is None:
        return error
    return type(error)(error.message, where=op.loc, hint=error.hint)
