"""Forward and reverse regions of a branch or a call, and what the first hand to the second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tapec.ad.joint import JointBody, between, closed, popped
from tapec.ad.region_support import Wanted, costly_to_keep, positions, report_kept
from tapec.ad.reverse import Reverse
from tapec.ad.tape import keep, slot_bytes
from tapec.ad.tuning import BRANCH_SLOT_BYTES
from tapec.ad.zero_operands import without_operands
from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import TAPE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.regions import region_op
from tapec.ir.types import Type


@dataclass(slots=True)
class BranchPlan:
    """Forward and reverse regions of a branch or call, and what the first hand to the second.

    Positions: `sources` and `operands` of operands (that get cotangents; that the reverse reads),
    `targets` of results. `slots` are kept values, new ones by type or results by number; `places`
    says, per region, in which slot a value is.
    """

    head: int
    joints: list[JointBody]
    sources: list[int]
    targets: list[int]
    operands: list[int]
    slots: list[Type | int]
    places: list[dict[Value, int]]
    # Per region, what is too large for a slot and goes on the tape.
    pushed: list[list[Value]]
    taped: bool
    # Per source, the numbers of the regions that use it.
    uses: list[list[int]]
    forward: tuple[Block, ...] = ()
    reversed: dict[tuple[bool, ...], tuple[Block, ...]] = field(default_factory=dict)

    def reverse_regions(self, absent: tuple[bool, ...]) -> tuple[Block, ...]:
        """The regions of the reverse op, which adds to the cotangents that are not absent."""
        if absent not in self.reversed:
            first = len(self.operands) + len(self.slots) + len(self.targets)
            gone = {first + k for k, missing in enumerate(absent) if missing}
            regions = (_reverse_region(self, n) for n in range(len(self.joints)))
            self.reversed[absent] = tuple(without_operands(r, gone) if gone else r for r in regions)
        return self.reversed[absent]

    def new(self) -> list[Type]:
        """The types of the further results."""
        return [s for s in self.slots if isinstance(s, Type)]


def plan_of(reverse: Reverse, op: Op, wanted: Wanted, invariant: Sequence[bool]) -> BranchPlan:
    """Plan a branch or call; `invariant` operands cost nothing to keep."""
    form = region_op(op)
    needed = reverse.flow.needed(op, wanted.flags, wanted.results)
    sources, targets = positions(needed), positions(wanted.results)
    joints = []
    for body in form.bodies:
        given = [body.params[k - form.lead] for k in sources]
        based = [bool(p.type.shape) for p in given]
        with reverse.region(body.params, invariant[form.lead :]):
            joints.append(reverse.joint(body, given, [body.results[k] for k in targets], based))
    costly = [costly_to_keep(j.body.params, invariant[form.lead :]) for j in joints]
    kept = [keep(j, set(j.body.params) - d, set(j.body.results), d)
            for j, d in zip(joints, costly, strict=True)]  # fmt: skip
    for j, k in zip(joints, kept, strict=True):
        report_kept(reverse.entries, op, j.ops, k, 1)
    read = {form.lead + j.body.params.index(v)
            for j, k in zip(joints, kept, strict=True) for v in k.invariant}  # fmt: skip
    pushed = [_large(j, k.stored) if len(joints) > 1 else []
              for j, k in zip(joints, kept, strict=True)]  # fmt: skip
    stored = [[v for v in k.stored if v not in p] for k, p in zip(kept, pushed, strict=True)]
    slots, places = _merged(joints, stored)
    taped = any(j.thread.entry is not None for j in joints) or any(pushed)
    uses = _uses(reverse, op, wanted, sources)
    plan = BranchPlan(
        form.lead, joints, sources, targets, sorted(read), slots, places, pushed, taped, uses
    )
    plan.forward = tuple(_forward_region(plan, n) for n in range(len(joints)))
    return plan


def _large(joint: JointBody, stored: Sequence[Value]) -> list[Value]:
    """What only the branch that keeps it should pay for: the tape is for that."""
    new = [v for v in stored if v not in joint.body.results]
    return new if sum(slot_bytes(v.type) for v in new) > BRANCH_SLOT_BYTES else []


def _uses(reverse: Reverse, op: Op, wanted: Wanted, sources: Sequence[int]) -> list[list[int]]:
    form, reached = region_op(op), []
    for body, activity in zip(form.bodies, reverse.flow.inside(op, wanted.flags)[1], strict=True):
        targets = [v for v, w in zip(body.results, wanted.results, strict=True) if w]
        needed = activity.needed(body, targets)
        reached.append([body.params[k - form.lead] in needed for k in sources])
    return [positions(column) for column in zip(*reached, strict=True)]


def _merged(
    joints: Sequence[JointBody], stored: Sequence[Sequence[Value]]
) -> tuple[list[Type | int], list[dict[Value, int]]]:
    """Slots that the regions share by type; what is a result anyway needs none."""
    slots: list[Type | int] = []
    of_kind: dict[Type | int, list[int]] = {}
    places: list[dict[Value, int]] = []
    for joint, values in zip(joints, stored, strict=True):
        numbers = {v: n for n, v in reversed([*enumerate(joint.body.results)])}
        taken: Counter[Type | int] = Counter()
        place: dict[Value, int] = {}
        for value in values:
            kind = numbers.get(value, value.type)
            made = of_kind.setdefault(kind, [])
            if taken[kind] == len(made):
                made.append(len(slots))
                slots.append(kind)
            place[value] = made[taken[kind]]
            taken[kind] += 1
        places.append(place)
    return slots, places


def _forward_region(plan: BranchPlan, number: int) -> Block:
    """A region returning what is kept, zeros where it has nothing for a slot."""
    joint, places, pushed = plan.joints[number], plan.places[number], plan.pushed[number]
    fill = Builder()
    held = {n: v for v, n in places.items()}
    extra = [held.get(n) or fill.const(0, slot)
             for n, slot in enumerate(plan.slots) if isinstance(slot, Type)]  # fmt: skip
    params, results = list(joint.body.params), [*joint.body.results, *extra]
    if plan.taped:
        entry = joint.thread.entry or Value(TAPE, "tape")
        params.append(entry)
        top = joint.thread.top or entry
        if pushed:
            top = fill.emit(PRIMITIVES["push"], (top, *pushed)).result
        results.append(top)
    return closed([*joint.ops, *fill.ops], params, results)


def _reverse_region(plan: BranchPlan, number: int) -> Block:
    """The region of the reverse op."""
    joint, places, pushed = plan.joints[number], plan.places[number], plan.pushed[number]
    given = [joint.body.params[k - plan.head] for k in plan.operands]
    held = {n: v for v, n in places.items()}
    types = [joint.body.results[s].type if isinstance(s, int) else s for s in plan.slots]
    slots = [held.get(n) or Value(t) for n, t in enumerate(types)]
    entering = [*given, *slots, *joint.seeds, *(b for b in joint.bases if b is not None)]
    results = list(joint.found)
    if not plan.taped:
        return closed(joint.ops, entering, results)
    below = joint.thread.back_entry or Value(TAPE, "tape")
    results.append(joint.thread.back_top or below)
    first, tape = popped(pushed, below)
    ops, _ = between(joint.ops, {below, *entering, *pushed}, results)
    return closed([*first, *ops], [*entering, tape], results)
