"""Strings with traced values in them: they can be shown, not compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from tapec.errors import ControlFlowError, UnsupportedOperation
from tapec.trace.arrays.session import where

# Whether the string being formatted contains a traced value.
_TRACED: ContextVar[list[bool] | None] = ContextVar("tapec_texts", default=None)
_COMPARED = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "hash",
    "contains",
    "getitem",
    "iter",
    "len",
    "mod",
)
_SEARCHED = (
    "startswith", "endswith", "find", "rfind", "index", "rindex", "count", "split", "rsplit",
    "partition", "rpartition", "isdigit", "isalpha", "isnumeric", "removeprefix", "removesuffix",
    "strip", "lstrip", "rstrip", "replace", "encode", "translate",
)  # fmt: skip


class TracedText(str):
    """A string with a traced value in it: its content is unknown while tracing."""

    __slots__ = ()

    def __add__(self, other: str) -> TracedText:
        return TracedText(str.__add__(self, other))

    def __radd__(self, other: str) -> TracedText:
        return TracedText(str.__add__(other, self))


def _asked(*args: Any, **kwargs: Any) -> Any:
    raise ControlFlowError(
        "Python looks at a text with a traced value in it",
        where=where(),
        hint="unroll the loop whose counter it is: for i in tapec.unroll(range(n))",
    )


for _name in (*(f"__{n}__" for n in _COMPARED), *_SEARCHED):
    setattr(TracedText, _name, _asked)


def text(make: Callable[[], str]) -> str:
    """``f"..."``, made by a function."""
    traced: list[bool] = []
    token = _TRACED.set(traced)
    try:
        made = make()
    finally:
        _TRACED.reset(token)
    return TracedText(made) if traced else made


# What stands for traced values in texts.
_STAND_IN = re.compile(r"traced (bool|[if](32|64)|complex(64|128))\b", re.IGNORECASE)


def check_text(made: str, what: str) -> None:
    """Raise where a text that leaves the trace shows traced values, whose digits it cannot know."""
    if _STAND_IN.search(made):
        raise UnsupportedOperation(
            f"{what} a text with a traced value in it",
            where=where(),
            hint="return the value, and make the text where the function is called",
        )


def note_traced() -> None:
    """A traced value becomes part of a text."""
    traced = _TRACED.get()
    if traced is not None:
        traced.append(True)
