"""Where the cache is, and whether it can be trusted: what is read there is run.

The folder and every file in it must belong to the user that runs this process, and nobody else may
write there.
"""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

from tapec.config import SETTINGS
from tapec.lazy import loaded

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Untrusted(Exception):
    """Somebody else could have written this, or it is not what it should be."""


def folder() -> Path:
    """The folder: `TAPEC_CACHE_DIR`, else the one that the system has for such files."""
    return SETTINGS.cache_dir or _usual()


@functools.cache
def _usual() -> Path:
    dirs = loaded("platformdirs")  # here, since it takes milliseconds
    return Path(dirs.user_cache_path("tapec", appauthor=False))


def prepare(path: Path) -> None:
    """Make the folder, for its owner alone; raises Untrusted where it is there for others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check(os.lstat(path), str(path), stat.S_ISDIR)


def check(found: os.stat_result, name: str, is_kind: object) -> None:
    """Raise Untrusted unless this is a folder or file that only its owner, this user, writes."""
    if not callable(is_kind) or not is_kind(found.st_mode):
        raise Untrusted(f"{name} is a link, or no ordinary file or folder")
    if not hasattr(os, "getuid"):
        return  # Windows keeps a user's folders from other users by lists of rights
    if found.st_uid != os.getuid():
        raise Untrusted(f"{name} belongs to another user")
    if found.st_mode & _OTHERS:
        raise Untrusted(f"others may write {name}")
