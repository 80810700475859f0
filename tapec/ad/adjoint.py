"""Reverse mode: the program of vector-Jacobian products.

The op list is the tape: the sweep reads it backwards (see `tapec.ad.sweep`). Ops with regions are
first replaced by forms that hand out what their way back needs (see `tapec.ad.adjoint_regions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tapec.ad.activity import Activity, active_params
from tapec.ad.adjoint_regions import Again, augment
from tapec.ad.branch_plan import BranchPlan
from tapec.ad.flow import Flow
from tapec.ad.joint import JointBody, TapeSource, Thread
from tapec.ad.rules import hint_of
from tapec.ad.sweep import RegionPullback, Sweep
from tapec.ad.tape import TapeEntry
from tapec.ad.zeros import ZERO, Derivative, Zero, materialise
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.rewrite import gc_paused
from tapec.ir.verify import verified


@verified
def adjoint(func: Func, active: Sequence[bool]) -> Func:
    """The program (primals, cotangents of float results) -> (results, active inputs' cotangents).

    Inputs no result depends on get zeros. Raises DTypeError where an active input is not a float.
    """
    chosen = active_params(func, active)
    builder = Builder()
    builder.params = list(func.params)
    builder.ops = list(func.ops)
    seeds = [builder.param(v.type, hint_of(v, "ct")) for v in func.results if v.type.is_float]
    found = pull_back(builder, func, chosen, seeds)
    outs = [materialise(builder, ct, p.type) for p, ct in zip(chosen, found, strict=True)]
    return builder.func(f"{func.name}.adjoint", (*func.results, *outs))


def tape_entries(func: Func, active: Sequence[bool]) -> list[TapeEntry]:
    """What the loops and branches of `func` keep for, or compute again in, its reverse sweep."""
    reverse = Reverse()
    builder = Builder()
    builder.ops = list(func.ops)
    seeds = [builder.param(v.type) for v in func.results if v.type.is_float]
    reverse.pull_back(builder, func, active_params(func, active), seeds)
    return reverse.entries


@gc_paused()
def pull_back(
    builder: Builder, func: Func, sources: Sequence[Value], seeds: Sequence[Derivative]
) -> list[Derivative]:
    """Append the reverse sweep of `func`, whose ops the builder already holds.

    `seeds` are the cotangents of the float results in order; returns those of `sources`. Ops with
    regions are replaced, in the builder, by forms that make the same values and more.
    """
    return Reverse().pull_back(builder, func, sources, seeds)


@dataclass(slots=True)
class Reverse:
    """One application of reverse mode: what the rules of its regions share."""

    flow: Flow = field(default_factory=Flow)
    entries: list[TapeEntry] = field(default_factory=list)
    # Calls of one function, wanting the same of it, go the same ways.
    plans: dict[tuple[object, ...], BranchPlan] = field(default_factory=dict)
    again: dict[tuple[object, ...], Again] = field(default_factory=dict)
    # Inside loops, the values that are the same in all iterations (or there anyway).
    lasting: set[Value] | None = None

    def lasts(self, values: Sequence[Value]) -> tuple[bool, ...]:
        """Which values are there on the way back at no cost."""
        return tuple(self.lasting is None or v in self.lasting for v in values)

    @contextmanager
    def region(
        self, params: Sequence[Value], lasting: Sequence[bool], loop: bool = False
    ) -> Iterator[None]:
        """Inside a region, whose parameters last or not; outside of loops all values do."""
        before = self.lasting
        if loop or before is not None:
            self.lasting = {p for p, lasts in zip(params, lasting, strict=True) if lasts}
        yield
        self.lasting = before

    def pull_back(
        self, builder: Builder, func: Func, sources: Sequence[Value], seeds: Sequence[Derivative]
    ) -> list[Derivative]:
        """See `pull_back`."""
        floats = [v for v in func.results if v.type.is_float]
        arrived = [(v, s) for v, s in zip(floats, seeds, strict=True) if not isinstance(s, Zero)]
        activity = Activity(func, sources, self.flow)
        ops, needed = activity.walk(func, [v for v, _ in arrived])
        records = self._augmented(builder, ops, activity, needed, TapeSource())
        sweep = Sweep(builder, ops, activity, [*sources, *floats], records)
        for value, seed in arrived:
            sweep.cotangents.add(value, seed)
        for op in reversed(ops):
            sweep.visit(op)
        builder.loc = None
        taken: dict[Value, Derivative] = {}
        for p in dict.fromkeys(sources):
            ct = sweep.cotangents.take(p)
            taken[p] = ZERO if ct is None else ct.value
        return [taken[p] for p in sources]

    def joint(
        self, body: Block, sources: Sequence[Value], targets: Sequence[Value],
        based: Sequence[bool], *, in_loop: bool = False, tapes: TapeSource | None = None,
    ) -> JointBody:  # fmt: skip
        """The body of an op run both ways (see `Joint`), with one tape through it unless told."""
        activity = Activity(body, sources, self.flow)
        builder, tapes = Builder(), tapes or Thread()
        builder.ops = list(body.ops)
        ops, needed = activity.walk(body, targets)
        records = self._augmented(builder, ops, activity, needed, tapes)
        forward, builder.ops = builder.ops, []
        everywhere = [*sources, *(v for v in body.results if v.type.is_float)]
        sweep = Sweep(builder, ops, activity, everywhere, records, inside=in_loop)
        bases = [Value(p.type, hint_of(p, "ct")) if b else None
                 for p, b in zip(sources, based, strict=True)]  # fmt: skip
        for source, base in zip(sources, bases, strict=True):
            if base is not None:
                sweep.cotangents.add(source, base)
        seeds = [Value(v.type, hint_of(v, "ct")) for v in targets]
        for value, seed in zip(targets, seeds, strict=True):
            sweep.cotangents.add(value, seed)
        for op in reversed(ops):
            sweep.visit(op)
        found = [sweep.made(sweep.arrived(p), p.type) for p in sources]
        return JointBody(body, forward, builder.ops, seeds, bases, found, tapes)

    def _augmented(
        self, builder: Builder, ops: Sequence[Op], activity: Activity, needed: set[Value],
        tapes: TapeSource,
    ) -> dict[Op, RegionPullback]:  # fmt: skip
        """Replace the active ops with regions in the builder; how they were run."""
        active = {op for op in ops if op.regions}
        records: dict[Op, RegionPullback] = {}
        if not active:
            return records
        before, builder.ops = builder.ops, []
        for op in before:
            if op in active:
                builder.loc = op.loc
                wanted = [v in needed for v in op.results]
                records[op] = augment(self, builder, op, activity.flags(op), wanted, tapes)
            else:
                builder.ops.append(op)
        builder.loc = None
        return records
