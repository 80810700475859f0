"""Errors of Python's conversions: a traced value is no number, truth or NumPy array."""

from __future__ import annotations

import linecache
from typing import NoReturn

from tapec.errors import ControlFlowError, EscapedTracerError, TraceError
from tapec.trace.arrays.session import NeedStatic, Session, where

_COERCIONS = {
    "bool": "a Python `if`, `while`, `and`, `or` or `not` needs the truth of a traced value",
    "index": "Python needs a traced value as an integer",
    "int": "int() of a traced value",
    "float": "float() of a traced value (math functions call it too; use NumPy's)",
    "array": "a traced value is given to code that needs a real NumPy array",
}


def refuse(
    session: Session | None, deps: frozenset[int] | None, shown: str, what: str, cure: str
) -> NoReturn:
    """Raise the error of a coercion (a key of the table) of a traced value, printed as `shown`."""
    if session is not None and not session.alive:
        raise EscapedTracerError(
            "a traced value is used after the call that traced it has ended", where=where()
        )
    if deps:
        raise NeedStatic(deps, where())
    line = where()
    kind = ControlFlowError if what == "bool" else TraceError
    if what == "bool" and line is not None and _is_text(line.file):
        cure += "; the source of this function is not available, else `if` and `while` work"
    raise kind(f"{_COERCIONS[what]} (it is {shown})", where=line, hint=cure)


def _is_text(file: str) -> bool:
    """Whether code was compiled from a string, not a file."""
    return file == "<string>" or not linecache.getlines(file)
