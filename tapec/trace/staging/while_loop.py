"""`while` loops of the user: as Python as long as the condition is known, one op from there on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.weight import weight
from tapec.trace.arrays.session import NeedStatic, Session, current, where
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.staging.choice import UNROLLED_OPS, forgotten, reason_of, record
from tapec.trace.staging.heap import World, one_way
from tapec.trace.staging.list_arrays import NeedsTable, Untabled, opened, tabling
from tapec.trace.staging.loop import Loop
from tapec.trace.staging.region import Region
from tapec.trace.staging.state import State

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
        """Iterations as Python, then the rest as one op where it must or should be."""
        used_up = bool(one_way(self.state, self.body))
        ops, tried = self.session.builder.ops, used_up
        seen, grown = len(ops), 0
        first = not used_up
        while True:
            world = World(self.state)
            more = self.test()
            if is_symbolic(more):
                if more._deps:
                    raise NeedStatic(more._deps, where())
                self._stage(world)
                record(self.session, "loop", None, KNOWN_LATE)
                return
            if not more:
                return
            if first and self._will_be_traced(world) and self._attempt(world, KNOWN_LATE):
                return
            first = False
            self.body()
            seen, grown = len(ops), grown + weight(ops[seen:])
            if tried or grown <= UNROLLED_OPS:
                continue
            tried = True
            if self._attempt(World(self.state), "many iterations"):
                return

    def _will_be_traced(self, world: World) -> bool:
        """Whether the condition is a traced one after an iteration, which is thrown away."""
        region = Region(self.session, probe=True)
        now = World(self.state)
        try:
            with region.active():
                self.body()
                return is_symbolic(self.test())
        except NeedStatic:
            raise
        except Exception:
            # Running it as it is shows the error where it belongs.
            return False
        finally:
            now.restore()

    def _test_writes(self, world: World) -> bool:
        """Whether the condition changes anything when it is evaluated; that is undone."""
        region = Region(self.session, probe=True)
        try:
            with region.active():
                self.test()
                return bool(world.read()) or bool(region.written())
        finally:
            world.restore()

    def _attempt(self, world: World, reason: str) -> bool:
        """Make the rest one op if that can be."""
        now = World(self.state)
        try:
            self._stage(world)
        except (NeedStatic, NeedsTable, Untabled):
            raise
        except Exception as error:
            now.restore()
            forgotten(error)
            record(self.session, "unrolled", None, reason_of(error))
            return False
        record(self.session, "loop", None, reason)
        return True

    def _stage(self, world: World) -> None:
        """One op, from the state before the condition was last evaluated."""
        if name := one_way(self.state, self.body):
            raise ControlFlowError(
                f"every iteration of a loop of unknown length uses {name} up",
                where=where(),
                hint="make what it gives an array before the loop",
            )
        world.restore()
        writes = self._test_writes(world)

        def work(_: Any, slices: list[Tracer]) -> None:
            if writes:
                self.test()
            self.body()

        tabling(self.session, lambda: self._emit(work))
        if writes:
            self.test()

    def _emit(self, work: Callable[[Any, list[Tracer]], None]) -> None:
        world = World(self.state)
        with opened(world.containers):
            Loop(self.session, world, work, test=self.test).emit()
