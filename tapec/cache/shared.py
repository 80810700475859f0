"""The cache of this process: where the settings say, with keys that know all versions."""

from __future__ import annotations

import functools
import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tapec.cache.digests import name_of
from tapec.cache.place import folder
from tapec.cache.store import Found, Store
from tapec.cache.tuning import LIMIT
from tapec.config import SETTINGS

_PACKAGE = Path(__file__).parents[1]


class SharedCache:
    """The cache that this process reads and writes."""

    def __init__(self) -> None:
        self.store: Store | None = None  # made when first used
        self.enabled = SETTINGS.cache

    def read(self, key: str) -> Found:
        """What is kept under a key."""
        if not self.enabled:
            return Found(None)
        return self.opened().read(key)

    def write(self, key: str, content: bytes) -> str:
        """Keep a content; the reason where that is not possible."""
        if not self.enabled:
            return "it is turned off"
        return self.opened().write(key, content)

    def opened(self) -> Store:
        """The entries on disk."""
        if self.store is None:
            size = SETTINGS.cache_size
            self.store = Store(folder(), LIMIT if size is None else size * 2**20)
        return self.store

    def key(self, *parts: Any) -> str:
        """A key of values whose `repr` says all of them, for these versions of everything."""
        return name_of(repr((versions(), parts))) if self.enabled else ""


@functools.cache
def versions() -> str:
    """A name for what compiled programs depend on besides their own source and the machine."""
    known = (
        sys.version,
        sys.implementation.cache_tag,
        sys.flags.optimize,
        platform.machine(),
        np.__version__,
        getattr(_llvmlite(), "__version__", ""),
        tuple(sorted(_sources(_PACKAGE))),
    )
    return name_of(repr(known))


def _llvmlite() -> Any:
    try:
        return import_module("llvmlite")  # without its compiler
    except ImportError:
        return None


def _sources(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The files of this package, as far as the system knows without reading them."""
    with os.scandir(folder) as found:
        for item in found:
            if item.name.endswith(".py"):
                about = item.stat()
                yield item.path, about.st_size, about.st_mtime_ns
            elif item.is_dir() and item.name != "__pycache__":
                yield from _sources(Path(item.path))


CACHE = SharedCache()
