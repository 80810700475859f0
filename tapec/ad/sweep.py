"""The reverse sweep over one body: every op sends its operands their contributions.

An operand gets cotangent times partial, summed over broadcast axes, or what the declared transpose
or `vjp` says. Contributions from inside a `select`'s branch are masked by its condition where a
partial could be inf or NaN on the other side (see `tapec.ad.demand`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tapec.ad.activity import Activity
from tapec.ad.contributions import Cotangent, Cotangents
from tapec.ad.demand import Conditions, Demand, Demands
from tapec.ad.rules import hint_of, partial_of, scale, select, unbroadcast
from tapec.ad.zeros import ZERO, materialise
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.indexing import UPDATE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type


class RegionPullback(Protocol):
    """How an op with regions was run, and with that its way back.

    What was put on `tape` must come off it, whether or not cotangents arrive.
    """

    tape: Value | None

    def present(self, conditions: Conditions, builder: Builder, op: Op, k: int) -> Demand:
        """Where operand k is used; None for everywhere."""
        return None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        """Append the reverse op, from the cotangents that arrived for the results."""


class Sweep:
    """The reverse sweep over one body. `records` are its ops with regions."""

    def __init__(
        self, builder: Builder, ops: list[Op], activity: Activity, everywhere: list[Value],
        records: Mapping[Op, RegionPullback], *, inside: bool = False,
    ) -> None:  # fmt: skip
        self.builder, self.activity, self.records = builder, activity, records
        self.cotangents = Cotangents(builder, in_place=inside)
        self.demands = Demands(builder, ops, activity.varied, everywhere, records, inside=inside)

    def visit(self, op: Op) -> None:
        """Send the contributions of one op to its active operands."""
        self.builder.loc = op.loc
        if op.primitive.kind == "region":
            self.visit_region(op)
            return
        if op.primitive is UPDATE and _pass_by(self, op):
            return
        ct = self.cotangents.take(op.results[0])
        if ct is None:
            return
        rule = _SPECIAL.get(op.name) or _KINDS.get(op.primitive.kind)
        if rule is None:
            raise NonDifferentiableError(f"{op.name} has no adjoint rule", where=op.loc)
        rule(self, op, ct)

    def visit_region(self, op: Op) -> None:
        """The same for an op with regions or a tape, which may have several results."""
        cts = [self.arrived(v) for v in op.results]
        record = self.records.get(op) or _TAPES[op.name]
        if record.tape is not None or any(ct is not None for ct in cts):
            record.pull(self, op, cts)

    def arrived(self, value: Value) -> Value | None:
        """The cotangent that arrived for a value, right everywhere."""
        ct = self.cotangents.take(value)
        return None if ct is None else self.clean(value, ct)

    def made(self, value: Value | None, type: Type) -> Value:
        """A cotangent, zeros where none arrived."""
        return materialise(self.builder, ZERO if value is None else value, type)

    def withdrawn(self, op: Op, k: int) -> Cotangent | None:
        """What has arrived for an operand so far, for the reverse op to add to in place.

        What is right only where demanded cannot be told from what the op adds: then nothing.
        """
        return None if self.demands.idle(op) else self.cotangents.take(op.operands[k])

    def withdraw(self, op: Op, k: int) -> Cotangent:
        """The same, zeros where nothing has arrived."""
        return self.withdrawn(op, k) or Cotangent(self.made(None, op.operands[k].type), False)

    def deliver(self, op: Op, k: int, value: Value, base: Cotangent | None = None) -> None:
        """What the reverse op has for an operand; with a base, the base and what was added.

        Regions that did not run add zeros. Those that ran for nothing may have added anything.
        """
        operand, demand = op.operands[k], self.demands.sent(op, k)
        if operand.type.is_float and self.demands.idle(op):
            self.send(operand, value, demand, tainted=True)
        else:
            self.cotangents.add(operand, value, base is not None and base.tainted)

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

    def clean(self, primal: Value, ct: Cotangent) -> Value:
        """The cotangent right everywhere, for rules that mix its elements."""
        demand = self.demands.of(primal)
        if not ct.tainted or demand is None:
            return ct.value
        return self.mask(demand, ct.value, hint_of(primal, "ct"))


def _elementwise(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    demand = sweep.demands.of(op.results[0])
    for k in sweep.activity.entries[op]:
        factor = partial_of(sweep.builder, op, k)
        if isinstance(factor, Value) or factor != 0.0:
            x = op.operands[k]
            value = scale(sweep.builder, ct.value, factor, hint_of(x, "ct"))
            sweep.send(x, value, demand, ct.tainted or isinstance(factor, Value))


def _select(sweep: Sweep, op: Op, ct: Cotangent) -> None:
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


def _convert(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    (x,) = op.operands
    attrs, hint = {"dtype": x.type.dtype}, hint_of(x, "ct")
    value = sweep.builder.emit(op.primitive, (ct.value,), attrs, hint=hint).result
    sweep.send(x, value, sweep.demands.of(op.results[0]), ct.tainted)


def _index(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    sweep.cotangents.add_part(op.operands[0], sweep.clean(op.result, ct), op.attrs["at"])


def _dynamic_index(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    x, *starts = op.operands
    sweep.cotangents.add_part(x, sweep.clean(op.result, ct), op.attrs["at"], tuple(starts))


def _gather(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    if not sweep.cotangents.in_place:
        _linear(sweep, op, ct)
        return
    x, *indices = op.operands
    sweep.cotangents.add_part(x, sweep.clean(op.result, ct), None, tuple(indices))


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
        sweep.send(v, part, sweep.demands.sent(op, 1), tainted=False)
    if 0 in active:
        sweep.cotangents.add_cleared(x, value, part, at, tuple(starts))


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
        sweep.send(v, part, sweep.demands.sent(op, 1), tainted=False)
    if 0 in active:
        zeros = sweep.builder.const(0.0, v.type)
        base = emit(PRIMITIVES["update"], (base, zeros), {"at": at}, hint=hint_of(x, "ct")).result
        sweep.cotangents.add_cleared(x, base, cleared.part, cleared.at, ())
    return True


def _linear(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    rules = op.primitive.transpose
    value = Expr(sweep.builder, sweep.clean(op.result, ct))
    operands = tuple(Expr(sweep.builder, v) for v in op.operands)
    # Last operands first: what was written is read before the place is cleared, so in place.
    for k in reversed(sweep.activity.entries[op]):
        rule = rules[0] if len(rules) == 1 else rules[k]
        # Products with other operands may meet their NaN; mere movement may not.
        if rule is not None:
            found = rule(k, value, *operands, **op.attrs)
            sweep.send_whole(op, k, found, tainted=op.primitive.separate)


def _structured(sweep: Sweep, op: Op, ct: Cotangent) -> None:
    if op.primitive.vjp is None:
        raise NonDifferentiableError(f"{op.name} has no adjoint rule", where=op.loc)
    value = Expr(sweep.builder, sweep.clean(op.result, ct))
    operands = tuple(Expr(sweep.builder, v) for v in op.operands)
    found = op.primitive.vjp(value, Expr(sweep.builder, op.results[0]), operands, **op.attrs)
    for k in sweep.activity.entries[op]:
        sweep.send_whole(op, k, found[k], tainted=True)


_Rule = Callable[[Sweep, Op, Cotangent], None]
_KINDS: dict[str, _Rule] = {
    "elementwise": _elementwise,
    "linear": _linear,
    "structured": _structured,
}
_SPECIAL: dict[str, _Rule] = {
    "select": _select, "convert": _convert, "index": _index,
    "dynamic_index": _dynamic_index,
    "dynamic_update": _update,
    "gather": _gather,
    "update": _update,
}  # fmt: skip


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
                    sweep.deliver(op, k, value)
        sweep.cotangents.add(tape, ct)


class _Pop(RegionPullback):
    """Popped values' cotangents go on top of the tape of cotangents."""

    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        made = [
            sweep.made(ct, v.type)
            for v, ct in zip(op.results, cts, strict=True)
            if v is op.results[0] or v.type.is_float
        ]
        if len(made) > 1:
            made = [sweep.builder.emit(PRIMITIVES["push"], made).result]
        sweep.cotangents.add(op.operands[0], made[0])


class _EmptyTape(RegionPullback):
    """An empty tape depends on nothing."""

    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        return


_TAPES: dict[str, RegionPullback] = {"pop": _Pop(), "push": _Push(), "tape": _EmptyTape()}
