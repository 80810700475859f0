"""Loops whose first iteration stands apart, as names stop sharing memory there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapec.errors import TapecError
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.staging.attempts import CannotGoBack, without_frames
from tapec.trace.staging.loop_aliases import NamesDiverge
from tapec.trace.staging.python_loop import run_guarded
from tapec.trace.staging.state import State

Step = Callable[[], Any]


def staged_or_peeled(stage: Step, test: Step, first: Step, rest: Step, state: State) -> None:
    """Stage a loop as a whole, else as ``if test(): first(); rest()``.

    ``x += 1; v = 2 * v`` reads what `x` was written into as long as `v` means the same array: in
    the first iteration only.
    """
    if not _diverges(stage):
        return
    more = test()

    def both() -> None:
        writes = need_session().writes
        before = writes[0]
        first()
        try:
            rest()
        except TapecError as error:
            if writes[0] == before:
                raise
            raise CannotGoBack(error.message, where=error.where, hint=error.hint) from None

    if is_symbolic(more) or more:
        run_guarded(more, both, state)


def _diverges(stage: Step) -> bool:
    try:
        stage()
    except NamesDiverge as error:
        without_frames(error)
        return True
    return False
