"""Calls of SciPy's solvers: run as they are by compiled code, with derivative rules in NumPy.

A rule is traced when a derivative is asked for, no earlier: rules may call the solver again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.derive.derived import Pullback
from tapec.derive.mapped import Vmap
from tapec.ir import Func
from tapec.ir.build import Expr
from tapec.ir.ops import opaque
from tapec.ir.ops.opaque import named
from tapec.ir.rewrite import replay
from tapec.pipeline import clean
from tapec.trace import Param, Tracer, trace
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.operands import any_symbolic, as_tracer, need_session
from tapec.trace.arrays.tracer import wrap

Array = np.ndarray[Any, Any]
# A flat array of floats of the operands.
Run = Callable[..., Array]
# The tangent of the result, from operands, result and tangents, None where one is zero.
Forward = Callable[[Sequence[Any], Any, Sequence[Any]], Any]
# The cotangents of the operands that are floats, in order, from operands, result and cotangent.
Backward = Callable[[Sequence[Any], Any, Any], Sequence[Any]]


def called(
    run: Run,
    operands: Sequence[Any],
    count: int,
    hint: str,
    forward: Forward,
    backward: Backward | None = None,
) -> Tracer:
    """The `count` numbers that `run` makes of the operands whenever the program gets there."""
    session = need_session()
    values = [as_tracer(x)._value(session) for x in operands]
    name = named(lambda given: run(*given), hint, _Rules(forward, backward or _transposed(forward)))
    return wrap(session, session.emit("opaque", *values, function=name, count=count))


def _transposed(forward: Forward) -> Backward:
    """The cotangents that the linear map from tangents to the tangent of the result implies."""

    def backward(operands: Sequence[Any], result: Any, ct: Any) -> Sequence[Any]:
        floats = [k for k, x in enumerate(operands) if x.dtype.kind == "f"]

        def along(*moved: Any) -> Any:
            tangents: list[Any] = [None] * len(operands)
            for k, tangent in zip(floats, moved, strict=True):
                tangents[k] = tangent
            return forward(operands, result, tangents)

        zeros = [np.zeros(operands[k].shape) for k in floats]
        found: Sequence[Any] = Pullback(along)(zeros, ct)
        return found

    return backward


def indices(run: Run, operands: Sequence[Any], count: int, hint: str) -> Any:
    """Integers that `run` makes of flat operands when the program runs, and that have no slopes."""
    if not any_symbolic(operands):
        return concrete(np.asarray(run(*(np.ravel(a._array) for a in operands))).astype(int))
    flat = [a.reshape(-1) for a in operands]
    found = called(
        run, flat, count, hint,
        lambda given, result, tangents: 0.0 * result,
        lambda given, result, ct: [np.zeros(a.shape) for a in given],
    )  # fmt: skip
    return np.rint(found).astype(int)


class _Rules:
    """The rules of one call as programs."""

    def __init__(self, forward: Forward, backward: Backward) -> None:
        self._forward, self._backward = forward, backward

    def jvp(
        self, operands: Sequence[Expr], tangents: Sequence[Expr | None], result: Expr, lead: int
    ) -> Expr | None:
        """The tangent of the result."""
        count = len(operands)
        moving = [k for k, t in enumerate(tangents) if t is not None]

        def rule(*given: Any) -> Any:
            placed: list[Any] = [None] * count
            for k, tangent in zip(moving, given[count + 1 :], strict=True):
                placed[k] = tangent
            return (self._forward(given[:count], given[count], placed),)

        seeds = [t for t in tangents if t is not None]
        return _applied(rule, [*operands, result, *seeds], lead)[0]

    def vjp(
        self, ct: Expr, operands: Sequence[Expr], result: Expr, lead: int
    ) -> Sequence[Expr | None]:
        """The cotangents of the operands."""
        count = len(operands)

        def rule(*given: Any) -> Any:
            return tuple(self._backward(given[:count], given[count], given[count + 1]))

        found = iter(_applied(rule, [*operands, result, ct], lead))
        return [next(found) if x.type.is_float else None for x in operands]


def _applied(rule: Callable[..., Any], given: Sequence[Expr], lead: int) -> list[Expr]:
    """The program of a rule, for each of the lanes, appended where the operands are."""
    for _ in range(lead):
        rule = Vmap(rule, 0, 0)
    func = _traced(rule, [Param(x.type) for x in given])
    builder = given[0].builder
    return [Expr(builder, v) for v in replay(func, builder, [x.value for x in given])]


def _traced(rule: Callable[..., Any], params: Sequence[Param]) -> Func:
    found = trace(rule, lambda tracers: (tuple(tracers), {}), params, name="rule")
    return clean(found.func.with_results(found.func.results))


__all__ = ["Backward", "Forward", "Run", "called", "opaque"]
