"""Taylor coefficients of the solution of an ordinary differential equation, in one pass.

Coefficient k + 1 of the state is coefficient k of its derivative over k + 1 (Moore, Methods and
Applications of Interval Analysis, 1979, section 3.4), so that all ops make their coefficients of
one order before the next: the cost is that of one expansion, quadratic in the degree.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.activity import active_params
from tapec.ad.batch_tape import TapeFamilies
from tapec.ad.taylor_rules import define, located
from tapec.ad.taylor_scope import Expansion, TaylorScope, expanded
from tapec.ad.terms import Series
from tapec.errors import TapecError, UnsupportedOperation
from tapec.ir.build import Expr
from tapec.ir.core import Func, Op, Value
from tapec.ir.pauses import gc_paused
from tapec.ir.series import Term, scaled
from tapec.ir.verify import verified


@verified
@gc_paused()
def solution(func: Func, time: int | None, state: Sequence[int], degree: int) -> Func:
    """The program of the coefficients 0 to `degree` of the state, each along a leading axis.

    The results of `func` are the derivatives of its inputs `state`; the input `time` is t. Raises
    UnsupportedOperation where some value that varies comes from a loop, a branch or a call: there
    all coefficients are made together.
    """
    moving = [*state, *([] if time is None else [time])]
    active_params(func, [k in moving for k in range(len(func.params))])
    scope = TaylorScope(degree + 1, TapeFamilies(func), _never)
    scope.expansion = Expansion(define)
    scope.builder.params.extend(func.params)
    scope.expanded |= expanded(func)
    for k, result in zip(state, func.results, strict=True):
        scope.series[func.params[k]] = _state(scope, func.params[k], result)
    if time is not None:
        scope.series[func.params[time]] = _clock(scope, func.params[time])
    ops = [op for op in func.ops if _define(scope, op)]
    for k in range(1, degree):
        for op in ops:
            scope.builder.loc = op.loc
            for y in op.results:
                if y in scope.series:
                    scope.series[y][k]
    return _finished(scope, func, state)


def _finished(scope: TaylorScope, func: Func, state: Sequence[int]) -> Func:
    scope.builder.loc = None
    params = [func.params[k] for k in state]
    for p in params:
        scope.stack(p)
    return scope.builder.func(f"{func.name}.solution", [scope.lifted[p] for p in params])


def _state(scope: TaylorScope, value: Value, rate: Value) -> Series:
    def step(k: int) -> Term:
        return scaled(scope.of(rate)[k - 1], 1.0 / k)

    return Series([Expr(scope.builder, value)], step)


def _clock(scope: TaylorScope, value: Value) -> Series:
    def step(k: int) -> Term:
        return Expr(scope.builder, scope.builder.const(1.0, value.type)) if k == 1 else None

    return Series([Expr(scope.builder, value)], step)


def _never(scope: object, op: Op) -> None:
    raise AssertionError("there are no regions to enter")


def _define(scope: TaylorScope, op: Op) -> bool:
    """Whether results of an op have coefficients; otherwise it is appended as it is."""
    scope.builder.loc = op.loc
    if not any(map(scope.varies, op.operands)) or scope.expanded.isdisjoint(op.results):
        firsts = tuple(map(scope.first, op.operands))
        scope.append(Op(op.primitive, firsts, op.attrs, op.results, op.regions, op.loc))
        return False
    if op.regions or op.primitive.kind == "region":
        raise UnsupportedOperation(f"{op.name} makes all coefficients together", where=op.loc)
    try:
        define(scope, op)
    except TapecError as error:
        raise located(error, op) from None
    return True
