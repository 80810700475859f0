"""Adjoints of branches and calls; loops and custom rules have files of their own.

Every op with regions runs in a form that also returns what its reverse needs; the reverse op has
the same condition and reads that. Branches not taken return zeros in those places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tapec.ad.adjoint_custom import augment_custom
from tapec.ad.adjoint_loops import augment_loop
from tapec.ad.branch_plan import BranchPlan, plan_of
from tapec.ad.checkpoint import augment_checkpointed, is_checkpointed
from tapec.ad.demand import Conditions, Demand
from tapec.ad.joint import TapeSource, closed
from tapec.ad.region_support import Wanted, positions
from tapec.ad.reverse import Reverse
from tapec.ad.sweep import RegionPullback, Sweep
from tapec.ad.tuning import MOST_CALL_SLOTS, WRITTEN_ELEMENTS
from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import COND, TAPE
from tapec.ir.primitive import PRIMITIVES


def augment(
    reverse: Reverse, builder: Builder, op: Op, flags: Sequence[bool], wanted: Sequence[bool],
    tapes: TapeSource,
) -> RegionPullback:  # fmt: skip
    """Append the op in the form that its reverse needs; its pullback.

    `flags` says which operands vary, `wanted` which results' cotangents will arrive.
    """
    return _RULES[op.name](reverse, builder, op, Wanted(flags, wanted), tapes)


# --- branches and calls --------------------------------------------------------------------------


@dataclass(slots=True)
class _Branches(RegionPullback):
    """A branch or call that ran; `held` are its slots' values."""

    plan: BranchPlan
    held: list[Value]
    tape: Value | None
    tapes: TapeSource

    def present(self, conditions: Conditions, builder: Builder, op: Op, k: int) -> Demand:
        plan = self.plan
        if k not in plan.sources:
            return None
        uses = plan.uses[plan.sources.index(k)]
        if not plan.head or len(uses) in (0, len(plan.joints)):
            return None
        if op.primitive is COND:
            pred = op.operands[0]
            return pred if uses == [0] else conditions.negation(pred)
        index, last = op.operands[0], len(plan.joints) - 1
        found: Demand = None
        for n in uses:
            name = {0: "less_equal", last: "greater_equal"}.get(n, "equal")
            number = builder.const(n, index.type)
            taken = builder.emit(PRIMITIVES[name], (index, number)).result
            found = taken if found is None else conditions.either(found, taken)
        return found

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        plan = self.plan
        large = any(op.operands[k].type.size > WRITTEN_ELEMENTS for k in plan.sources)
        guard = sweep.demands.guard(op) if large and self.tape is None else None
        seeds = [sweep.materialised(cts[k], op.results[k].type) for k in plan.targets]
        bases = [None if b is None else sweep.taken(op, k)
                 for k, b in zip(plan.sources, plan.joints[0].bases, strict=True)]  # fmt: skip
        absent = tuple(ct is None for ct, b in zip(bases, plan.joints[0].bases, strict=True)
                       if b is not None)  # fmt: skip
        operands = [*op.operands[: plan.head], *(op.operands[k] for k in plan.operands),
                    *self.held, *seeds, *(b.value for b in bases if b is not None)]  # fmt: skip
        if self.tape is not None:
            operands.append(self.tapes.back(self.tape))
        way = partial(_reverse_op, op, plan.reverse_regions(absent))
        if guard is None:
            found = way(sweep.builder, operands)
        else:
            kept = [None if b is None else b.value for b in bases]
            found = _guarded(sweep.builder, guard, way, operands, kept)
        if self.tape is not None:
            self.tapes.emptied(found.pop())
        for k, base, value in zip(plan.sources, bases, found, strict=True):
            sweep.accumulate_result(op, k, value, base)


def _reverse_op(
    op: Op, regions: tuple[Block, ...], builder: Builder, operands: Sequence[Value]
) -> list[Value]:
    return list(builder.emit(op.primitive, operands, _named(op), regions).results)


def _guarded(
    builder: Builder, guard: Value, way: Callable[[Builder, Sequence[Value]], list[Value]],
    operands: Sequence[Value], bases: Sequence[Value | None],
) -> list[Value]:  # fmt: skip
    """The reverse op where results are used; elsewhere cotangents stay as they are."""
    then, otherwise = Builder(), Builder()
    found = way(then, operands)
    given = list(dict.fromkeys(operands))
    kept = [b or otherwise.const(0.0, v.type) for b, v in zip(bases, found, strict=True)]
    regions = closed(then.ops, given, found), closed(otherwise.ops, given, kept)
    return list(builder.emit(PRIMITIVES["cond"], (guard, *given), {}, regions).results)


def _named(op: Op) -> dict[str, Any]:
    """The attributes of the reverse op."""
    if "name" not in op.attrs:
        return dict(op.attrs)
    return {**op.attrs, "name": f"{op.attrs['name']}.adjoint"}


def _planned(reverse: Reverse, op: Op, wanted: Wanted) -> BranchPlan:
    """The plan, which calls of one function that need the same derivatives share."""
    invariant = reverse.are_invariant(op.operands)
    key = op.regions, tuple(wanted.flags), tuple(wanted.results), invariant
    return reverse.once(key, lambda: plan_of(reverse, op, wanted, invariant))


def _branch(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: TapeSource
) -> RegionPullback:  # fmt: skip
    plan = _planned(reverse, op, wanted)
    made = [Value(t) for t in plan.new()]
    new = iter(made)
    held = [op.results[s] if isinstance(s, int) else next(new) for s in plan.slots]
    if not made and not plan.taped:
        builder.ops.append(op)
        return _Branches(plan, held, None, tapes)
    operands, results, tape = [*op.operands], [*op.results, *made], None
    if plan.taped:
        operands.append(tapes.begin(builder))
        tape = Value(TAPE, "tape")
        results.append(tape)
        tapes.end(tape)
    ran = Op(op.primitive, tuple(operands), op.attrs, tuple(results), plan.forward, op.loc)
    builder.ops.append(ran)
    return _Branches(plan, held, tape, tapes)


# --- calls that keep their operands only ---------------------------------------------------------


@dataclass(slots=True)
class Rematerialised(RegionPullback):
    """A call whose reverse runs the function again."""

    sources: list[int]
    targets: list[int]
    back: Block
    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        seeds = [sweep.materialised(cts[k], op.results[k].type) for k in self.targets]
        operands = (*op.operands, *seeds)
        found = sweep.builder.emit(op.primitive, operands, _named(op), (self.back,)).results
        for k, value in zip(self.sources, found, strict=True):
            sweep.accumulate_result(op, k, value)


def _call(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: TapeSource
) -> RegionPullback:  # fmt: skip
    checkpoint = op.attrs.get("checkpoint", False)
    # What calls in calls keep grows with the product of their numbers.
    if not checkpoint and len(_planned(reverse, op, wanted).new()) <= MOST_CALL_SLOTS:
        return _branch(reverse, builder, op, wanted, tapes)
    key = op.regions, tuple(wanted.flags), tuple(wanted.results)
    builder.ops.append(op)
    return reverse.once(key, lambda: _rematerialised(reverse, op, wanted))


def _rematerialised(reverse: Reverse, op: Op, wanted: Wanted) -> Rematerialised:
    (body,) = op.regions
    sources = positions(reverse.flow.needed(op, wanted.flags, wanted.results))
    targets = positions(wanted.results)
    given = [body.params[k] for k in sources]
    results = [body.results[k] for k in targets]
    joint = reverse.joint(body, given, results, [False for _ in given], tapes=TapeSource())
    back = closed(joint.ops, [*body.params, *joint.seeds], joint.found)
    return Rematerialised(sources, targets, back)


def _scan(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: TapeSource
) -> RegionPullback:  # fmt: skip
    rule = augment_checkpointed if is_checkpointed(op) else augment_loop
    return rule(reverse, builder, op, wanted, tapes)


_Rule = Callable[["Reverse", Builder, Op, Wanted, TapeSource], RegionPullback]
_RULES: dict[str, _Rule] = {
    "call": _call,
    "cond": _branch,
    "custom": augment_custom,
    "fori_loop": augment_loop,
    "scan": _scan,
    "switch": _branch,
    "while_loop": augment_loop,
}
