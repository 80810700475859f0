"""Forward mode: the program of Jacobian-vector products.

Every op is followed by its tangent: the sum of partial times tangent for an elementwise op, the
declared `jvp` otherwise. A `select` picks tangents, so the branch not taken never reaches the
result, whatever it computes. Ops with regions make primal and tangent in one op
(see `tapec.ad.tangent_regions`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapec.ad.activity import Activity, active_params, check_differentiable
from tapec.ad.extremes import is_extreme, of_taken
from tapec.ad.finite import Finiteness
from tapec.ad.rules import add, broadcast, hint_of, partial_of, results_of, scale, select, strongly
from tapec.ad.shown import Shown
from tapec.ad.tangent_regions import Forward, Tangents, region_tangent
from tapec.ad.zeros import ZERO, Derivative, Zero, materialise
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.pauses import gc_paused
from tapec.ir.verify import verified


@verified
def tangent(func: Func, active: Sequence[bool]) -> Func:
    """The program (primals, tangents of the active inputs) -> (results, their tangents).

    Only float results have tangents; those that do not depend on an active input are zeros.
    Raises DTypeError where an active input is not a float.
    """
    builder = Builder()
    builder.params = list(func.params)
    independents = active_params(func, active)
    tangents = {p: builder.param(p.type, hint_of(p, "t")) for p in independents}
    results = push_forward(builder, func, tangents)
    floats = [v for v in func.results if v.type.is_float]
    outs = [materialise(builder, t, v.type) for v, t in zip(floats, results, strict=True)]
    return builder.func(f"{func.name}.tangent", (*func.results, *outs))


@gc_paused()
def push_forward(builder: Builder, func: Func, tangents: Tangents) -> list[Derivative]:
    """Append the primal ops of `func` and their tangents; the tangents of the float results.

    `tangents` maps parameters to their tangents and gains those of the active values. The values
    of `func` itself serve as primals: `builder.params` must hold its parameters.
    """
    targets = [v for v in func.results if v.type.is_float]
    forward = Forward(_push_block)
    if _is_number(list(tangents)) and _is_number(targets):
        forward.shown = Shown(func, targets)
    _push_block(builder, func, tangents, targets, forward)
    return [tangents.get(v, ZERO) for v in targets]


def _is_number(values: Sequence[Value]) -> bool:
    return len(values) == 1 and values[0].type.size == 1


def _push_block(
    builder: Builder,
    body: Func | Block,
    tangents: Tangents,
    targets: Sequence[Value],
    forward: Forward,
) -> None:
    """Append a body's ops and the tangents that the targets need; `tangents` gains them."""
    finite = Finiteness(body.ops, forward.shown)
    derived = set(Activity(body, tangents, forward.flow).active_ops(body, targets))
    for op in body.ops:
        if op not in derived:
            builder.ops.append(op)
            continue
        builder.loc = op.loc
        if op.primitive.kind == "region":
            region_tangent(builder, op, tangents, forward)
            continue
        builder.ops.append(op)
        found = op_tangents(builder, op, tangents, finite)
        pairs = zip(op.results, found, strict=True)
        tangents.update((y, t) for y, t in pairs if not isinstance(t, Zero))
    builder.loc = None


def op_tangents(
    builder: Builder, op: Op, tangents: Tangents, finite: Finiteness
) -> Sequence[Derivative]:
    """The tangents of one op's results."""
    check_differentiable(op)
    if all(v not in tangents for v in op.operands):
        return (ZERO,) * len(op.results)
    if op.primitive.kind == "structured":
        return _structured(builder, op, tangents, finite)
    if op.primitive.kind == "elementwise" and op.name not in _SPECIAL:
        return (_elementwise(builder, op, tangents, finite),)
    if op.name in _SPECIAL:
        return (_SPECIAL[op.name](builder, op, tangents),)
    return (_linear(builder, op, tangents, finite),)


def _elementwise(builder: Builder, op: Op, tangents: Tangents, finite: Finiteness) -> Derivative:
    y = op.results[0]
    hint = hint_of(y, "t")
    total: Value | None = None
    for k, x in enumerate(op.operands):
        t = tangents.get(x)
        if t is None or op.primitive.partials[k] is None:
            continue
        if is_extreme(op):
            total = add(builder, total, of_taken(builder, op, k, t, hint), hint)
            continue
        factor = partial_of(builder, op, k)
        if isinstance(factor, Value) and not finite.partial(op, k):
            made = strongly(builder, op, k, t, factor, hint, finite.vanishes(op))
            total = add(builder, total, made, hint)
        elif factor != 0.0:
            total = add(builder, total, scale(builder, t, factor, hint), hint)
    return ZERO if total is None else broadcast(builder, total, y.type.shape, hint)


def _linear(builder: Builder, op: Op, tangents: Tangents, finite: Finiteness) -> Derivative:
    if len(op.operands) == 1:
        t, hint = tangents[op.operands[0]], hint_of(op.result, "t")
        return builder.emit(op.primitive, (t,), op.attrs, hint=hint).result
    (found,) = _structured(builder, op, tangents, finite)
    return found


def _structured(
    builder: Builder, op: Op, tangents: Tangents, finite: Finiteness
) -> Sequence[Derivative]:
    active = [k for k, v in enumerate(op.operands) if v in tangents]
    rule = finite.rule(op, "jvp", active)
    if rule is None:
        raise NonDifferentiableError(f"{op.name} has no tangent rule", where=op.loc)
    found: Any = rule(
        tuple(Expr(builder, v) for v in op.operands),
        tuple(Expr(builder, tangents[v]) if v in tangents else None for v in op.operands),
        results_of(builder, op),
        **op.attrs,
    )
    listed = found if isinstance(found, tuple) else (found,) * len(op.results)
    return [t.value if isinstance(t, Expr) else ZERO for t in listed]


def _select(builder: Builder, op: Op, tangents: Tangents) -> Derivative:
    condition, *branches = op.operands
    y = op.results[0]
    a, b = (tangents.get(v) or builder.const(0.0, y.type.with_shape(())) for v in branches)
    hint = hint_of(y, "t")
    return broadcast(builder, select(builder, condition, a, b, hint), y.type.shape, hint)


def _convert(builder: Builder, op: Op, tangents: Tangents) -> Derivative:
    y, t = op.results[0], tangents[op.operands[0]]
    return builder.emit(op.primitive, (t,), op.attrs, hint=hint_of(y, "t")).result


_Rule = Callable[[Builder, Op, Tangents], Derivative]
_SPECIAL: dict[str, _Rule] = {"select": _select, "convert": _convert}
