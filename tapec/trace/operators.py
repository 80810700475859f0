"""Python's control flow as functions: what the rewritten source of a traced function calls.

On plain values each of them does exactly what the statement did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

Thunk = Callable[[], Any]


class _Undefined:
    """The content of a variable that is not bound."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = _Undefined()


class State(Protocol):
    """The variables a statement assigns, and those through which it may change objects."""

    names: tuple[str, ...]

    def get(self) -> tuple[Any, ...]:
        """Their values; UNDEFINED where one is not bound."""

    def set(self, values: tuple[Any, ...]) -> None:
        """Bind them; UNDEFINED unbinds."""


def if_(test: Any, then: Callable[[], None], otherwise: Callable[[], None], state: State) -> None:
    """``if test: ... else: ...``."""
    if test:
        then()
    else:
        otherwise()


def while_(test: Thunk, body: Callable[[], None], state: State) -> None:
    """``while test(): ...``."""
    while test():
        body()


def for_(
    iterable: Iterable[Any],
    body: Callable[[Any], None],
    state: State,
    go_on: Thunk | None = None,
) -> None:
    """``for item in iterable: ...``; after each item `go_on` says whether the loop goes on."""
    for item in iterable:
        body(item)
        # Asked before the next item is fetched: an iterator keeps what a `break` leaves.
        if go_on is not None and not go_on():
            return


def ifexp(test: Any, then: Thunk, otherwise: Thunk) -> Any:
    """``then() if test else otherwise()``."""
    return then() if test else otherwise()


def and_(*thunks: Thunk) -> Any:
    """``a and b and ...``."""
    for thunk in thunks[:-1]:
        value = thunk()
        if not value:
            return value
    return thunks[-1]()


def or_(*thunks: Thunk) -> Any:
    """``a or b or ...``."""
    for thunk in thunks[:-1]:
        value = thunk()
        if value:
            return value
    return thunks[-1]()


def not_(x: Any) -> Any:
    """``not x``."""
    return not x


def assert_(test: Any, message: Thunk | None) -> None:
    """``assert test, message()``."""
    if not test:
        raise AssertionError(*([] if message is None else [message()]))
