"""Locks that stay usable in a forked child, whichever thread held them in the parent.

A child has one thread, the one that forked. A lock that another thread held at that moment would
stay locked in the child for ever, so the child replaces it by a fresh one. The data that these
locks protect is consistent wherever Python may switch threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tapec.lazy import IMPORTING

_GENERATION = [0]  # the number of forks between the first process and this one


class ForkedLock:
    """A re-entrant lock, to be held by `with lock.held():`; a fresh one in a forked child."""

    __slots__ = ("_generation", "_lock")

    def __init__(self) -> None:
        self._generation, self._lock = _GENERATION[0], threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock."""
        if self._generation != _GENERATION[0]:
            self.__init__()  # type: ignore[misc]
        with self._lock:
            yield


# Locks of libraries, taken around a fork so that no other thread holds them. Add to the list
# while holding `IMPORTING`.
FOREIGN: list[AbstractContextManager[Any]] = []


def _before_fork() -> None:
    IMPORTING.acquire()
    for lock in FOREIGN:
        lock.__enter__()


def _after_fork() -> None:
    for lock in reversed(FOREIGN):
        lock.__exit__(None, None, None)
    IMPORTING.release()


def _in_child() -> None:
    _GENERATION[0] += 1
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
