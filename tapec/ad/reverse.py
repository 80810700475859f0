"""One application of reverse mode: the forward ops of a body, then its reverse sweep.

How an op with regions is run, so that its reverse finds what it needs, say the rules it is given;
they need this class for the bodies of their regions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tapec.ad import pullbacks  # noqa: F401 (the rules of `Sweep`)
from tapec.ad.activity import Activity
from tapec.ad.finite import Finiteness
from tapec.ad.flow import Flow
from tapec.ad.joint import JointBody, TapeSource, Thread
from tapec.ad.rules import hint_of
from tapec.ad.shown import Shown
from tapec.ad.sweep import RegionPullback, Sweep
from tapec.ad.zeros import ZERO, Derivative, Zero
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value

if TYPE_CHECKING:
    from tapec.ad.tape import TapeEntry

T = TypeVar("T")
# augment(reverse, builder, op, flags, wanted, tapes): append the op in the form that its reverse
# needs, and return its pullback. `flags` are the operands that vary, `wanted` the results whose
# cotangents will arrive.
Augment = Callable[
    ["Reverse", Builder, Op, Sequence[bool], Sequence[bool], TapeSource], RegionPullback
]


@dataclass(slots=True)
class Reverse:
    """One application of reverse mode: what the rules of its regions share."""

    augment: Augment
    flow: Flow = field(default_factory=Flow)
    entries: list[TapeEntry] = field(default_factory=list)
    # Calls of one function that need the same derivatives share forward and reverse regions.
    shared: dict[tuple[object, ...], Any] = field(default_factory=dict)
    # Inside loops, the loop-invariant values; None outside of loops.
    invariant: set[Value] | None = None
    # What shows in the only number that is differentiated.
    shown: Shown = field(default_factory=Shown)

    def once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` makes, once for each key."""
        if key not in self.shared:
            self.shared[key] = make()
        found: T = self.shared[key]
        return found

    def are_invariant(self, values: Sequence[Value]) -> tuple[bool, ...]:
        """Which values the reverse sweep can read without keeping them."""
        return tuple(self.invariant is None or v in self.invariant for v in values)

    @contextmanager
    def region(
        self, params: Sequence[Value], invariant: Sequence[bool], loop: bool = False
    ) -> Iterator[None]:
        """Inside a region with such parameters; outside of loops all values are invariant."""
        before = self.invariant
        if loop or before is not None:
            self.invariant = {p for p, same in zip(params, invariant, strict=True) if same}
        yield
        self.invariant = before

    def pull_back(
        self, builder: Builder, func: Func, sources: Sequence[Value], seeds: Sequence[Derivative]
    ) -> list[Derivative]:
        """Append the reverse sweep, see `tapec.ad.adjoint.pull_back`."""
        floats = [v for v in func.results if v.type.is_float]
        arrived = [(v, s) for v, s in zip(floats, seeds, strict=True) if not isinstance(s, Zero)]
        if len(arrived) == 1 and arrived[0][0].type.size == 1:
            self.shown = Shown(func, [arrived[0][0]])
        activity = Activity(func, sources, self.flow)
        ops, needed = activity.walk(func, [v for v, _ in arrived])
        records = self._augmented(builder, ops, activity, needed, TapeSource())
        finite = Finiteness(func.ops, self.shown)
        sweep = Sweep(builder, ops, activity, [*sources, *floats], records, finite)
        for value, seed in arrived:
            sweep.cotangents.accumulate(value, seed)
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
        """The forward and reverse ops of a body, with one tape through it unless told."""
        activity = Activity(body, sources, self.flow)
        builder, tapes = Builder(), tapes or Thread()
        builder.ops = list(body.ops)
        ops, needed = activity.walk(body, targets)
        records = self._augmented(builder, ops, activity, needed, tapes)
        forward, builder.ops = builder.ops, []
        everywhere = [*sources, *(v for v in body.results if v.type.is_float)]
        finite = Finiteness(body.ops, self.shown)
        sweep = Sweep(builder, ops, activity, everywhere, records, finite, inside=in_loop)
        bases = [Value(p.type, hint_of(p, "ct")) if b else None
                 for p, b in zip(sources, based, strict=True)]  # fmt: skip
        for source, base in zip(sources, bases, strict=True):
            if base is not None:
                sweep.cotangents.accumulate(source, base)
        seeds = [Value(v.type, hint_of(v, "ct")) for v in targets]
        for value, seed in zip(targets, seeds, strict=True):
            sweep.cotangents.accumulate(value, seed)
        for op in reversed(ops):
            sweep.visit(op)
        found = [sweep.materialised(sweep.cotangent(p), p.type) for p in sources]
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
                records[op] = self.augment(self, builder, op, activity.flags(op), wanted, tapes)
            else:
                builder.ops.append(op)
        builder.loc = None
        return records
