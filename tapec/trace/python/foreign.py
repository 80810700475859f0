"""Errors inside other packages, reported at the user's call of them.

Packages written with NumPy functions are followed like the user's own helpers. One that needs
numbers (compiled code, most of SciPy) fails somewhere inside, often with a misleading error:
the error raised instead names the line that called it, and a cure.
"""

from __future__ import annotations

from types import CellType, FrameType
from typing import Any

from tapec.errors import TapecError, TraceError, UnsupportedOperation
from tapec.ir.core import Loc
from tapec.trace.arrays import cures
from tapec.trace.arrays.frames import frames_of, is_library, is_user_code
from tapec.trace.arrays.session import NeedStatic
from tapec.trace.arrays.special import is_traced_special
from tapec.trace.arrays.tracer import is_symbolic

CURE = (
    "call it as it is: tapec.implicit(solver, residual, like=...) for solvers, "
    "else tapec.custom_rule around tapec.opaque"
)
_EMPTY = CellType()


def foreign_error(error: Exception) -> TraceError | None:
    """The error to raise in place of one from inside another package; None to keep it."""
    if isinstance(error, NeedStatic):
        return None
    frames = [f for f in frames_of(error) if is_user_code(f[0].f_code)]
    own = [k for k, (frame, _) in enumerate(frames) if not is_library(frame.f_code.co_filename)]
    if not own or own[-1] == len(frames) - 1:
        return None
    (caller, line), (called, _) = frames[own[-1] : own[-1] + 2]
    if not (_ours(error) or any(map(holds_traced, called.f_locals.values()))):
        return None
    where = Loc(caller.f_code.co_filename, line, caller.f_code.co_name)
    message = f"{_name(called)} cannot be followed with traced values: {_first_line(error)}"
    return TraceError(message, where=where, hint=_cure(_ours(error)))


def _cure(error: TapecError | None) -> str:
    """What to do: what a function says that is refused by name, inside the one called."""
    named = isinstance(error, UnsupportedOperation) and error.message.startswith("scipy.")
    return error.hint if error and named and error.hint not in ("", cures.CURE) else CURE


def _ours(error: BaseException | None) -> TapecError | None:
    """The error of ours that this one is, or that was handled when it was raised."""
    while error is not None and not isinstance(error, TapecError):
        error = error.__cause__ or error.__context__
    return error


def holds_traced(value: Any, depth: int = 3) -> bool:
    """Whether a value, container or closure holds a traced value."""
    if is_symbolic(value) or is_traced_special(value):
        return True
    cells = getattr(value, "__closure__", None) or ()
    inner = [cell.cell_contents for cell in cells if cell != _EMPTY]
    inner += value if isinstance(value, tuple | list) else []
    inner += getattr(value, "__dict__", {}).values() if not isinstance(value, type) else []
    return depth > 0 and any(holds_traced(v, depth - 1) for v in inner)


def _name(frame: FrameType) -> str:
    """A function as the user calls it: public parts of its module, and its name."""
    module, name = str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname
    if "<locals>" in name:  # a decorator's function has that of what it decorates
        inner = (frame.f_locals.get(n) for n in frame.f_code.co_freevars)
        named = [(f.__module__, f.__name__) for f in inner if f and hasattr(f, "__name__")]
        module, name = named[0] if named else (module, name)
    public = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*public, name])


def _first_line(error: BaseException) -> str:
    ours = _ours(error)
    if ours is not None:
        return ours.message
    # Compiled code that goes on after an error ends with one about itself.
    if isinstance(error, SystemError) and error.__cause__ is not None:
        return _first_line(error.__cause__)
    return f"{type(error).__name__}: {error}".splitlines()[0]
