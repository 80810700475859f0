"""Refusals of what a function does outside itself, and the line at which it does it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapec.errors import EffectError
from tapec.ir.core import Loc
from tapec.lazy import deferred
from tapec.trace.arrays.frames import is_library, is_user_code
from tapec.trace.arrays.session import Session, current
from tapec.trace.tuning import LINES_WATCHED

if TYPE_CHECKING:
    from tapec.trace.staging import attempts
else:
    attempts = deferred("tapec.trace.staging.attempts")


class Refused(EffectError):
    """A refusal whose line is not known: `happened` says whether a trace has come there yet."""

    def __init__(self, what: str, hint: str, happened: Callable[[Session], bool]) -> None:
        self.happened = happened
        super().__init__(what, hint=hint)


class _Found(BaseException):
    """Ends the second trace."""


def line_of(happened: Callable[[Session], bool], work: Callable[[], Any]) -> Loc | None:
    """The user's line at which something happens when `work` traces a function once more."""
    search = _Search(happened)
    before = sys.gettrace()
    sys.settrace(search.called)
    try:
        attempts.failure_of(work, ())
    except _Found:
        return search.last
    finally:
        sys.settrace(before)
    return None


class _Search:
    """Looks after every line of the user's whether it has happened."""

    def __init__(self, happened: Callable[[Session], bool]) -> None:
        self.happened = happened
        self.last: Loc | None = None
        self.count = 0

    def called(self, frame: Any, event: str, arg: Any) -> Any:
        """A function is called."""
        code = frame.f_code
        return self.line if is_user_code(code) and not is_library(code.co_filename) else None

    def line(self, frame: Any, event: str, arg: Any) -> Any:
        """A line of the user's begins, or its function ends."""
        self.count += 1
        if self.count > LINES_WATCHED:
            raise _Found
        session = _outermost()
        if session is not None and self.last is not None and self.happened(session):
            raise _Found
        code = frame.f_code
        self.last = Loc(code.co_filename, frame.f_lineno, code.co_name)
        return self.line


def _outermost() -> Session | None:
    session = current()
    while session is not None and session.parent is not None:
        session = session.parent
    return session


__all__ = ["Refused", "line_of"]
