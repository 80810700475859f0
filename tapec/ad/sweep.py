"""The reverse sweep over one body: every op accumulates the cotangents of its operands.

What the operands of a primitive get is in `tapec.ad.pullbacks`. Contributions from inside a
`select`'s branch are masked by its condition where a partial could be inf or NaN on the other side
(see `tapec.ad.demand`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tapec.ad.activity import Activity
from tapec.ad.contributions import Cotangent, Cotangents
from tapec.ad.demand import Conditions, Demand, Demands
from tapec.ad.finite import Finiteness
from tapec.ad.rules import hint_of, results_of, select, unbroadcast
from tapec.ad.zeros import ZERO, materialise
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.types import Type


class RegionPullback(Protocol):
    """The pullback of an op with regions, by the form in which it ran.

    What was pushed on `tape` must be popped, whether or not there are cotangents.
    """

    tape: Value | None

    def present(self, conditions: Conditions, builder: Builder, op: Op, k: int) -> Demand:
        """Where operand k is used; None for everywhere."""
        return None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        """Append the reverse op, from the cotangents of the results."""


class Sweep:
    """The reverse sweep over one body. `records` are its ops with regions."""

    def __init__(
        self, builder: Builder, ops: list[Op], activity: Activity, everywhere: list[Value],
        records: Mapping[Op, RegionPullback], finite: Finiteness, *, inside: bool = False,
    ) -> None:  # fmt: skip
        self.builder, self.activity, self.records = builder, activity, records
        self.cotangents = Cotangents(builder, in_place=inside)
        self.finite = finite
        self.demands = Demands(builder, ops, activity.varied, everywhere, records, inside=inside)

    def visit(self, op: Op) -> None:
        """Accumulate the contributions of one op to its active operands."""
        self.builder.loc = op.loc
        if op.primitive.kind == "region":
            self.visit_region(op)
            return
        if op.primitive.kind == "structured":
            self.visit_structured(op)
            return
        if op.name in PAST and PAST[op.name](self, op):
            return
        ct = self.cotangents.take(op.results[0])
        if ct is None:
            return
        rule = RULES.get(op.name) or RULES.get(op.primitive.kind)
        if rule is None:
            raise NonDifferentiableError(f"{op.name} has no adjoint rule", where=op.loc)
        rule(self, op, ct)

    def visit_structured(self, op: Op) -> None:
        """The same by the `vjp` that the op declares; of several results it gets all cotangents."""
        cts = [self.cotangent(v) for v in op.results]
        if all(ct is None for ct in cts):
            return
        rule = self.finite.rule(op, "vjp")
        if rule is None:
            raise NonDifferentiableError(f"{op.name} has no adjoint rule", where=op.loc)
        given = tuple(None if ct is None else Expr(self.builder, ct) for ct in cts)
        found = rule(
            given[0] if op.primitive.results == 1 else given,
            results_of(self.builder, op),
            tuple(Expr(self.builder, v) for v in op.operands),
            **op.attrs,
        )
        for k in self.activity.entries[op]:
            self.accumulate_full(op, k, found[k], tainted=True)

    def visit_region(self, op: Op) -> None:
        """The same for an op with regions or a tape, which may have several results."""
        cts = [self.cotangent(v) for v in op.results]
        record = self.records.get(op) or TAPE_RULES[op.name]
        if record.tape is not None or any(ct is not None for ct in cts):
            record.pull(self, op, cts)

    def cotangent(self, value: Value) -> Value | None:
        """The cotangent of a value, right everywhere; None where it is structurally zero."""
        ct = self.cotangents.take(value)
        return None if ct is None else self.clean(value, ct)

    def materialised(self, value: Value | None, type: Type) -> Value:
        """A cotangent, zeros where none arrived."""
        return materialise(self.builder, ZERO if value is None else value, type)

    def taken(self, op: Op, k: int) -> Cotangent | None:
        """The cotangent of an operand so far, for the reverse op to accumulate in place.

        What is right only where demanded cannot be told from what the op adds: then nothing.
        """
        return None if self.demands.idle(op) else self.cotangents.take(op.operands[k])

    def taken_or_zeros(self, op: Op, k: int) -> Cotangent:
        """The same, zeros where there is none."""
        return self.taken(op, k) or Cotangent(self.materialised(None, op.operands[k].type), False)

    def accumulate_result(
        self, op: Op, k: int, value: Value, base: Cotangent | None = None
    ) -> None:
        """Accumulate a result of the reverse op; with a base, it is the base and what was added.

        Regions that did not run add zeros. Those that ran for nothing may have added anything.
        """
        operand, demand = op.operands[k], self.demands.sent(op, k)
        if operand.type.is_float and self.demands.idle(op):
            self.accumulate(operand, value, demand, tainted=True)
        else:
            self.cotangents.accumulate(operand, value, base is not None and base.tainted)

    def accumulate(self, operand: Value, value: Value, demand: Demand, tainted: bool) -> None:
        """A contribution in the result's shape, right where the op's result is demanded."""
        hint = hint_of(operand, "ct")
        if tainted and demand is not None and self.demands.of(operand) is not demand:
            if value.type.shape == operand.type.shape:
                self.cotangents.accumulate_masked(operand, value, demand)
                return
            value, tainted = self.mask(demand, value, hint), False
        value = unbroadcast(self.builder, value, operand.type.shape, hint)
        self.cotangents.accumulate(operand, value, tainted)

    def accumulate_full(self, op: Op, k: int, found: Any, tainted: bool) -> None:
        """A declared rule's contribution, in the operand's shape; None is zero."""
        if not isinstance(found, Expr):
            return
        demand = self.demands.sent(op, k)
        self.accumulate(op.operands[k], found.value, demand, tainted and demand is not None)

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


Rule = Callable[[Sweep, Op, Cotangent], None]
# By the name of a primitive, else by its kind; of ops on tapes; and of ops past which a cotangent
# may go as it is, see `tapec.ad.pullbacks`.
RULES: dict[str, Rule] = {}
TAPE_RULES: dict[str, RegionPullback] = {}
PAST: dict[str, Callable[[Sweep, Op], bool]] = {}
