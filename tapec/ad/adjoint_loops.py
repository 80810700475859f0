"""Adjoints of loops: a loop in the other direction over what the iterations kept.

A `scan` keeps values as further results per iteration; loops of unknown length push them on a
tape. What an iteration only reads (a constant of the loop) is not kept, the reverse loop reads it
too; its cotangent is carried, starting from what has arrived for it so far, so that every
iteration adds in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tapec.ad.demand import Conditions, Demand
from tapec.ad.induction import INT, Counter, counters, read_counters
from tapec.ad.joint import JointBody, TapeSource, between, closed, popped
from tapec.ad.region_support import Wanted, costly_to_keep, fresh, positions, report_kept
from tapec.ad.reverse import Reverse
from tapec.ad.sweep import RegionPullback, Sweep
from tapec.ad.tape import keep
from tapec.ad.tuning import UNKNOWN_TRIPS
from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import SCAN, TAPE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.regions import RegionOp, region_op


@dataclass(frozen=True, slots=True)
class Parts:
    """Which constants, carried values, slices and results per iteration have cotangents."""

    consts: list[int]
    carried: list[int]
    slices: list[int]
    ys: list[int]


@dataclass(slots=True)
class _Loop(RegionPullback):
    """A loop, forward and reverse."""

    form: RegionOp
    parts: Parts
    joint: JointBody
    # Constants and slices that the reverse loop reads, what was kept, and where.
    read_consts: list[int]
    read_slices: list[int]
    read_counters: list[Counter]
    kept: list[Value]
    stacked: list[Value]
    tape: Value | None
    tapes: TapeSource
    count: Value | None

    def present(self, conditions: Conditions, builder: Builder, op: Op, k: int) -> Demand:
        if self.count is None or not 0 <= k - self.form.lead < self.form.consts:
            return None
        # A loop without iterations does not use its constants.
        return builder.emit(PRIMITIVES["greater"], (self.count, builder.const(0, INT))).result

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        form, parts = self.form, self.parts
        consts, _, xs = form.groups(form.args)
        first = form.first
        seeds = [sweep.materialised(cts[k], op.results[k].type) for k in parts.carried]
        bases = [sweep.taken_or_zeros(op, form.lead + k) for k in parts.consts]
        carry = [*seeds, *(b.value for b in bases)]
        if self.tape is not None:
            carry.append(self.tapes.back(self.tape))
        seeds_ys = [sweep.materialised(cts[form.carry + k], op.results[form.carry + k].type)
                    for k in parts.ys]  # fmt: skip
        fixed = [*(consts[k] for k in self.read_consts),
                 *(op.operands[first + c.position] for c in self.read_counters)]  # fmt: skip
        sliced = [*self.stacked, *(xs[k] for k in self.read_slices), *seeds_ys]
        found = self._emit(sweep.builder, op, fixed, carry, sliced)
        if self.tape is not None:
            self.tapes.emptied(found.pop(len(carry) - 1))
        starts = [first + k for k in parts.carried]
        for k, value in zip(starts, found, strict=False):
            if op.operands[k] in sweep.activity.varied:
                sweep.accumulate_result(op, k, value)
        found = found[len(starts) :]
        for k, base, value in zip(parts.consts, bases, found, strict=False):
            sweep.accumulate_result(op, form.lead + k, value, base)
        for k, value in zip(parts.slices, found[len(bases) :], strict=True):
            sweep.accumulate_result(op, first + form.carry + k, value)

    def _emit(
        self, builder: Builder, op: Op, consts: Sequence[Value], carry: Sequence[Value],
        xs: Sequence[Value],
    ) -> list[Value]:  # fmt: skip
        attrs: dict[str, Any] = {"consts": len(consts), "carry": len(carry)}
        operands, name = [*consts, *carry, *xs], "fori_loop"
        if op.primitive is SCAN:
            name = "scan"
            attrs["length"] = op.attrs["length"]
        else:
            assert self.count is not None
            operands.insert(0, self.count)
        attrs["reverse"] = not op.attrs.get("reverse", False)
        return list(builder.emit(PRIMITIVES[name], operands, attrs, (self._body(),)).results)

    def _body(self) -> Block:
        joint, form, count = self.joint, self.form, len(self.parts.carried)
        consts, _, xs = form.groups(form.params(form.body))
        counter = form.body.params[0] if form.skip else Value(INT, "i")
        bases = [b for b in joint.bases if b is not None]
        starts = fresh(c.param for c in self.read_counters)
        carried = [*(consts[k] for k in self.read_consts), *starts, *joint.seeds[:count], *bases]
        counted = [op for c, start in zip(self.read_counters, starts, strict=True)
                   for op in c.at(counter, start)]  # fmt: skip
        sliced = [*(self.kept if self.stacked else ()), *(xs[k] for k in self.read_slices),
                  *joint.seeds[count:]]  # fmt: skip
        results = [joint.found[n] for n in found_order(self.parts)]
        if self.tape is None:
            return closed([*counted, *joint.ops], [counter, *carried, *sliced], results)
        back = joint.thread.back_entry or Value(TAPE, "tape")
        first, tape = popped([] if self.stacked else self.kept, back)
        results.insert(count + len(bases), joint.thread.back_top or back)
        # The values kept come off the tape: the ops that define them are dropped.
        ops, _ = between(joint.ops, {back, *self.kept}, results)
        return closed([*first, *counted, *ops], [counter, *carried, tape, *sliced], results)


def found_order(parts: Parts) -> list[int]:
    """The sources' cotangents as a reverse loop returns them: carried, constants, slices."""
    consts, carried = len(parts.consts), len(parts.carried)
    total = consts + carried + len(parts.slices)
    return [*range(consts, consts + carried), *range(consts), *range(consts + carried, total)]


def augment_loop(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: TapeSource
) -> RegionPullback:  # fmt: skip
    """Append the loop in the form that stores what its reverse needs."""
    form, body = region_op(op), region_op(op).body
    parts = parts_of(reverse, op, form, wanted)
    consts, carried, slices = form.groups(form.params(body))
    runs = op.attrs.get("length", UNKNOWN_TRIPS)
    costly = costly_to_keep(consts, reverse.are_invariant(form.groups(form.args)[0]))
    # Constants of fewer elements than there are iterations are kept whole.
    passing = {*carried, *(p for p in costly if p.type.size > runs)}
    with reverse.region(body.params, [p not in passing for p in body.params], loop=True):
        joint = joint_of(reverse, form, parts)
    counted = [] if op.attrs.get("reverse", False) else counters(form)
    known = {*body.params[: form.skip], *consts, *slices, *(c.param for c in counted)}
    kept = keep(joint, known - costly, set(body.results[form.carry :]), costly, runs)
    report_kept(reverse.entries, op, joint.ops, kept, op.attrs.get("length"))
    read = set(kept.invariant)
    dynamic = op.primitive is not SCAN
    taped = joint.thread.entry is not None or bool(dynamic and kept.stored)
    made = _Loop(
        form, parts, joint, positions(p in read for p in consts),
        positions(p in read for p in slices),
        read_counters(counted, kept.invariant), kept.stored, [], None, tapes, None,
    )  # fmt: skip
    _ForwardLoop(made, op, builder, taped).emit()
    return made


def parts_of(reverse: Reverse, op: Op, form: RegionOp, wanted: Wanted) -> Parts:
    """What of a loop has cotangents."""
    flow = reverse.flow
    varying, _ = flow.inside(op, wanted.flags)
    needed = flow.needed(op, wanted.flags, wanted.results)
    results = flow.closure(op, wanted.flags, wanted.results)
    consts, carried, slices = form.groups(needed[form.lead :])
    _, varied, _ = form.groups(varying[form.lead :])
    both = [n and v and r for n, v, r in zip(carried, varied, results, strict=False)]
    return Parts(
        positions(consts), positions(both), positions(slices), positions(results[form.carry :])
    )


def joint_of(
    reverse: Reverse, form: RegionOp, parts: Parts, tapes: TapeSource | None = None
) -> JointBody:
    """The joint body."""
    consts, carried, slices = form.groups(form.params(form.body))
    sources = [*(consts[k] for k in parts.consts), *(carried[k] for k in parts.carried),
               *(slices[k] for k in parts.slices)]  # fmt: skip
    after, ys = form.body.results[: form.carry], form.body.results[form.carry :]
    targets = [*(after[k] for k in parts.carried), *(ys[k] for k in parts.ys)]
    based = [k < len(parts.consts) for k in range(len(sources))]
    return reverse.joint(form.body, sources, targets, based, in_loop=True, tapes=tapes)


@dataclass(slots=True)
class _ForwardLoop:
    """The forward loop, with a tape or further results."""

    loop: _Loop
    op: Op
    builder: Builder
    taped: bool

    def emit(self) -> None:
        """Append it, and tell the loop where things are kept."""
        if self.op.primitive is SCAN:
            self._scan()
        else:
            self._dynamic()

    def _begin(self) -> Value | None:
        return self.loop.tapes.begin(self.builder) if self.taped else None

    def _end(self) -> Value | None:
        """The result that is the tape after the loop."""
        if not self.taped:
            return None
        self.loop.tape = tape = Value(TAPE, "tape")
        self.loop.tapes.end(tape)
        return tape

    def _thread(self) -> tuple[list[Value], list[Value]]:
        """The tape among the body's parameters and results."""
        if not self.taped:
            return [], []
        thread = self.loop.joint.thread
        entry = thread.entry or Value(TAPE, "tape")
        return [entry], [thread.top or entry]

    def _append(
        self, operands: Sequence[Value], carry: int, results: Sequence[Value],
        regions: tuple[Block, ...],
    ) -> None:  # fmt: skip
        op = self.op
        attrs = {**op.attrs, "carry": carry}
        new = Op(op.primitive, tuple(operands), attrs, tuple(results), regions, op.loc)
        self.builder.ops.append(new)

    def _scan(self) -> None:
        loop, op, form = self.loop, self.op, self.loop.form
        body, ys = form.body, form.body.results[form.carry :]
        held = {v: op.results[form.carry + n] for n, v in reversed(list(enumerate(ys)))}
        new = [v for v in loop.kept if v not in held]
        length = op.attrs["length"]
        held.update((v, Value(v.type.with_shape((length, *v.type.shape)), v.hint)) for v in new)
        loop.stacked = [held[v] for v in loop.kept]
        if not new and not self.taped:
            self.builder.ops.append(op)
            return
        entry, top = self._thread()
        stop = form.first + form.carry
        begin, end = self._begin(), self._end()
        tape_in, tape_out = ([] if t is None else [t] for t in (begin, end))
        operands = [*op.operands[:stop], *tape_in, *op.operands[stop:]]
        cut = form.skip + form.consts + form.carry
        params = [*body.params[:cut], *entry, *body.params[cut:]]
        results = [*body.results[: form.carry], *top, *ys, *new]
        outs = [*op.results[: form.carry], *tape_out, *op.results[form.carry :],
                *(held[v] for v in new)]  # fmt: skip
        region = self._region(params, results)
        self._append(operands, form.carry + len(entry), outs, (region,))

    def _region(self, params: Sequence[Value], results: Sequence[Value]) -> Block:
        return closed(self.loop.joint.ops, params, results)

    def _dynamic(self) -> None:
        loop, op, form = self.loop, self.op, self.loop.form
        body, counting = form.body, op.primitive.conditional
        if form.lead:
            loop.count = op.operands[0]
        if not self.taped and not counting:
            self.builder.ops.append(op)
            return
        entry, top = self._thread()
        push = Builder()
        if self.taped and loop.kept:
            top = [push.emit(PRIMITIVES["push"], (*top, *loop.kept)).result]
        extra, params, after, outs = list[Value](), list[Value](), list[Value](), list[Value]()
        if counting:
            counter = Value(INT, "count")
            loop.count = Value(INT, "count")
            extra.append(self.builder.const(0, INT))
            one = push.const(1, INT)
            after.append(push.emit(PRIMITIVES["add"], (counter, one)).result)
            params.append(counter)
            outs.append(loop.count)
        begin, end = self._begin(), self._end()
        if begin is not None and end is not None:
            extra, outs = [*extra, begin], [*outs, end]
        params, after = [*params, *entry], [*after, *top]
        results = [*body.results, *after]
        inner = [*body.params, *params]
        region = closed([*loop.joint.ops, *push.ops], inner, results)
        regions = (*self._conditions(params), region)
        self._append([*op.operands, *extra], form.carry + len(extra), [*op.results, *outs], regions)

    def _conditions(self, params: Sequence[Value]) -> tuple[Block, ...]:
        if not self.op.primitive.conditional:
            return ()
        test = self.op.regions[0]
        return (closed(test.ops, [*test.params, *fresh(params)], test.results),)
