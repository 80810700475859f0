"""Counting references while the collector of cyclic garbage stands still."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage is left to be collected inside: it may hold what is counted."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
