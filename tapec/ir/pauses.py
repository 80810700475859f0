"""Pauses of the garbage collector while programs are built."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """No cyclic garbage collection inside: building n small objects that all live stays linear.

    Programs have no cycles, so nothing is lost; collections would take over half of the time.
    """
    thread = threading.get_ident()
    if thread in _PAUSED:
        yield
        return
    _PAUSED[thread] = gc.isenabled() or any(_PAUSED.values())
    gc.disable()
    try:
        yield
    finally:
        _resume(_PAUSED.pop(thread))


_PAUSED: dict[int, bool] = {}  # threads that have collections paused, and whether they were on


def _resume(enabled: bool) -> None:
    if enabled and not _PAUSED:
        gc.enable()


def _forked() -> None:
    """In a forked child the other threads are gone: none of them lets collections go on."""
    gone = [_PAUSED.pop(t) for t in list(_PAUSED) if t != threading.get_ident()]
    _resume(any(gone))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
