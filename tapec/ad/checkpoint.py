"""Loops that keep few carries and run again from them: the binomial schedule.

The schedule (see `tapec.ad.revolve`) is found while running: going back, the iterations up to the
wanted one are run from the last snapshot, leaving snapshots behind where the binomial numbers say.
So the program does not grow with the length of the loop.

At any time `checkpoint` snapshots of the carried values are held, one place more to write to, and
what a single iteration needs. `advances` + 1 iterations are run forward in the whole gradient,
beside those that are reversed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.ad.adjoint_loops import Parts, found_order, joint_of, parts_of
from tapec.ad.joint import JointBody, TapeSource, closed
from tapec.ad.region_support import Wanted, types_of
from tapec.ad.reverse import Reverse
from tapec.ad.revolve import INT, integer, region, row, stretch_of, stretches, written
from tapec.ad.sweep import RegionPullback, Sweep
from tapec.ad.tape import TapeEntry, slot_bytes
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Op, Value
from tapec.ir.places import full_range
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.regions import RegionOp, region_op
from tapec.ir.rewrite import replay

# --- forward and reverse -------------------------------------------------------------------------


def is_checkpointed(op: Op) -> bool:
    """Whether a loop is to keep a bounded number of carries (tapes cannot be kept)."""
    if op.attrs.get("checkpoint", 0) <= 0 or op.attrs["length"] <= 1:
        return False
    carried = region_op(op).starts
    return bool(carried) and all(not v.type.is_tape for v in carried)


def augment_checkpointed(
    reverse: Reverse, builder: Builder, op: Op, wanted: Wanted, tapes: TapeSource
) -> RegionPullback:
    """Append the loop in stretches, with the carries at their starts as further results."""
    form = region_op(op)
    parts = parts_of(reverse, op, form, wanted)
    joint = joint_of(reverse, form, parts, TapeSource())
    snapshots = op.attrs["checkpoint"]
    lengths = stretches(op.attrs["length"], snapshots)
    starts = np.cumsum([0, *lengths[:-1]])
    kept = _run(builder, op, form, np.array(lengths), starts)
    carried = form.state(form.body)
    reverse.entries += [
        TapeEntry(v.hint, op.loc, v.type, slot_bytes(v.type), snapshots + 1, "stored")
        for v in carried
    ]
    places = np.append(starts, np.zeros(snapshots + 1 - len(starts), np.int64))
    return _Checkpointed(op, form, parts, joint, snapshots, kept, places, len(starts))


def _run(
    builder: Builder, op: Op, form: RegionOp, lengths: np.ndarray[Any, Any],
    starts: np.ndarray[Any, Any],
) -> list[Value]:  # fmt: skip
    """The forward loops; the carries at the starts of stretches."""
    consts, init, xs = form.groups(form.args)
    ys = op.results[form.carry :]
    fixed, moving = [*consts, *xs], [*init, *(builder.const(0, y.type) for y in ys)]
    rows = [builder.const(lengths), builder.const(starts)]
    count, carry = len(fixed), len(moving)

    def one(b: Builder, args: list[Value]) -> list[Value]:
        j, start, *given = args
        t = (Expr(b, start) + Expr(b, j)).value
        i = _number(b, op, t)
        state = given[count : count + form.carry]
        found = _step(b, op, form, i, given[:count], state)
        buffers = given[count + form.carry :]
        stored = [written(b, buffer, y, i)
                   for buffer, y in zip(buffers, found[form.carry :], strict=True)]  # fmt: skip
        return [*found[: form.carry], *stored]

    def some(b: Builder, args: list[Value]) -> list[Value]:
        _, *given, length, start = args
        attrs = {"consts": count + 1, "carry": carry}
        body = region([INT, INT, *types_of(given)], one, op.loc)
        after = b.emit(PRIMITIVES["fori_loop"], [length, start, *given], attrs, (body,)).results
        return [*after, *given[count : count + form.carry]]

    types = [INT, *types_of([*fixed, *moving]), INT, INT]
    attrs = {"consts": count, "carry": carry, "length": len(starts)}
    operands = [*fixed, *moving, *rows]
    ran = builder.emit(PRIMITIVES["scan"], operands, attrs, (region(types, some, op.loc),))
    kept = list(ran.results[carry:])
    builder.ops[-1] = Op(
        ran.primitive, ran.operands, ran.attrs, (*op.results, *kept), ran.regions, op.loc
    )
    return kept


@dataclass(slots=True)
class _Checkpointed(RegionPullback):
    """A loop that ran in stretches; `kept` are the carries at `places`, of which `used` count."""

    op: Op
    form: RegionOp
    parts: Parts
    joint: JointBody
    snapshots: int
    kept: list[Value]
    places: np.ndarray[Any, Any]
    used: int
    tape: Value | None = None

    def pull(self, sweep: Sweep, op: Op, cts: Sequence[Value | None]) -> None:
        form, parts, b = self.form, self.parts, sweep.builder
        consts, _, xs = form.groups(form.args)
        seeds = [sweep.materialised(cts[k], op.results[k].type) for k in parts.carried]
        bases = [sweep.taken_or_zeros(op, k) for k in parts.consts]
        numbers = [form.carry + k for k in parts.ys]
        rows = [sweep.materialised(cts[k], op.results[k].type) for k in numbers]
        stacks = [self._snapshots(b, v) for v in self.kept]
        carry = [*seeds, *(base.value for base in bases), *stacks, b.const(self.places),
                 b.const(self.used, INT)]  # fmt: skip
        fixed = [*consts, *xs]
        types = [INT, *types_of(fixed), *types_of(carry),
                 *(v.type.with_shape(v.type.shape[1:]) for v in rows)]  # fmt: skip
        attrs = {"consts": len(fixed), "carry": len(carry), "length": op.attrs["length"],
                 "reverse": not op.attrs.get("reverse", False)}  # fmt: skip
        body = region(types, self._back, op.loc)
        found = b.emit(PRIMITIVES["scan"], [*fixed, *carry, *rows], attrs, (body,)).results
        for k, value in zip(parts.carried, found, strict=False):
            if op.operands[form.consts + k] in sweep.activity.varied:
                sweep.accumulate_result(op, form.consts + k, value)
        for k, base, value in zip(parts.consts, bases, found[len(seeds) :], strict=False):
            sweep.accumulate_result(op, k, value, base)
        for k, value in zip(parts.slices, found[len(carry) :], strict=True):
            sweep.accumulate_result(op, form.consts + form.carry + k, value)

    def _snapshots(self, b: Builder, kept: Value) -> Value:
        """The snapshots, in an array with a place for each, and one more."""
        shape = kept.type.shape[1:]
        zeros = b.const(0, kept.type.with_shape((self.snapshots + 1, *shape)))
        return b.emit(
            PRIMITIVES["update"], (zeros, kept), {"at": full_range(kept.type.shape)}
        ).result

    def _back(self, b: Builder, args: list[Value]) -> list[Value]:
        """One iteration reversed: its state found from the last snapshot."""
        form, parts = self.form, self.parts
        count = form.consts + len(self.op.operands[form.consts + form.carry :])
        i, fixed, rest = args[0], args[1 : count + 1], args[count + 1 :]
        cts = rest[: len(parts.carried) + len(parts.consts)]
        stacks = rest[len(cts) : len(cts) + form.carry]
        places, used, *rows = rest[len(cts) + form.carry :]
        t = _number(b, self.op, i)
        top = (Expr(b, used) - 1).value
        state = [row(b, s, top) for s in stacks]
        looking = [row(b, places, top), used, places, *stacks, *state]
        found = self._advance(b, [t, *fixed], looking)
        _, used, places, *stacks = found[: 3 + form.carry]
        state = found[3 + form.carry :]
        top = (Expr(b, used) - 1).value
        spent = PRIMITIVES["convert"](Expr(b, row(b, places, top)).equals(Expr(b, t)), dtype="i64")
        pulled = replay(self._run_and_reverse(), b, [i, *fixed[: form.consts], *state,
                        *(row(b, x, i) for x in fixed[form.consts :]), *cts, *rows])  # fmt: skip
        order = found_order(parts)
        moved = [pulled[n] for n in order]
        left = (Expr(b, used) - spent).value
        return [*moved[: len(cts)], *stacks, places, left, *moved[len(cts) :]]

    def _run_and_reverse(self) -> Block:
        """An iteration run and reversed at once: its inputs and cotangents -> cotangents."""
        joint, split = self.joint, len(self.parts.carried)
        bases = [base for base in joint.bases if base is not None]
        entering = [*joint.body.params, *joint.seeds[:split], *bases, *joint.seeds[split:]]
        return closed(joint.ops, entering, joint.found)

    def _advance(self, b: Builder, fixed: list[Value], carry: list[Value]) -> list[Value]:
        """Run forward to iteration t, leaving snapshots: (place, used, places, stacks, state)."""
        count = len(fixed)

        def before(b: Builder, args: list[Value]) -> list[Value]:
            return [(Expr(b, args[count]) < Expr(b, args[0])).value]

        def stage(b: Builder, args: list[Value]) -> list[Value]:
            return self._next_snapshot(b, args[:count], args[count:])

        types = types_of([*fixed, *carry])
        regions = (region(types, before, self.op.loc), region(types, stage, self.op.loc))
        attrs = {"consts": count, "carry": len(carry)}
        return list(b.emit(PRIMITIVES["while_loop"], [*fixed, *carry], attrs, regions).results)

    def _next_snapshot(self, b: Builder, fixed: list[Value], carry: list[Value]) -> list[Value]:
        """From one snapshot to the next, or to t where no place is free."""
        op, form = self.op, self.form
        t, *given = fixed
        place, used, places = (Expr(b, v) for v in carry[:3])
        stacks, state = carry[3 : 3 + form.carry], carry[3 + form.carry :]
        free = integer(place, self.snapshots + 1) - used
        length = stretch_of(Expr(b, t) - place + 1, free)

        def one(b: Builder, args: list[Value]) -> list[Value]:
            j, start, *rest = args
            i = _number(b, op, (Expr(b, start) + Expr(b, j)).value)
            found = _step(b, op, form, i, rest[: len(given)], rest[len(given) :])
            return found[: form.carry]

        operands = [length.value, place.value, *given, *state]
        attrs = {"consts": 1 + len(given), "carry": len(state)}
        body = region([INT, *types_of(operands[1:])], one, op.loc)
        state = list(b.emit(PRIMITIVES["fori_loop"], operands, attrs, (body,)).results)
        place = place + length
        stacks = [written(b, s, v, used.value) for s, v in zip(stacks, state, strict=True)]
        marked = written(b, places.value, place.value, used.value)
        more = PRIMITIVES["convert"](free > 1, dtype="i64")
        return [place.value, (used + more).value, marked, *stacks, *state]


def _step(
    b: Builder, op: Op, form: RegionOp, i: Value, fixed: Sequence[Value], state: Sequence[Value]
) -> list[Value]:
    """One iteration of the loop; its slices are taken from the arrays behind the constants."""
    slices = [row(b, x, i) for x in fixed[form.consts :]]
    return replay(form.body, b, [i, *fixed[: form.consts], *state, *slices])


def _number(b: Builder, op: Op, t: Value) -> Value:
    """The number of the iteration run at time t, and the other way round."""
    if not op.attrs.get("reverse", False):
        return t
    return (integer(Expr(b, t), op.attrs["length"] - 1) - Expr(b, t)).value
