"""The `try` statements of the user's that are being traced, and what they may catch."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np


class Handler(Protocol):
    """One `try` statement (see `tapec.trace.staging.trying`)."""

    def catches(self, kind: type[BaseException]) -> bool:
        """Whether one of its handlers takes an exception of this kind."""

    def decide(self, holds: Callable[[], Any], error: Exception) -> None:
        """Go on where the traced truth of `holds` is so, raise the error elsewhere."""

    def refuse(self, what: str) -> None:
        """Raise: what it would catch happens where its handlers cannot be traced."""


HANDLERS: ContextVar[tuple[Handler, ...]] = ContextVar("tapec_handlers", default=())


def catching_handler(kind: type[BaseException]) -> Handler | None:
    """The innermost `try` statement that catches exceptions of this kind."""
    return next((h for h in reversed(HANDLERS.get()) if h.catches(kind)), None)


def may_raise(kind: type[Exception], holds: Callable[[], Any], message: str) -> None:
    """Called before something raises an exception where a traced truth does not hold."""
    handler = catching_handler(kind)
    if handler is not None:
        handler.decide(holds, kind(message))


def refuse_floating_point_errors() -> None:
    """Refuse to catch what `np.errstate` lets NumPy raise: compiled arithmetic never does."""
    handler = catching_handler(FloatingPointError)
    if handler is not None and "raise" in np.geterr().values():
        handler.refuse("arithmetic on traced values raises nothing, whatever np.errstate says")
