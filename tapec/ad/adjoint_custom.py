"""Adjoints of functions with derivative rules of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tapec.ad.joint import TapeSource
from tapec.ad.region_support import Wanted
from tapec.ad.reverse import Reverse
from tapec.ad.rules import refuse_captured, rule_operands
from tapec.ad.sweep import RegionPullback, Sweep
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.dependence import Dependence
from tapec.ir.rewrite import replay


@dataclass(slots=True)
class _Custom(RegionPullback):
    """A function with a rule of the user's."""

    reverse: Reverse
    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        rules = dict(zip(op.attrs["rules"], op.regions[1:], strict=True))
        given = [sweep.materialised(ct, v.type)
                 for v, ct in zip(op.results, cts, strict=True) if v.type.is_float]  # fmt: skip
        refuse_captured(op, sweep.activity.varied)
        moving = [k for k, v in enumerate(op.operands) if v.type.is_float]
        if "vjp" in rules:
            found = replay(rules["vjp"], sweep.builder, [*rule_operands(op), *given])
        else:
            found = self._transposed(sweep, op, rules["jvp"], moving, given)
        for k, value in zip(moving, found, strict=True):
            if op.operands[k] in sweep.activity.varied:
                sweep.accumulate_result(op, k, value)

    def _transposed(
        self, sweep: Sweep, op: Op, rule: Block, moving: Sequence[int], given: Sequence[Value]
    ) -> list[Value]:
        """The transpose of the rule for tangents, at any tangents: it is linear in them."""
        builder = sweep.builder
        tangents = [builder.const(0.0, op.operands[k].type) for k in moving]
        start = len(builder.ops)
        outs = replay(rule, builder, [*rule_operands(op), *tangents])
        body = Block(tuple(tangents), tuple(builder.ops[start:]), tuple(outs))
        found = self.reverse.pull_back(builder, Func("jvp", body), tangents, given)
        _refuse_curved(op, builder.ops[start:], tangents, found)
        return [sweep.materialised(v if isinstance(v, Value) else None, t.type)
                for v, t in zip(found, tangents, strict=True)]  # fmt: skip


def _refuse_curved(
    op: Op, ops: Sequence[Op], tangents: Sequence[Value], found: Sequence[object]
) -> None:
    """Raise where the transpose of a rule reads the tangents: the rule is not linear in them then.

    What goes through calls, further rules and tapes is not looked at: it counts as linear.
    """
    dependence, reached = Dependence(), set(tangents)
    for o in ops:
        if _unseen(o) or reached.isdisjoint(o.operands):
            continue
        bits = sum(1 << k for k, v in enumerate(o.operands) if v in reached)
        masks = zip(o.results, dependence.of(o), strict=True)
        reached.update(v for v, mask in masks if mask & bits and not v.type.is_tape)
    if not reached.isdisjoint(v for v in found if isinstance(v, Value)):
        raise NonDifferentiableError(
            "the jvp= rule of this function is not linear in the tangents", where=op.loc,
            hint="multiply tangents only by what is computed from the primals",
        )  # fmt: skip


def _unseen(op: Op) -> bool:
    """Whether an op is of kinds that are not looked into: calls, rules, tapes."""
    return op.primitive.kind == "region" and not (op.primitive.loop or op.primitive.branch)


def augment_custom(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: TapeSource
) -> RegionPullback:  # fmt: skip
    """Append the op as it is: its rule is applied in the reverse sweep."""
    if not op.attrs["rules"]:
        raise NonDifferentiableError("this function has no derivative rule", where=op.loc,
                                     hint="give vjp= or jvp= to custom_rule")  # fmt: skip
    builder.ops.append(op)
    return _Custom(reverse)
