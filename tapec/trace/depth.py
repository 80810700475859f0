"""Room for deep recursion: a traced call takes more of Python's frames than a plain one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tapec.trace.tuning import FRAMES_PER_CALL

_THREADS: set[int] = set()  # those that trace
_LIMITS: list[int] = []  # the plain limit and the raised one, while any thread traces


@contextmanager
def deeper_recursion() -> Iterator[None]:
    """Raise Python's limit on recursion inside, so that what runs plainly can be traced."""
    thread = threading.get_ident()
    if thread in _THREADS:
        yield
        return
    _enter(thread)
    try:
        yield
    finally:
        _leave(thread)


def _enter(thread: int) -> None:
    _THREADS.add(thread)
    if not _LIMITS:
        plain = sys.getrecursionlimit()
        _LIMITS[:] = plain, plain * FRAMES_PER_CALL
        sys.setrecursionlimit(_LIMITS[1])


def _leave(thread: int) -> None:
    _THREADS.discard(thread)
    if _THREADS or not _LIMITS:
        return
    plain, raised = _LIMITS
    _LIMITS.clear()
    if sys.getrecursionlimit() == raised:  # else the traced function has set another
        sys.setrecursionlimit(plain)
