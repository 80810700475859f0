"""Locks that a forked child can use, whoever held them in the parent.

A child has one thread, the one that forked. A lock that another thread held at that moment would
stay locked in the child for ever: here it is a fresh one there. What the locks protect is whole at
every moment at which Python lets another thread run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

_GENERATION = [0]  # of this process: how many forks it stems from


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


# Held while modules are imported at a first use: Python's own locks of modules are not renewed.
IMPORTING = threading.RLock()
# Locks of libraries, held during a fork: no other thread is inside of them then. To be added to
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
