"""Exceptions that the user's code raises under a traced condition.

Such a branch cannot be run while tracing: instead it writes the number of its exception into one
hidden array of the trace, which branches and loops carry like any other. The program returns that
number as its last result, and the kernel raises the exception where it is not zero. Values
computed after the number was written are never returned.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from tapec.errors import ControlFlowError, ShapeError, TapecError, TraceError
from tapec.ir.core import Loc, Value
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.frames import frames_of, is_user_code
from tapec.trace.arrays.handlers import catching_handler
from tapec.trace.arrays.session import Session, current
from tapec.trace.arrays.ufuncs import np_

_RAISE = dis.opmap["RAISE_VARARGS"]
# What looks items up for the user's line.
_ROOMS = Path(__file__).parent.parent
_LOOKUPS = {str(_ROOMS / "staging" / "lookups.py")}
_INDEXING = {str(_ROOMS / "arrays" / name) for name in ("indexing.py", "keys.py")}
Types = Callable[[], Any]
_BRANCHES = "tapec.trace.staging.branch"  # recursion through it traces both branches


class Failures:
    """The exceptions of one trace, and the number of the one that was raised (0: none)."""

    __slots__ = ("code", "errors", "expected")

    def __init__(self, session: Session) -> None:
        self.errors: list[Exception] = []
        self.expected: set[tuple[int, Value]] = set()  # by trace: truths that were looked at
        self.code: Any = concrete(np.zeros((), np.int64))
        self.code._storage.born = session  # it outlives the region that raises first

    def record(self, number: Any) -> None:
        """Record a number, unless an earlier exception was recorded."""
        kept = np_("where", np_("equal", self.code, 0), number, self.code)
        self.code[...] = kept


def failures(session: Session) -> Failures:
    """The failures of the outermost trace."""
    while session.is_region and session.parent is not None:
        session = session.parent
    if session.failures is None:
        session.failures = Failures(session)
    found: Failures = session.failures
    return found


def raise_for_user(error: Exception) -> NoReturn:
    """Raise what Python raises where the user's code asserts or reads an unbound variable."""
    error.raised_for_user = True  # type: ignore[attr-defined]
    raise error


def check_one_truth(test: Any) -> None:
    """Raise what NumPy raises where the truth of an array of several elements is asked for."""
    if test.size != 1:
        raise_for_user(
            ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        )


def is_raised_by_user(error: Exception) -> bool:
    """Whether an exception is what Python or NumPy raises at a line of the user's."""
    if getattr(error, "raised_for_user", False) or isinstance(error, ShapeError):
        return True
    if isinstance(error.__cause__, TapecError):  # NumPy wraps it where it converts a traced value
        return False
    frames = [frame for frame, _ in frames_of(error)]
    if not frames or isinstance(error, TapecError):
        return False
    code = frames[-1].f_code
    items = _LOOKUPS | _INDEXING if type(error) is IndexError else _LOOKUPS
    return is_user_code(code) or code.co_filename in items


def is_own(error: Exception) -> bool:
    """Whether a fault of tracing raises it, which no handler of the user's is meant for."""
    private = not isinstance(error, AttributeError) or str(error.name).startswith("_")
    frames = [frame for frame, _ in frames_of(error)]
    here = bool(frames) and frames[-1].f_code.co_filename.startswith(str(_ROOMS.parent))
    return private and here and not isinstance(error, TapecError) and not is_raised_by_user(error)


def never_caught(types: Types) -> Any:
    """The errors of tracing, which the user's handlers must not swallow."""
    asked = any(issubclass(t, TapecError) for t in flat_types(types()))
    return () if asked else TraceError


def flat_types(types: Any) -> list[type[BaseException]]:
    """The exception types that nested tuples name."""
    return [t for x in types for t in flat_types(x)] if isinstance(types, tuple) else [types]


def refuse_caught(kind: type[BaseException]) -> None:
    """Raise where an exception that depends on traced values would be caught by the user's code.

    The handler would have to replace code that is traced already.
    """
    handler = catching_handler(kind)
    if handler is not None:
        handler.refuse(f"{kind.__name__} is raised on a traced condition")


def fail(session: Session, error: Exception) -> None:
    """The region being traced raises this exception."""
    refuse_caught(type(error))
    found = failures(session)
    found.errors.append(error.with_traceback(None))
    found.record(len(found.errors))


def expect(session: Session, truth: Any, error: Exception) -> None:
    """The program raises this exception where a traced boolean is false."""
    handler = catching_handler(type(error))
    if handler is not None:
        handler.decide(lambda: truth, error)
        return
    found = failures(session)
    found.errors.append(error)
    found.record(np_("where", truth, 0, len(found.errors)))


def expect_once(session: Session, truth: Any, error: Exception) -> None:
    """`expect`, unless the same truth was expected on the way to here."""
    value, around = truth._value(session), _around(session)
    known = failures(session).expected
    outer = truth._storage.value
    if any((s.serial, v) in known for s in around for v in (value, outer)):
        return
    expect(session, truth, error)
    known.add((session.serial, value))


def _around(session: Session) -> list[Session]:
    """A trace, and those whose code it is a part of."""
    found = [session]
    while session.is_region and session.parent is not None:
        session = session.parent
        found.append(session)
    return found


def raise_endless(error: RecursionError) -> None:
    """Refuse recursion that ends on a traced condition: tracing both branches never ends."""
    place, inside = None, False
    for frame, line in frames_of(error):
        code = frame.f_code
        inside = inside or frame.f_globals.get("__name__") == _BRANCHES
        if inside and place is None and is_user_code(code):
            place = Loc(code.co_filename, line, code.co_name)
    if inside:
        raise ControlFlowError(
            "a recursion ends by a traced condition: how deep it goes is not known while tracing",
            where=place,
            hint="write it as a loop, or give it a depth that Python knows",
        ) from None


def adopt(session: Session, number: Any, errors: Sequence[Exception]) -> None:
    """Add the exceptions of a separately traced function; `number` is the one it raised."""
    for error in errors:
        refuse_caught(type(error))
    found = failures(session)
    base = len(found.errors)
    found.errors += errors
    moved = np_("where", np_("greater", number, 0), np_("add", number, base), 0)
    found.record(moved)


def until_raised(test: Callable[[], Any], body: Callable[[], Any], both: Any) -> Callable[[], Any]:
    """The test of a `while` loop whose body may raise: false once it has raised."""
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
