"""What the operands of each op get of the cotangent of its result.

Cotangent times partial, summed over broadcast axes, or what the declared transpose or `vjp` says.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.contributions import Cotangent
from tapec.ad.extremes import is_extreme, of_taken
from tapec.ad.rules import hint_of, partial_of, scale, select, strongly
from tapec.ad.sweep import PAST, RULES, TAPE_RULES, RegionPullback, Sweep
from tapec.ir.build import Expr
from tapec.ir.core import Op, Value
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type


def _elementwise(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    demand = sweep.demands.of(op.results[0])
    for k in sweep.activity.entries[op]:
        x = op.operands[k]
        if is_extreme(op):
            value = of_taken(sweep.builder, op, k, ct.value, hint_of(x, "ct"))
            sweep.accumulate(x, value, demand, ct.tainted)
            continue
        factor = partial_of(sweep.builder, op, k)
        if isinstance(factor, Value) and not sweep.finite.partial(op, k):
            vanishes, hint = sweep.finite.vanishes(op), hint_of(x, "ct")
            value = strongly(sweep.builder, op, k, ct.value, factor, hint, vanishes)
            sweep.accumulate(x, value, demand, ct.tainted)
        elif isinstance(factor, Value) or factor != 0.0:
            value = scale(sweep.builder, ct.value, factor, hint_of(x, "ct"))
            sweep.accumulate(x, value, demand, ct.tainted or isinstance(factor, Value))


def _select(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    for k in sweep.activity.entries[op]:
        x = op.operands[k]
        taken = sweep.demands.branch(op, k)
        if ct.tainted or sweep.demands.of(x) is taken:
            sweep.accumulate(x, ct.value, taken, True)
            continue
        zero = sweep.builder.const(0.0, Type(x.type.dtype))
        pair = (ct.value, zero) if k == 1 else (zero, ct.value)
        value = select(sweep.builder, op.operands[0], *pair, hint_of(x, "ct"))
        sweep.accumulate(x, value, None, False)


def _convert(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    (x,) = op.operands
    attrs, hint = {"dtype": x.type.dtype}, hint_of(x, "ct")
    value = sweep.builder.emit(op.primitive, (ct.value,), attrs, hint=hint).result
    sweep.accumulate(x, value, sweep.demands.of(op.results[0]), ct.tainted)


def _index(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    sweep.cotangents.accumulate_part(op.operands[0], sweep.clean(op.result, ct), op.attrs["at"])


def _dynamic_index(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    x, *starts = op.operands
    sweep.cotangents.accumulate_part(x, sweep.clean(op.result, ct), op.attrs["at"], tuple(starts))


def _gather(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    if not sweep.cotangents.in_place:
        _linear(sweep, op, ct)
        return
    x, *indices = op.operands
    sweep.cotangents.accumulate_part(x, sweep.clean(op.result, ct), None, tuple(indices))


def _update(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    x, v, *starts = op.operands
    value, at = sweep.clean(op.result, ct), op.attrs["at"]
    active, hint = sweep.activity.entries[op], hint_of(x, "ct")
    if 1 in active:
        value = sweep.cotangents.with_parts_of(v, value, at, tuple(starts), hint)
    part = sweep.builder.emit(
        PRIMITIVES[op.primitive.reader], (value, *starts), {"at": at}, hint=hint_of(v, "ct")
    ).result
    if 1 in active:
        sweep.accumulate(v, part, sweep.demands.sent(op, 1), tainted=False)
    if 0 in active:
        sweep.cotangents.accumulate_cleared(x, value, part, at, tuple(starts))


def _pass_by(sweep: Sweep, op: Op) -> bool:
    """Whether what was cleared in another place, behind this update, could stay so in front."""
    x, v = op.operands
    at, active, emit = op.attrs["at"], sweep.activity.entries[op], sweep.builder.emit
    cleared = sweep.cotangents.only_cleared(op.result, at)
    if cleared is None:
        return False
    base = cleared.base
    if 1 in active:
        base = sweep.cotangents.with_parts_of(v, base, at, (), hint_of(x, "ct"))
        part = emit(PRIMITIVES["index"], (base,), {"at": at}, hint=hint_of(v, "ct")).result
        sweep.accumulate(v, part, sweep.demands.sent(op, 1), tainted=False)
    if 0 in active:
        zeros = sweep.builder.const(0.0, v.type)
        base = emit(PRIMITIVES["update"], (base, zeros), {"at": at}, hint=hint_of(x, "ct")).result
        sweep.cotangents.accumulate_cleared(x, base, cleared.part, cleared.at, ())
    return True


def _linear(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    value = Expr(sweep.builder, sweep.clean(op.result, ct))
    operands = tuple(Expr(sweep.builder, v) for v in op.operands)
    # Last operands first: what was written is read before the place is cleared, so in place.
    for k in reversed(sweep.activity.entries[op]):
        rules = sweep.finite.rule(op, "transpose", (k,))
        rule = rules[0] if len(rules) == 1 else rules[k]
        # Products with other operands may meet their NaN; mere movement may not.
        if rule is not None:
            found = rule(k, value, *operands, **op.attrs)
            sweep.accumulate_full(op, k, found, tainted=op.primitive.separate)


class _Push(RegionPullback):
    """Pushed values' cotangents are on top of the tape of cotangents."""

    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        (ct,) = cts
        tape, *values = op.operands
        floats = [k for k, v in enumerate(values, 1) if v.type.is_float]
        if ct is None:
            return
        if floats:
            types = {"types": tuple(op.operands[k].type for k in floats)}
            ct, *found = sweep.builder.emit(PRIMITIVES["pop"], (ct,), types).results
            for k, value in zip(floats, found, strict=True):
                if op.operands[k] in sweep.activity.varied:
                    sweep.accumulate_result(op, k, value)
        sweep.cotangents.accumulate(tape, ct)


class _Pop(RegionPullback):
    """Popped values' cotangents go on top of the tape of cotangents."""

    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        made = [
            sweep.materialised(ct, v.type)
            for v, ct in zip(op.results, cts, strict=True)
            if v is op.results[0] or v.type.is_float
        ]
        if len(made) > 1:
            made = [sweep.builder.emit(PRIMITIVES["push"], made).result]
        sweep.cotangents.accumulate(op.operands[0], made[0])


class _EmptyTape(RegionPullback):
    """An empty tape depends on nothing."""

    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        return


RULES.update(
    elementwise=_elementwise,
    linear=_linear,
    select=_select,
    convert=_convert,
    index=_index,
    dynamic_index=_dynamic_index,
    dynamic_update=_update,
    gather=_gather,
    update=_update,
)
PAST.update(update=_pass_by)
TAPE_RULES.update(pop=_Pop(), push=_Push(), tape=_EmptyTape())
