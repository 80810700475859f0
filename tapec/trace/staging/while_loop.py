"""`while` loops of the user: in Python while the condition is known, one op from there on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.weight import weight
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.session import NeedStatic, Session, current, where
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.staging.attempts import failure_of, reason_of
from tapec.trace.staging.choice import record
from tapec.trace.staging.consumption import consumed_by
from tapec.trace.staging.failures import is_raised_by_user
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.list_arrays import staging_loop, with_list_arrays
from tapec.trace.staging.loop import StagedLoop
from tapec.trace.staging.peeling import staged_or_peeled
from tapec.trace.staging.python_loop import run_guarded
from tapec.trace.staging.region import Region
from tapec.trace.staging.state import State
from tapec.trace.tuning import UNROLLED_OPS

Thunk = Callable[[], Any]
KNOWN_LATE = "condition known at run time"


def run_while(test: Thunk, body: Callable[[], None], state: State) -> None:
    """``while test(): body()`` in traced code."""
    session = current()
    if session is None:
        while test():
            body()
        return
    While(session, test, body, state).run()


@dataclass
class While:
    """One `while` statement."""

    session: Session
    test: Thunk
    body: Callable[[], None]
    state: State

    def run(self) -> None:
        """Iterate in Python; the rest is one op where it must or should be."""
        consumed = bool(consumed_by(self.state, self.body))
        ops, tried = self.session.builder.ops, consumed
        seen, grown = len(ops), 0
        first = not consumed
        while True:
            heap = Heap(self.state)
            more = self.test()
            if is_symbolic(more):
                if more._deps:
                    raise NeedStatic(more._deps, where())
                self._stage(heap)
                record(self.session, "loop", None, KNOWN_LATE)
                return
            if not more:
                return
            if first and self._will_be_traced() and self._attempt(heap, KNOWN_LATE):
                return
            first = False
            self.body()
            seen, grown = len(ops), grown + weight(ops[seen:])
            if tried or grown <= UNROLLED_OPS:
                continue
            tried = True
            if self._attempt(Heap(self.state), "many iterations"):
                return

    def _will_be_traced(self) -> bool:
        """Whether the condition is traced after an iteration, found by a probe."""
        region = Region(self.session, probe=True)
        now = Heap(self.state)
        found: Any = False

        def iteration() -> None:
            nonlocal found
            with region.active():
                self.body()
                found = self.test()

        try:
            # After a failure the loop is run in Python, which raises the error at its line.
            failed = failure_of(iteration, passing=(NeedStatic,)) is not None
        finally:
            now.restore()
        return not failed and is_symbolic(found)

    def _test_writes(self, heap: Heap) -> bool:
        """Whether evaluating the condition has side effects, which are undone."""
        region = Region(self.session, probe=True)
        try:
            with region.active():
                self.test()
                return bool(heap.read()) or bool(region.written())
        finally:
            heap.restore()

    def _attempt(self, heap: Heap, reason: str) -> bool:
        """Stage the rest as one op if possible."""
        now = Heap(self.state)
        failed = failure_of(lambda: self._stage(heap))
        if failed is None:
            record(self.session, "loop", None, reason)
            return True
        now.restore()
        record(self.session, "unrolled", None, reason_of(failed))
        return False

    def _stage(self, heap: Heap) -> None:
        """Stage one op, from the state before the condition was last evaluated."""
        if name := consumed_by(self.state, self.body):
            raise ControlFlowError(
                f"every iteration of a loop of unknown length uses {name} up",
                where=where(),
                hint="make what it gives an array before the loop",
            )
        heap.restore()
        writes = self._test_writes(heap)

        def work(_: Any, slices: list[Tracer]) -> None:
            if writes:
                self.test()
            self.body()

        def stage() -> None:
            with_list_arrays(need_session(), lambda: self._emit(work))
            if writes:
                self.test()

        now = Heap(self.state)
        failed = failure_of(
            lambda: staged_or_peeled(stage, self.test, self.body, stage, self.state)
        )
        if failed is not None:
            if not is_raised_by_user(failed):
                raise failed
            now.restore()
            self._raising(failed)

    def _raising(self, error: Exception) -> None:
        """A loop whose body raises: it does so where it is entered."""
        more = self.test()
        if not is_symbolic(more):
            raise error

        def body() -> None:
            self.body()
            raise ControlFlowError(
                f"an iteration after the first raises {type(error).__name__}: {error}",
                where=where(),
                hint="raise before the loop, or in a branch",
            ) from error

        run_guarded(more, body, self.state)

    def _emit(self, work: Callable[[Any, list[Tracer]], None]) -> None:
        heap = Heap(self.state)
        with staging_loop(heap.containers):
            code = getattr(self.body, "__code__", None)
            StagedLoop(need_session(), heap, work, test=self.test, site=code).emit()
