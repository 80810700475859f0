"""Reverse mode: the program of vector-Jacobian products.

The op list is the tape: the sweep reads it backwards, sending to each operand its contribution,
cotangent times partial summed over broadcast axes, or what the declared transpose or `vjp` says.
Contributions from inside a `select`'s branch are masked by its condition where a partial could be
inf or NaN on the other side (see `tapec.ad.demand`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapec.ad.activity import Activity, active_params
from tapec.ad.contributions import Cotangent, Cotangents
from tapec.ad.demand import Demand, Demands
from tapec.ad.flow import Flow
from tapec.ad.rules import hint_of, partial_of, scale, select, unbroadcast
from tapec.ad.zeros import ZERO, Derivative, Zero, materialise
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Func, Op, Value
from tapec.ir.rewrite import gc_paused
from tapec.ir.types import Type


def adjoint(func: Func, active: Sequence[bool]) -> Func:
    """The program (primals, cotangents of float results) -> (results, active inputs' cotangents).

    Inputs no result depends on get zeros. Raises DTypeError where an active input is not a float.
    """
    chosen = active_params(func, active)
    builder = Builder()
    builder.params = list(func.params)
    builder.ops = list(func.ops)
    seeds = [builder.param(v.type, hint_of(v, "ct")) for v in func.results if v.type.is_float]
    found = pull_back(builder, func, chosen, seeds)
    outs = [materialise(builder, ct, p.type) for p, ct in zip(chosen, found, strict=True)]
    return builder.func(f"{func.name}.adjoint", (*func.results, *outs))


@gc_paused()
def pull_back(
    builder: Builder, func: Func, sources: Sequence[Value], seeds: Sequence[Derivative]
) -> list[Derivative]:
    """Append the reverse sweep of `func`, whose ops the builder already holds.

    `seeds` are the cotangents of the float results in order; returns those of `sources`.
    """
    floats = [v for v in func.results if v.type.is_float]
    arrived = [(v, s) for v, s in zip(floats, seeds, strict=True) if not isinstance(s, Zero)]
    activity = Activity(func, sources, Flow())
    ops = activity.active_ops(func, [v for v, _ in arrived])
    sweep = _Sweep(builder, ops, activity, [*sources, *floats])
    for value, seed in arrived:
        sweep.cotangents.add(value, seed)
    for op in reversed(ops):
        sweep.visit(op)
    builder.loc = None
    taken: dict[Value, Derivative] = {}
    for p in dict.fromkeys(sources):
        ct = sweep.cotangents.take(p)
        taken[p] = ZERO if ct is None else ct.value
    return [taken[p] for p in sources]


class _Sweep:
    """The reverse sweep over one program."""

    def __init__(
        self, builder: Builder, ops: list[Op], activity: Activity, everywhere: list[Value]
    ) -> None:
        self.builder, self.activity = builder, activity
        self.cotangents = Cotangents(builder)
        self.demands = Demands(builder, ops, activity.varied, everywhere)

    def visit(self, op: Op) -> None:
        """Send the contributions of one op to its active operands."""
        self.builder.loc = op.loc
        ct = self.cotangents.take(op.results[0])
        if ct is None:
            return
        rule = _SPECIAL.get(op.name) or _KINDS.get(op.primitive.kind)
        if rule is None:
            raise NonDifferentiableError(f"{op.name} has no adjoint rule", where=op.loc)
        rule(self, op, ct)

    def send(self, operand: Value, value: Value, demand: Demand, tainted: bool) -> None:
        """A contribution in the result's shape, right where the op's result is demanded."""
        hint = hint_of(operand, "ct")
        if tainted and demand is not None and self.demands.of(operand) is not demand:
            if value.type.shape == operand.type.shape:
                self.cotangents.add_guarded(operand, value, demand)
                return
            value, tainted = self.mask(demand, value, hint), False
        value = unbroadcast(self.builder, value, operand.type.shape, hint)
        self.cotangents.add(operand, value, tainted)

    def send_whole(self, op: Op, k: int, found: Any, tainted: bool) -> None:
        """A declared rule's contribution, in the operand's shape; None is zero."""
        if not isinstance(found, Expr):
            return
        demand = self.demands.sent(op, k)
        self.send(op.operands[k], found.value, demand, tainted and demand is not None)

    def mask(self, demand: Value, value: Value, hint: str = "") -> Value:
        """The value where demanded, zero elsewhere."""
        zero = self.builder.const(0.0, Type(value.type.dtype))
        return select(self.builder, demand, value, zero, hint)

    def clean(self, op: Op, ct: Cotangent) -> Value:
        """The cotangent right everywhere, for rules that mix its elements."""
        demand = self.demands.of(op.results[0])
        if not ct.tainted or demand is None:
            return ct.value
        return self.mask(demand, ct.value, hint_of(op.results[0], "ct"))


def _elementwise(sweep: _Sweep, op: Op, ct: Cotangent) -> None:
    demand = sweep.demands.of(op.results[0])
    for k in sweep.activity.entries[op]:
        factor = partial_of(sweep.builder, op, k)
        if isinstance(factor, Value) or factor != 0.0:
            x = op.operands[k]
            value = scale(sweep.builder, ct.value, factor, hint_of(x, "ct"))
            sweep.send(x, value, demand, ct.tainted or isinstance(factor, Value))


def _select(sweep: _Sweep, op: Op, ct: Cotangent) -> None:
    for k in sweep.activity.entries[op]:
        x = op.operands[k]
        taken = sweep.demands.branch(op, k)
        if ct.tainted or sweep.demands.of(x) is taken:
            sweep.send(x, ct.value, taken, True)
            continue
        zero = sweep.builder.const(0.0, Type(x.type.dtype))
        pair = (ct.value, zero) if k == 1 else (zero, ct.value)
        value = select(sweep.builder, op.operands[0], *pair, hint_of(x, "ct"))
        sweep.send(x, value, None, False)


def _convert(sweep: _Sweep, op: Op, ct: Cotangent) -> None:
    (x,) = op.operands
    attrs, hint = {"dtype": x.type.dtype}, hint_of(x, "ct")
    value = sweep.builder.emit(op.primitive, (ct.value,), attrs, hint=hint).result
    sweep.send(x, value, sweep.demands.of(op.results[0]), ct.tainted)


def _index(sweep: _Sweep, op: Op, ct: Cotangent) -> None:
    sweep.cotangents.add_part(op.operands[0], sweep.clean(op, ct), op.attrs["at"])


def _linear(sweep: _Sweep, op: Op, ct: Cotangent) -> None:
    rules = op.primitive.transpose
    value = Expr(sweep.builder, sweep.clean(op, ct))
    operands = tuple(Expr(sweep.builder, v) for v in op.operands)
    for k in sweep.activity.entries[op]:
        rule = rules[0] if len(rules) == 1 else rules[k]
        # Products with other operands may meet their NaN; mere movement may not.
        if rule is not None:
            found = rule(k, value, *operands, **op.attrs)
            sweep.send_whole(op, k, found, tainted=op.name == "dot")


def _structured(sweep: _Sweep, op: Op, ct: Cotangent) -> None:
    if op.primitive.vjp is None:
        raise NonDifferentiableError(f"{op.name} has no adjoint rule", where=op.loc)
    value = Expr(sweep.builder, sweep.clean(op, ct))
    operands = tuple(Expr(sweep.builder, v) for v in op.operands)
    found = op.primitive.vjp(value, Expr(sweep.builder, op.results[0]), operands, **op.attrs)
    for k in sweep.activity.entries[op]:
        sweep.send_whole(op, k, found[k], tainted=True)


_Rule = Callable[[_Sweep, Op, Cotangent], None]
_KINDS: dict[str, _Rule] = {
    "elementwise": _elementwise,
    "linear": _linear,
    "structured": _structured,
}
_SPECIAL: dict[str, _Rule] = {"select": _select, "convert": _convert, "index": _index}
