"""Adjoints of branches and calls; loops and custom rules have files of their own.

Every op with regions runs in a form that also returns what its way back needs; the reverse op has
the same condition and reads that. Branches not taken return zeros in those places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tapec.ad.adjoint_custom import augment_custom
from tapec.ad.adjoint_loops import augment_loop
from tapec.ad.checkpoint import augment_checkpointed, is_checkpointed
from tapec.ad.demand import Conditions, Demand
from tapec.ad.flow import form_of
from tapec.ad.joint import Joint, Tapes, closed
from tapec.ad.record import Wanted, note, numbers
from tapec.ad.sweep import Record, Sweep
from tapec.ad.tape import keep
from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import TAPE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type

if TYPE_CHECKING:
    from tapec.ad.adjoint import Reverse


def augment(
    reverse: Reverse, builder: Builder, op: Op, flags: Sequence[bool], wanted: Sequence[bool],
    tapes: Tapes,
) -> Record:  # fmt: skip
    """Append the op in the form that its way back needs; how to go that way.

    `flags` says which operands vary, `wanted` which results' cotangents will arrive.
    """
    return _RULES[op.name](reverse, builder, op, Wanted(flags, wanted), tapes)


# --- branches and calls --------------------------------------------------------------------------


@dataclass(slots=True)
class Plan:
    """The regions of a branch or call, both ways, and what passes from one to the other.

    Positions: `sources` and `operands` of operands (that get cotangents; that the way back reads),
    `targets` of results. `slots` are kept values, new ones by type or results by number; `places`
    says, per region, in which slot a value is.
    """

    head: int
    joints: list[Joint]
    sources: list[int]
    targets: list[int]
    operands: list[int]
    slots: list[Type | int]
    places: list[dict[Value, int]]
    taped: bool
    # Per source, the numbers of the regions that use it.
    uses: list[list[int]]
    outward: tuple[Block, ...] = ()
    back: tuple[Block, ...] = ()

    def new(self) -> list[Type]:
        """The types of the further results."""
        return [s for s in self.slots if isinstance(s, Type)]


@dataclass(slots=True)
class _Branches(Record):
    """A branch or call that ran; `held` are its slots' values."""

    plan: Plan
    held: list[Value]
    tape: Value | None
    tapes: Tapes

    def present(self, conditions: Conditions, builder: Builder, op: Op, k: int) -> Demand:
        plan = self.plan
        if k not in plan.sources:
            return None
        uses = plan.uses[plan.sources.index(k)]
        if not plan.head or len(uses) in (0, len(plan.joints)):
            return None
        if op.name == "cond":
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
        seeds = [sweep.made(cts[k], op.results[k].type) for k in plan.targets]
        bases = [None if b is None else sweep.withdraw(op, k)
                 for k, b in zip(plan.sources, plan.joints[0].bases, strict=True)]  # fmt: skip
        operands = [*op.operands[: plan.head], *(op.operands[k] for k in plan.operands),
                    *self.held, *seeds, *(b.value for b in bases if b is not None)]  # fmt: skip
        if self.tape is not None:
            operands.append(self.tapes.back(self.tape))
        found = list(sweep.builder.emit(op.primitive, operands, _named(op), plan.back).results)
        if self.tape is not None:
            self.tapes.emptied(found.pop())
        for k, base, value in zip(plan.sources, bases, found, strict=True):
            sweep.deliver(op, k, value, base)


def _named(op: Op) -> dict[str, Any]:
    """The attributes of the reverse op."""
    if "name" not in op.attrs:
        return dict(op.attrs)
    return {**op.attrs, "name": f"{op.attrs['name']}.adjoint"}


def _branch(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: Tapes
) -> Record:  # fmt: skip
    key = op.regions, tuple(wanted.flags), tuple(wanted.results)
    if key not in reverse.plans:
        reverse.plans[key] = _plan(reverse, op, wanted)
    plan = reverse.plans[key]
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
    ran = Op(op.primitive, tuple(operands), op.attrs, tuple(results), plan.outward, op.loc)
    builder.ops.append(ran)
    return _Branches(plan, held, tape, tapes)


def _plan(reverse: Reverse, op: Op, wanted: Wanted) -> Plan:
    form = form_of(op)
    needed = reverse.flow.needed(op, wanted.flags, wanted.results)
    sources, targets = numbers(needed), numbers(wanted.results)
    joints = []
    for body in form.bodies:
        given = [body.params[k - form.head] for k in sources]
        based = [bool(p.type.shape) for p in given]
        joints.append(reverse.joint(body, given, [body.results[k] for k in targets], based))
    kept = [keep(j, set(j.body.params), set(j.body.results)) for j in joints]
    for k in kept:
        note(reverse.entries, op, k, 1)
    read = {form.head + j.body.params.index(v)
            for j, k in zip(joints, kept, strict=True) for v in k.invariant}  # fmt: skip
    slots, places = _merged(joints, [k.stored for k in kept])
    taped = any(j.thread.entry is not None for j in joints)
    plan = Plan(form.head, joints, sources, targets, sorted(read), slots, places, taped,
                _uses(reverse, op, wanted, sources))  # fmt: skip
    plan.outward = tuple(_outward(plan, j, p) for j, p in zip(joints, places, strict=True))
    plan.back = tuple(_back(plan, j, p) for j, p in zip(joints, places, strict=True))
    return plan


def _uses(reverse: Reverse, op: Op, wanted: Wanted, sources: Sequence[int]) -> list[list[int]]:
    form, reached = form_of(op), []
    for body, activity in zip(form.bodies, reverse.flow.inside(op, wanted.flags)[1], strict=True):
        targets = [v for v, w in zip(body.results, wanted.results, strict=True) if w]
        needed = activity.needed(body, targets)
        reached.append([body.params[k - form.head] in needed for k in sources])
    return [numbers(column) for column in zip(*reached, strict=True)]


def _merged(
    joints: Sequence[Joint], stored: Sequence[Sequence[Value]]
) -> tuple[list[Type | int], list[dict[Value, int]]]:
    """Slots that the regions share by type; what is a result anyway needs none."""
    slots: list[Type | int] = []
    places: list[dict[Value, int]] = []
    for joint, values in zip(joints, stored, strict=True):
        taken: dict[Value, int] = {}
        for value in values:
            results = joint.body.results
            kind = results.index(value) if value in results else value.type
            options = (n for n, slot in enumerate(slots)
                       if slot == kind and n not in taken.values())  # fmt: skip
            taken[value] = next(options, len(slots))
            if taken[value] == len(slots):
                slots.append(kind)
        places.append(taken)
    return slots, places


def _outward(plan: Plan, joint: Joint, places: dict[Value, int]) -> Block:
    """A region returning what is kept, zeros where it has nothing for a slot."""
    fill = Builder()
    held = {n: v for v, n in places.items()}
    extra = [held.get(n) or fill.const(0, slot)
             for n, slot in enumerate(plan.slots) if isinstance(slot, Type)]  # fmt: skip
    params, results = list(joint.body.params), [*joint.body.results, *extra]
    if plan.taped:
        entry = joint.thread.entry or Value(TAPE, "tape")
        params.append(entry)
        results.append(joint.thread.top or entry)
    return closed([*joint.ops, *fill.ops], params, results)


def _back(plan: Plan, joint: Joint, places: dict[Value, int]) -> Block:
    """The region of the reverse op."""
    given = [joint.body.params[k - plan.head] for k in plan.operands]
    held = {n: v for v, n in places.items()}
    types = [joint.body.results[s].type if isinstance(s, int) else s for s in plan.slots]
    slots = [held.get(n) or Value(t) for n, t in enumerate(types)]
    entering = [*given, *slots, *joint.seeds, *(b for b in joint.bases if b is not None)]
    results = list(joint.found)
    if plan.taped:
        tape = joint.thread.back_entry or Value(TAPE, "tape")
        entering.append(tape)
        results.append(joint.thread.back_top or tape)
    return closed(joint.ops, entering, results)


# --- calls that keep their operands only ---------------------------------------------------------


@dataclass(slots=True)
class Again(Record):
    """A call whose way back runs the function again."""

    sources: list[int]
    targets: list[int]
    back: Block
    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        seeds = [sweep.made(cts[k], op.results[k].type) for k in self.targets]
        operands = (*op.operands, *seeds)
        found = sweep.builder.emit(op.primitive, operands, _named(op), (self.back,)).results
        for k, value in zip(self.sources, found, strict=True):
            sweep.deliver(op, k, value)


def _call(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: Tapes
) -> Record:  # fmt: skip
    if not op.attrs.get("checkpoint", False):
        return _branch(reverse, builder, op, wanted, tapes)
    key = op.regions, tuple(wanted.flags), tuple(wanted.results)
    if key not in reverse.again:
        reverse.again[key] = _again(reverse, op, wanted)
    builder.ops.append(op)
    return reverse.again[key]


def _again(reverse: Reverse, op: Op, wanted: Wanted) -> Again:
    (body,) = op.regions
    sources = numbers(reverse.flow.needed(op, wanted.flags, wanted.results))
    targets = numbers(wanted.results)
    given = [body.params[k] for k in sources]
    results = [body.results[k] for k in targets]
    joint = reverse.joint(body, given, results, [False for _ in given], tapes=Tapes())
    back = closed(joint.ops, [*body.params, *joint.seeds], joint.found)
    return Again(sources, targets, back)


def _scan(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: Tapes
) -> Record:  # fmt: skip
    rule = augment_checkpointed if is_checkpointed(op) else augment_loop
    return rule(reverse, builder, op, wanted, tapes)


_Rule = Callable[["Reverse", Builder, Op, Wanted, Tapes], Record]
_RULES: dict[str, _Rule] = {
    "call": _call,
    "cond": _branch,
    "custom": augment_custom,
    "fori_loop": augment_loop,
    "scan": _scan,
    "switch": _branch,
    "while_loop": augment_loop,
}
