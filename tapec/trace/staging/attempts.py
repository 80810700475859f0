"""Attempts to trace code in one way: which errors reject the way, and which are bugs of ours."""

from __future__ import annotations

import dis
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tapec.errors import ControlFlowError, TapecError
from tapec.trace.arrays.frames import is_hidden
from tapec.trace.arrays.session import Restart
from tapec.trace.staging.list_arrays import ListArrayEscaped

_TRACE = Path(__file__).parents[1]
_TAPEC = str(_TRACE.parent)
# Stand-ins of Python's functions and look-ups: their errors are about the user's code.
_STAND_INS = (str(_TRACE / "python"), str(_TRACE / "staging" / "lookups.py"))
_RAISE = dis.opmap["RAISE_VARARGS"]
# NumPy's C functions raise these for the user's arguments, in the frame that called them.
_OF_NUMPY = (LookupError, ValueError, ArithmeticError)


class CannotGoBack(ControlFlowError):
    """A loop fails after its first iteration has written into arrays: there is no other way."""


def failure_of(
    work: Callable[[], Any],
    passing: tuple[type[Exception], ...] = (Restart, ListArrayEscaped, CannotGoBack),
) -> Exception | None:
    """Run an attempt; returns the error that rejects it, None where it succeeded.

    `passing` errors propagate, as do those that only a bug in tracing can raise. The error is
    returned without the variables of its frames, which would count as references to arrays.
    """
    try:
        work()
    except passing:
        raise
    except Exception as error:
        if is_mistake(error):
            raise
        return without_frames(error)
    return None


def is_mistake(error: Exception) -> bool:
    """Whether an error can only come from a mistake in tracing itself."""
    if isinstance(error, (TapecError, *_OF_NUMPY)) or hasattr(error, "raised_for_user"):
        return False
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    code = place.tb_frame.f_code
    if not (code.co_filename.startswith(_TAPEC) and is_hidden(code.co_filename)):
        return False
    if code.co_filename.startswith(_STAND_INS):
        return False
    on_purpose = code.co_code[place.tb_lasti] == _RAISE
    return isinstance(error, AssertionError) or not on_purpose


def without_frames(error: Exception) -> Exception:
    """The error without the variables of its frames, which would count as references to arrays."""
    found: BaseException | None = error
    while found is not None:
        traceback.clear_frames(found.__traceback__)
        found = found.__context__
    return error


def reason_of(error: BaseException) -> str:
    """The first line of an error."""
    return (str(error) or type(error).__name__).splitlines()[0]
