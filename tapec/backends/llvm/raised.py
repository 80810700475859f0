"""Exceptions on their way through compiled code: from a Python function it called to its caller."""

from __future__ import annotations

import threading

PENDING = threading.local()


def taken() -> BaseException:
    """Take the exception that the last call in this thread has raised."""
    error: BaseException = PENDING.error
    del PENDING.error
    return error


def reraise() -> None:
    """Raise the exception that the last call in this thread has raised."""
    raise taken()
