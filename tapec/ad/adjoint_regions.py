"""Adjoints of branches, calls and custom rules; loops are in `tapec.ad.adjoint_loops`.

Every op with regions runs in a form that also returns what its way back needs; the reverse op has
the same condition and reads that. Branches not taken return zeros in those places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tapec.ad.adjoint_loops import augment_loop
from tapec.ad.flow import form_of
from tapec.ad.joint import Joint, Tapes, between, copied
from tapec.ad.record import Wanted, fresh, note
from tapec.ad.sweep import Record, Sweep
from tapec.ad.tape import keep
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import TAPE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.rewrite import replay
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
class _Branches(Record):
    """The regions both ways; `operands` and `slots` are what the reverse op reads."""

    joints: list[Joint]
    sources: list[int]
    targets: list[int]
    operands: list[int]
    # Per region, where in `slots` its kept values are.
    places: list[dict[Value, int]]
    slots: list[Value]
    tape: Value | None
    tapes: Tapes
    name: str = ""

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        form = form_of(op)
        seeds = [sweep.made(cts[k], op.results[k].type) for k in self.targets]
        based = [b is not None for b in self.joints[0].bases]
        bases = [sweep.withdraw(op, k) if b else None
                 for k, b in zip(self.sources, based, strict=True)]  # fmt: skip
        operands = [*op.operands[: form.head], *(op.operands[k] for k in self.operands),
                    *self.slots, *seeds, *(b.value for b in bases if b is not None)]  # fmt: skip
        if self.tape is not None:
            operands.append(self.tapes.back(self.tape))
        regions = tuple(self._region(j, p, form.head) for j, p in
                        zip(self.joints, self.places, strict=True))  # fmt: skip
        attrs = {**op.attrs, "name": f"{op.attrs['name']}.adjoint"} if self.name else op.attrs
        found = list(sweep.builder.emit(op.primitive, operands, attrs, regions).results)
        if self.tape is not None:
            self.tapes.emptied(found.pop())
        for k, base, value in zip(self.sources, bases, found, strict=True):
            sweep.deliver(op, k, value, base)

    def _region(self, joint: Joint, places: dict[Value, int], head: int) -> Block:
        params = [joint.body.params[k - head] for k in self.operands]
        bound = {p: Value(p.type, p.hint) for p in params}
        slots = fresh(self.slots)
        bound.update((v, slots[n]) for v, n in places.items())
        entering = [*joint.seeds, *(b for b in joint.bases if b is not None)]
        bound.update((v, Value(v.type, v.hint)) for v in entering)
        outer = [*(bound[p] for p in params), *slots, *(bound[v] for v in entering)]
        results = list(joint.found)
        if self.tape is not None:
            tape = joint.thread.back_entry or Value(TAPE, "tape")
            bound[tape] = Value(TAPE, "tape")
            outer.append(bound[tape])
            results.append(joint.thread.back_top or tape)
        ops, _ = between(joint.ops, bound, results)
        return copied(ops, outer, bound, results)


def _branch(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: Tapes
) -> Record:  # fmt: skip
    form = form_of(op)
    needed = reverse.flow.needed(op, wanted.flags, wanted.results)
    sources = [k for k, n in enumerate(needed) if n]
    targets = [k for k, w in enumerate(wanted.results) if w]
    joints = [
        reverse.joint(
            body,
            [body.params[k - form.head] for k in sources],
            [body.results[k] for k in targets],
            [bool(op.operands[k].type.shape) for k in sources],
            in_loop=False,
        )
        for body in form.bodies
    ]
    kept = [keep(j, set(j.body.params), set(j.body.results)) for j in joints]
    for k in kept:
        note(reverse.entries, op, k, 1)
    slots, places = _merged(op, joints, [k.stored for k in kept])
    read = {j.body.params.index(v) for j, k in zip(joints, kept, strict=True) for v in k.invariant}
    taped = any(j.thread.entry is not None for j in joints)
    made, tape = _emit(builder, op, joints, slots, places, tapes if taped else None)
    return _Branches(joints, sources, targets, sorted(k + form.head for k in read), places,
                     made, tape, tapes, op.attrs.get("name", ""))  # fmt: skip


def _merged(
    op: Op, joints: Sequence[Joint], stored: Sequence[Sequence[Value]]
) -> tuple[list[Value | int], list[dict[Value, int]]]:
    """Slots that the regions share by type: new values, or numbers of results that are kept."""
    slots: list[Value | int] = []
    places: list[dict[Value, int]] = []
    for joint, values in zip(joints, stored, strict=True):
        taken: dict[Value, int] = {}
        for value in values:
            slot = _slot(op, joint, value, slots, set(taken.values()))
            if slot == len(slots):
                slots.append(Value(value.type, value.hint))
            taken[value] = slot
        places.append(taken)
    return slots, places


def _slot(op: Op, joint: Joint, value: Value, slots: list[Value | int], taken: set[int]) -> int:
    if value in joint.body.results:
        number = joint.body.results.index(value)
        if number not in slots:
            slots.append(number)
        return slots.index(number)
    for n, slot in enumerate(slots):
        if isinstance(slot, Value) and slot.type == value.type and n not in taken:
            return n
    return len(slots)


def _emit(
    builder: Builder, op: Op, joints: Sequence[Joint], slots: Sequence[Value | int],
    places: Sequence[dict[Value, int]], tapes: Tapes | None,
) -> tuple[list[Value], Value | None]:  # fmt: skip
    """Append the op with the new slots as further results; what all slots hold after it."""
    new = [n for n, slot in enumerate(slots) if isinstance(slot, Value)]
    held = [op.results[s] if isinstance(s, int) else s for s in slots]
    if not new and tapes is None:
        builder.ops.append(op)
        return held, None
    operands, results = list(op.operands), [*op.results, *(held[n] for n in new)]
    tape = None
    if tapes is not None:
        operands.append(tapes.begin(builder))
        tape = Value(TAPE, "tape")
        results.append(tape)
        tapes.end(tape)
    regions = tuple(
        _outward(j, [(held[n].type, at) for n in new for at in [_held(p, n)]], tape is not None)
        for j, p in zip(joints, places, strict=True)
    )
    builder.ops.append(Op(op.primitive, tuple(operands), op.attrs, tuple(results), regions, op.loc))
    return held, tape


def _held(places: dict[Value, int], slot: int) -> Value | None:
    return next((v for v, n in places.items() if n == slot), None)


def _outward(joint: Joint, kept: Sequence[tuple[Type, Value | None]], taped: bool) -> Block:
    """A region returning what is kept, zeros where it has nothing for a slot."""
    fill = Builder()
    extra = [fill.const(0, type) if value is None else value for type, value in kept]
    params, results = list(joint.body.params), [*joint.body.results, *extra]
    if taped:
        entry = joint.thread.entry or Value(TAPE, "tape")
        params.append(entry)
        results.append(joint.thread.top or entry)
    ops, _ = between([*joint.ops, *fill.ops], set(params), results)
    return Block(tuple(params), tuple(ops), tuple(results))


# --- calls that keep their operands only ---------------------------------------------------------


@dataclass(slots=True)
class _Again(Record):
    """A call whose way back runs the function again."""

    joint: Joint
    sources: list[int]
    targets: list[int]
    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        joint = self.joint
        seeds = [sweep.made(cts[k], op.results[k].type) for k in self.targets]
        bound = {v: Value(v.type, v.hint) for v in (*joint.body.params, *joint.seeds)}
        start = Builder()
        thread = joint.thread
        if thread.entry is not None:
            tape = start.emit(PRIMITIVES["tape"], ()).result
            bound[thread.entry] = tape
        ops, _ = between(joint.ops, bound, joint.found)
        region = copied([*start.ops, *ops], [bound[v] for v in (*joint.body.params, *joint.seeds)],
                        bound, joint.found)  # fmt: skip
        attrs = {**op.attrs, "name": f"{op.attrs['name']}.adjoint"}
        found = sweep.builder.emit(op.primitive, (*op.operands, *seeds), attrs, (region,)).results
        for k, value in zip(self.sources, found, strict=True):
            sweep.deliver(op, k, value)


# --- custom rules --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Custom(Record):
    """A function with a rule of the user's."""

    reverse: Reverse
    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        rules = dict(zip(op.attrs["rules"], op.regions[1:], strict=True))
        given = [sweep.made(ct, v.type)
                 for v, ct in zip(op.results, cts, strict=True) if v.type.is_float]  # fmt: skip
        moving = [k for k, v in enumerate(op.operands) if v.type.is_float]
        if "vjp" in rules:
            found = replay(rules["vjp"], sweep.builder, [*op.operands, *given])
        else:
            found = self._transposed(sweep, op, rules["jvp"], moving, given)
        for k, value in zip(moving, found, strict=True):
            if op.operands[k] in sweep.activity.varied:
                sweep.deliver(op, k, value)

    def _transposed(
        self, sweep: Sweep, op: Op, rule: Block, moving: Sequence[int], given: Sequence[Value]
    ) -> list[Value]:
        """The tangents' rule backwards: it is linear in the tangents, so their value is free."""
        builder = sweep.builder
        tangents = [builder.const(0.0, op.operands[k].type) for k in moving]
        start = len(builder.ops)
        outs = replay(rule, builder, [*op.operands, *tangents])
        body = Block(tuple(tangents), tuple(builder.ops[start:]), tuple(outs))
        found = self.reverse.pull_back(builder, Func("jvp", body), tangents, given)
        return [sweep.made(v if isinstance(v, Value) else None, t.type)
                for v, t in zip(found, tangents, strict=True)]  # fmt: skip


def _custom(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: Tapes
) -> Record:  # fmt: skip
    if not op.attrs["rules"]:
        raise NonDifferentiableError("this function has no derivative rule", where=op.loc,
                                     hint="give vjp= or jvp= to custom_rule")  # fmt: skip
    builder.ops.append(op)
    return _Custom(reverse)


_Rule = Callable[["Reverse", Builder, Op, Wanted, Tapes], Record]
_RULES: dict[str, _Rule] = {
    "call": _branch,
    "cond": _branch,
    "custom": _custom,
    "fori_loop": augment_loop,
    "scan": augment_loop,
    "switch": _branch,
    "while_loop": augment_loop,
}
