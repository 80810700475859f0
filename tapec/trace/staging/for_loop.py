"""`for` loops of the user: unrolled or one op, by weight, with the same result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.weight import weight
from tapec.trace.arrays.session import NeedStatic, current
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.staging.attempts import failure_of, reason_of
from tapec.trace.staging.choice import backoff_of, record
from tapec.trace.staging.consumption import consumed_by
from tapec.trace.staging.for_stages import StagedFor
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.index_splitting import ConditionVaries
from tapec.trace.staging.iterables import Forced, indexed_sequence
from tapec.trace.staging.list_arrays import (
    ListArrayEscaped,
    with_list_arrays,
)
from tapec.trace.staging.peeling import staged_or_peeled
from tapec.trace.staging.prediction import predictions_of
from tapec.trace.staging.python_loop import Body, Thunk, Widen, plain_for, run_guarded
from tapec.trace.staging.region import Region
from tapec.trace.staging.state import State
from tapec.trace.tuning import (
    LARGEST_UNROLLED,
    SHORTEST_PIECE,
    UNROLLED_AFTER_FAILURE,
    UNROLLED_BREAKS,
    UNROLLED_LENGTH,
    UNROLLED_OPS,
)

# Errors that propagate instead of rejecting the attempt.
_PASSING = (NeedStatic, ListArrayEscaped)
_SPLITTING = (*_PASSING, ConditionVaries)


def run_for(
    iterable: Any,
    body: Body,
    state: State,
    go_on: Thunk | None,
    strict: bool = False,
    widen: Widen = lambda state, *functions: state,
) -> None:
    """``for item in iterable: body(item)`` in traced code.

    `widen` extends the state by what the body may mutate through an item of a plain iterable.
    """
    force: bool | None = None
    checkpoint: int | bool = False
    if isinstance(iterable, Forced):
        iterable, force, checkpoint = iterable.iterable, iterable.rolled, iterable.checkpoint
    session, items = current(), indexed_sequence(iterable)
    if session is None or items is None:
        plain_for(iterable, body, state, go_on, widen)
        return
    For(session, items, body, state, go_on, strict, checkpoint, force).run()


@dataclass(frozen=True, slots=True)
class Probe:
    """A trial trace of an iteration: its weight, and whether it may end the loop."""

    weight: int
    ends: bool


@dataclass
class For(StagedFor):
    """One `for` statement over a sequence, and the attempts to trace it."""

    force: bool | None = None  # True: a loop, False: unrolled

    def run(self) -> None:
        """Decide, and trace."""
        length = self.items.length
        if is_symbolic(length):
            if length._deps:
                raise NeedStatic(length._deps)
            if self.force is False:
                raise ControlFlowError("a loop whose length is a traced value cannot be unrolled")
            with_list_arrays(self.session, lambda: self.dynamic(length))
            return
        consumed = consumed_by(self.state, self.body)
        if consumed:
            record(self.session, "unrolled", length, f"every iteration uses {consumed} up")
            self._plain(0, length)
            return
        if self.force is False or length <= (0 if self.force else UNROLLED_LENGTH):
            self._plain(0, length)
        elif self.force:
            self._rolled(0, length, 1)
        else:
            self._choose(length)

    def _choose(self, length: int) -> None:
        """Decide by the weight of the middle iteration, which represents triangular loops best."""
        found = self._probed(length)
        if found is None or not found.weight:
            self._plain(0, length, watched=True)
            return
        few = UNROLLED_BREAKS if found.ends else UNROLLED_OPS // found.weight
        if length <= few and length * found.weight <= UNROLLED_OPS:
            record(self.session, "unrolled", length, f"a weight of {found.weight} each")
            self._plain(0, length)
        else:
            self._rolled(0, length, found.weight)

    def _probed(self, length: int) -> Probe | None:
        """What a probe finds; a body that is traced again, as the loop around it is, has the same
        weight."""
        probes = predictions_of(self.session).probes
        key = getattr(self.body, "__code__", None), length
        if key not in probes and (found := self._probe(length // 2) or self._probe(0)):
            probes[key] = found
        known: Probe | None = probes.get(key)
        return known

    def _probe(self, i: int) -> Probe | None:
        """Trace an iteration and throw it away; None where that fails."""
        heap = Heap(self.state)
        region = Region(self.session, probe=True)
        more: Any = True

        def iteration() -> None:
            nonlocal more
            with region.active():
                self.body(self.items.item(i))
                more = True if self.go_on is None else self.go_on()

        try:
            # After a failure the loop is run in Python, which raises the error at its line.
            failed = failure_of(iteration, passing=(NeedStatic,)) is not None
        finally:
            heap.restore()
        if failed or not (is_symbolic(more) or more):
            return None
        return Probe(region.weight(), is_symbolic(more))

    # -- as Python -------------------------------------------------------------------------

    def _plain(self, start: int, length: int, watched: bool = False) -> None:
        """Unroll; where `watched`, the rest is rolled once the unrolled part exceeds a limit."""
        ops = self.session.builder.ops
        seen, grown = len(ops), 0
        for i in range(start, length):
            more = self.go_on() if self.go_on is not None else True
            if not is_symbolic(more) and not more:
                return
            run_guarded(more, lambda i=i: self.body(self.items.item(i)), self.state)  # type: ignore[misc]
            if not watched:
                continue
            seen, grown = len(ops), grown + weight(ops[seen:])
            if grown > UNROLLED_OPS and length - i > UNROLLED_LENGTH:
                self._rolled(i + 1, length, grown // (i + 1) + 1)
                return

    # -- as an op --------------------------------------------------------------------------

    def _rolled(self, start: int, length: int, size: int) -> None:
        """Roll; otherwise split, otherwise peel the first iteration, otherwise unroll."""

        def stage() -> None:
            with_list_arrays(self.session, lambda: self.stage(start, length))

        backoff, code = backoff_of(self.session), getattr(self.body, "__code__", None)
        light = (length - start) * size <= UNROLLED_AFTER_FAILURE
        if light and not self.force and backoff.skips(code):
            self._plain(start, length)
            return
        if self.force:
            self._forced(start, length, stage)
            failed = None
        else:
            failed = failure_of(stage)
            backoff.note(code, failed is not None)
        if failed is None:
            record(self.session, "loop", length)
        elif self._split(start, length, size):
            record(self.session, "loop", length, "cut where conditions on its counter change")
        else:
            self._peeled(start, length, size, failed)

    def _forced(self, start: int, length: int, stage: Thunk) -> None:
        """Roll, if need be behind the first iteration."""
        first, rest = (
            (lambda: self._plain(start, start + 1)),
            (lambda: self.stage(start + 1, length)),
        )
        staged_or_peeled(stage, lambda: True, first, rest, self.state)

    def _peeled(self, start: int, length: int, size: int, failed: Exception) -> None:
        """Peel the first iteration, then roll or unroll the others."""
        self._plain(start, start + 1)
        again = failure_of(lambda: self.stage(start + 1, length), _PASSING)
        if again is None:
            record(self.session, "loop", length, f"first iteration apart: {reason_of(failed)}")
            return
        if (length - start) * size > LARGEST_UNROLLED:
            raise failed from None
        record(self.session, "unrolled", length, reason_of(failed))
        self._plain(start + 1, length)

    def _split(self, start: int, length: int, size: int) -> bool:
        """Split the loop where conditions on the counter change; False where that fails."""
        try:
            return failure_of(lambda: self.stage(start, length, split=True), _SPLITTING) is None
        except ConditionVaries as found:
            period, runs = found.period(), found.runs(start)
        if period and self._in_blocks(start, length, period):
            return True
        if not self._worth_cutting(len(runs), length - start, size):
            return False
        for a, b in runs:
            if b - a <= UNROLLED_LENGTH:
                self._plain(a, b)
            elif not self._split(a, b, size):
                self._rolled(a, b, size)
        return True

    @staticmethod
    def _worth_cutting(pieces: int, length: int, size: int) -> bool:
        """Whether loops over so many pieces are cheaper than unrolling, or the only way."""
        if 2 * pieces > length or 2 * pieces * size > LARGEST_UNROLLED:
            return False
        return SHORTEST_PIECE * pieces <= length or length * size > LARGEST_UNROLLED

    def _in_blocks(self, start: int, length: int, period: int) -> bool:
        """Unroll by the period of a condition and roll the blocks; the remainder is peeled."""
        count = (length - start) // period
        try:
            if failure_of(lambda: self.stage_blocks(start, count, period), _SPLITTING) is not None:
                return False
        except ConditionVaries:
            return False
        self._plain(start + count * period, length)
        return True
