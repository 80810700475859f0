"""Entries of the cache: one file each, named by its key, written at once and read with a digest.

A file that is damaged, truncated or another user's is no error: it counts as absent, with the
reason. The oldest entries go when all are larger than the limit; reading one makes it new.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tapec.cache.digests import DIGEST, digest
from tapec.cache.place import Untrusted, check, prepare
from tapec.cache.tuning import LARGEST_ENTRY, LIMIT, WRITES_PER_SWEEP

MAGIC = b"tapec cache 1\n"
_SUFFIX = ".entry"
_BINARY = getattr(os, "O_BINARY", 0)
_OLD = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | _BINARY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
_NUMBERS = itertools.count()


class Damaged(Exception):
    """An entry that is not what was written."""


class Found(NamedTuple):
    """What is in the cache under a key: the content, or why there is none."""

    content: bytes | None
    reason: str = ""


class Store:
    """The entries in one folder."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self.limit = limit
        self._writes = 0
        self._prepared = False

    # ---- reading ----

    def read(self, key: str) -> Found:
        """The content under a key."""
        try:
            self._prepare()
            return Found(_opened(self._file(key), key))
        except FileNotFoundError:
            return Found(None)
        except (Untrusted, Damaged) as error:
            return Found(None, str(error))
        except OSError as error:
            return Found(None, f"the cache cannot be read: {error}")

    # ---- writing ----

    def write(self, key: str, content: bytes) -> str:
        """Keep a content under a key; the reason where that is not possible, else ""."""
        if len(content) > LARGEST_ENTRY:
            return f"{len(content)} bytes are more than one entry may have"
        try:
            self._prepare()
            self._replace(self._file(key), MAGIC + digest(content, key) + content)
        except (Untrusted, OSError) as error:
            return str(error)
        self._writes += 1
        if self._writes % WRITES_PER_SWEEP == 1:
            self.sweep()
        return ""

    def _replace(self, target: str, data: bytes) -> None:
        """Write a file that others see whole or not at all."""
        made = f"{self.path}/{os.getpid()}-{time.time_ns()}-{next(_NUMBERS)}.new"
        try:
            with os.fdopen(os.open(made, _NEW, 0o600), "wb") as file:
                file.write(data)
            os.replace(made, target)
        except BaseException:
            _remove(made)
            raise

    # ---- keeping house ----

    def entries(self) -> Iterator[tuple[str, os.stat_result]]:
        """All files of the cache, half-written ones too."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path) as found:
            for item in found:
                if item.name.endswith((_SUFFIX, ".new")):
                    with contextlib.suppress(FileNotFoundError):  # another process removed it
                        yield item.path, item.stat(follow_symlinks=False)

    def size(self) -> tuple[int, int]:
        """Number of entries, and their bytes."""
        number = total = 0
        for _, found in self.entries():
            number, total = number + 1, total + found.st_size
        return number, total

    def sweep(self) -> None:
        """Remove the entries that were not used for longest, until the others are few enough."""
        excess = self.size()[1] - self.limit
        if excess <= 0:
            return  # nearly always, and without a list of all entries in memory
        known = sorted((found.st_mtime_ns, found.st_size, path) for path, found in self.entries())
        for _, size, path in known:
            if excess <= 0:
                return
            excess -= size
            _remove(path)

    def clear(self) -> int:
        """Remove all entries; how many there were."""
        paths = [path for path, _ in self.entries()]
        for path in paths:
            _remove(path)
        return len(paths)

    def _file(self, key: str) -> str:
        return f"{self.path}/{key}{_SUFFIX}"

    def _prepare(self) -> None:
        if not self._prepared:
            prepare(self.path)
            self._prepared = True


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # gone already, or open in a system that minds
        os.unlink(path)


def _opened(path: str, key: str) -> bytes:
    """The content of a file of ours, which is new from now on."""
    handle = os.open(path, _OLD)
    with os.fdopen(handle, "rb") as file:
        check(os.fstat(handle), path, stat.S_ISREG)
        data = file.read()
        with contextlib.suppress(OSError):
            os.utime(handle if os.utime in os.supports_fd else path)
    head = len(MAGIC) + DIGEST
    if not data.startswith(MAGIC):
        raise Damaged(f"{path} is no entry of this cache")
    content = data[head:]
    if data[len(MAGIC) : head] != digest(content, key):
        raise Damaged(f"{path} is damaged")
    return content
