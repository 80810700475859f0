"""A `for` loop as an op: of known or traced length, in blocks of a period, or ending early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.session import Restart, Session, current, where
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.staging.choice import record
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.index_splitting import IterationSpace
from tapec.trace.staging.iterables import IndexedSequence, kept
from tapec.trace.staging.list_arrays import (
    staging_loop,
)
from tapec.trace.staging.loop import StagedLoop
from tapec.trace.staging.peeling import staged_or_peeled
from tapec.trace.staging.python_loop import Body, Thunk
from tapec.trace.staging.region import Region
from tapec.trace.staging.state import State


class EndsEarly(Restart):
    """The loop ends on a traced condition: it is staged as a `while`."""

    def __init__(self) -> None:
        super().__init__("a loop ends on a traced condition")


@dataclass
class StagedFor:
    """A `for` statement over a sequence, and how it is staged as an op."""

    session: Session
    items: IndexedSequence
    body: Body
    state: State
    go_on: Thunk | None
    strict: bool = False  # carried values may not change their types
    checkpoint: int | bool = False

    def stage(self, start: int, length: int, split: bool = False) -> None:
        more = True if self.go_on is None else self.go_on()
        if is_symbolic(more):
            self._until(start, length)
            return
        if not more:
            return
        try:
            heap, work = Heap(self.state), self._work(start, length - start if split else 0)
            keep = kept(self.checkpoint, length - start)
            with staging_loop(heap.containers):
                StagedLoop(self.session, heap, work, length - start, strict=self.strict,
                     checkpoint=keep, site=self._site).emit()  # fmt: skip
        except EndsEarly:
            self._until(start, length)

    def stage_blocks(self, start: int, count: int, period: int) -> None:
        """A loop over blocks of `period` iterations, where conditions are constant."""
        self._check_unbounded()
        heap, work = Heap(self.state), self._work(start, count, period)
        with staging_loop(heap.containers):
            StagedLoop(self.session, heap, work, count, strict=self.strict, site=self._site).emit()

    def _work(
        self, start: Any, split: int = 0, period: int = 1
    ) -> Callable[[Any, list[Tracer]], None]:
        """The body for one iteration of the op: `period` iterations of the user."""

        def work(index: Any, slices: list[Tracer]) -> None:
            region = current()
            if split and isinstance(region, Region):
                region.span = IterationSpace(index._value(region), split)
            first = index if period == 1 else index * period
            for k in range(period):
                self.body(self.items.item(first + (start + k) if start or k else first))
                # The condition may also be known to end the loop after this iteration.
                if self.go_on is not None and (is_symbolic(more := self.go_on()) or not more):
                    raise EndsEarly

        return work

    def dynamic(self, count: Any) -> None:
        """A loop whose trip count is a traced value."""
        self._check_unbounded()
        staged_or_peeled(
            lambda: self._counted(0, count),
            lambda: count > 0,
            lambda: self.body(self.items.item(0)),
            lambda: self._counted(1, count - 1),
            self.state,
        )
        record(self.session, "loop", None, "length known at run time")

    def _counted(self, start: int, count: Any) -> None:
        try:
            heap, work = Heap(self.state), self._work(start)
            with staging_loop(heap.containers):
                StagedLoop(
                    need_session(), heap, work, count, strict=self.strict, site=self._site
                ).emit()
        except EndsEarly:
            self._until(start, start + count)

    def _until(self, start: Any, length: Any) -> None:
        """A loop that may end early: a `while` with a counter."""
        self._check_unbounded()
        staged_or_peeled(
            lambda: self._counting(start, length),
            lambda: self._goes_on(start, length),
            lambda: self.body(self.items.item(start)),
            lambda: self._counting(start + 1, length),
            self.state,
        )

    def _counting(self, start: Any, length: Any) -> None:
        state = CountedState(self.state, start)

        def work(_: Any, slices: list[Tracer]) -> None:
            k = state.count
            self.body(self.items.item(k))
            state.count = k + 1

        def test() -> Any:
            return self._goes_on(state.count, length)

        heap = Heap(state)
        with staging_loop(heap.containers):
            StagedLoop(need_session(), heap, work, test=test, site=self._site).emit()

    def _goes_on(self, count: Any, length: Any) -> Any:
        assert self.go_on is not None
        return TABLE["logical_and"](count < length, self.go_on())

    @property
    def _site(self) -> Any:
        """The code of the body; None where types may not change, which is told from the start."""
        return None if self.strict else getattr(self.body, "__code__", None)

    def _check_unbounded(self) -> None:
        if self.checkpoint:
            raise ControlFlowError(
                "checkpoints are set for a number of iterations that is known while tracing",
                where=where(),
                hint="run to a static length, masking what comes after the end (np.where)",
            )


class CountedState:
    """A state with an additional counter."""

    def __init__(self, state: State, start: Any) -> None:
        self._state, self.count = state, start
        self.names = (*state.names, "the loop's counter")

    def get(self) -> tuple[Any, ...]:
        """All values, the counter last."""
        return (*self._state.get(), self.count)

    def set(self, values: tuple[Any, ...]) -> None:
        """Set all values."""
        self.count = values[-1]
        self._state.set(values[:-1])
