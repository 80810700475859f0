"""`try` around traced code: where a traced value decides whether something raises, both ways.

The statement is traced up to the first thing that may raise, in a region that is thrown away. Then
it is traced twice, as the sides of a branch on what was found: on one side the thing succeeds, on
the other it raises, and Python itself runs the handler. Each side may meet more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from tapec.errors import ControlFlowError
from tapec.ir.core import Block, Value
from tapec.ir.rewrite import replay
from tapec.trace.arrays.handlers import HANDLERS
from tapec.trace.arrays.session import Restart, Session, current, where
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.staging.branch import branch
from tapec.trace.staging.choice import record
from tapec.trace.staging.failures import Types, flat_types, is_own, raise_for_user
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.region import Region
from tapec.trace.staging.state import State
from tapec.trace.staging.values import truth
from tapec.trace.tuning import TRIED

Body = Callable[[], None]
# What is caught where a traced value may decide that it is raised.
_STAGED = (np.linalg.LinAlgError, ZeroDivisionError, AssertionError, IndexError)


class Undecided(Restart):
    """Unwinds to the `try` that has both ways traced."""

    def __init__(self, attempt: Attempt, holds: Value) -> None:
        self.attempt, self.holds = attempt, holds
        super().__init__("a `try` waits for what a traced value decides", where=where())


class Attempt:
    """One run of a `try` statement: `decided` says what becomes of the first things asked."""

    def __init__(self, session: Session, body: Body, state: State, decided: Sequence[bool]) -> None:
        self.session, self.body, self.state, self.decided = session, body, state, decided
        self._asked = 0

    @property
    def is_deep(self) -> bool:
        """Whether there are too many branches in branches already."""
        return len(self.decided) >= TRIED

    def run(self) -> None:
        """Run the statement, as a branch where a traced value decides."""
        found = self._undecided()
        if found is None:
            self._asked = 0
            self._trace()
            return
        sides = [self._with(True), self._with(False)]
        branch(found, sides, self.state, "a try")
        record(self.session, "branch")

    def _with(self, decision: bool) -> Body:
        def side() -> None:
            session = current()
            assert session is not None
            Attempt(session, self.body, self.state, (*self.decided, decision)).run()

        side.source = self.body  # type: ignore[attr-defined]
        return side

    def _undecided(self) -> Value | None:
        """The truth that decides on the next thing that may raise, None where there is none."""
        heap, outer = Heap(self.state), self.session
        region = self.session = Region(outer)
        try:
            with region.active():
                self._trace()
        except Undecided as found:
            if found.attempt is not self:
                raise
            entries = [*region.entered.values()]
            block = Block(
                tuple(e.param for e in entries), tuple(region.builder.ops), (found.holds,)
            )
            (value,) = replay(block, outer.builder, [e.operand for e in entries])
            return value
        finally:
            self.session = outer
            heap.restore()
            region.close()
        return None

    def _trace(self) -> None:
        token = _STARTED.set(self)
        try:
            self.body()
        finally:
            _STARTED.reset(token)

    def decide(self, holds: Callable[[], Any], error: Exception) -> None:
        """What becomes of the next thing that may raise."""
        k, self._asked = self._asked, self._asked + 1
        if k == len(self.decided):
            raise Undecided(self, truth(self.session, holds()))
        if not self.decided[k]:
            raise_for_user(error)  # also where a handler raises it again


class TryHandler:
    """The handlers of a `try` statement whose body is running."""

    def __init__(self, types: Types, attempt: Attempt | None) -> None:
        self.types, self.attempt = types, attempt

    def catches(self, kind: type[BaseException]) -> bool:
        """Whether one of its handlers takes an exception of this kind."""
        return any(issubclass(kind, t) for t in flat_types(self.types()))

    def decide(self, holds: Callable[[], Any], error: Exception) -> None:
        """Go on where the truth of `holds`, traced or known, is so; raise the error elsewhere."""
        known = holds()
        if not is_symbolic(known):
            return None if known else raise_for_user(error)
        attempt = self.attempt
        if attempt is None or current() is not attempt.session or attempt.is_deep:
            self.refuse(f"{type(error).__name__} is raised on a traced condition inside of it")
        else:
            attempt.decide(lambda: known, error)

    def refuse(self, what: str) -> None:
        """Raise: what it would catch happens where its handlers cannot be traced."""
        raise ControlFlowError(
            f"{what}, and a `try` around it would catch that",
            where=where(),
            hint="choose with `if` what is to be done instead of raising and catching",
        ) from None


# The run of a statement that begins.
_STARTED: ContextVar[Attempt | None] = ContextVar("tapec_attempt", default=None)


@contextmanager
def catching(types: Types) -> Iterator[None]:
    """Run the body of a ``try`` whose handlers catch ``types()``."""
    started = _STARTED.get()
    begun = _STARTED.set(None)
    token = HANDLERS.set((*HANDLERS.get(), TryHandler(types, started)))
    try:
        yield
    except (AssertionError, AttributeError, KeyError, NameError) as error:
        if is_own(error):
            raise ControlFlowError(
                f"tracing fails inside of a `try` that would hide it: {error!r}",
                where=where(),
                hint="move the statement out of the try",
            ) from error
        raise
    finally:
        HANDLERS.reset(token)
        _STARTED.reset(begun)


def is_staged(types: Types) -> bool:
    """Whether a `try` statement may catch what a traced value decides on."""
    try:
        caught = flat_types(types())
    except (NameError, AttributeError):  # Python looks at the types when something is raised
        return False
    return any(issubclass(kind, t) for kind in _STAGED for t in caught)
