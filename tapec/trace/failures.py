"""Exceptions that the user's code raises under a traced condition.

Such a branch cannot be run while tracing: instead it writes the number of its exception into one
hidden array of the trace, which branches and loops carry like any other. The program returns that
number as its last result, and the kernel raises the exception where it is not zero. What the
program computes after the number was written is of no interest.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from tapec.errors import TapecError
from tapec.trace.session import Session, current, is_user_code
from tapec.trace.table import TABLE
from tapec.trace.tracer import concrete
from tapec.trace.ufuncs import np_

_RAISE = dis.opmap["RAISE_VARARGS"]


class Failures:
    """The exceptions of one trace, and the number of the one that was raised (0: none)."""

    __slots__ = ("code", "errors")

    def __init__(self, session: Session) -> None:
        self.errors: list[Exception] = []
        self.code: Any = concrete(np.zeros((), np.int64))
        self.code._storage.born = session  # not of the region that raises first

    def record(self, number: Any) -> None:
        """Keep a number, unless one was kept before."""
        kept = np_("where", np_("equal", self.code, 0), number, self.code)
        TABLE["setitem"](self.code, ..., kept)


def failures(session: Session) -> Failures:
    """Those of the trace that a region belongs to."""
    while session.is_region and session.parent is not None:
        session = session.parent
    if session.failures is None:
        session.failures = Failures(session)
    found: Failures = session.failures
    return found


def is_raised_by_user(error: Exception) -> bool:
    """Whether an exception comes from the user's own line, and is none of ours."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    own = trace is not None and is_user_code(trace.tb_frame.f_code)
    return own and not isinstance(error, TapecError)


def fail(session: Session, error: Exception) -> None:
    """The region being traced raises this exception."""
    found = failures(session)
    found.errors.append(error.with_traceback(None))
    found.record(len(found.errors))


def expect(session: Session, truth: Any, error: Exception) -> None:
    """The program raises this exception where a traced boolean is false."""
    found = failures(session)
    found.errors.append(error)
    found.record(np_("where", truth, 0, len(found.errors)))


def adopt(session: Session, number: Any, errors: Sequence[Exception]) -> None:
    """A function traced on its own may raise these exceptions: `number` says which."""
    found = failures(session)
    base = len(found.errors)
    found.errors += errors
    moved = np_("where", np_("greater", number, 0), np_("add", number, base), 0)
    found.record(moved)


def going_on(test: Callable[[], Any], body: Callable[[], Any], both: Any) -> Callable[[], Any]:
    """The test of a `while` loop whose body may raise: it ends after that."""
    session = current()
    if session is None or not may_raise(body.__code__):
        return test
    found = failures(session)
    return lambda: both(test, lambda: np_("equal", found.code, 0))


@lru_cache(maxsize=1024)
def may_raise(code: CodeType) -> bool:
    """Whether a `raise` stands in the code, or in that of functions defined in it."""
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return _RAISE in code.co_code[::2] or any(map(may_raise, inner))
