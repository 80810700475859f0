"""The few settings, read from the environment once.

| variable | meaning |
|---|---|
| `TAPEC_DEBUG` | 0..6: what compiled and why; pass times; programs; loops; LLVM; assembly |
| `TAPEC_DUMP` | folder that receives every stage of every compilation |
| `TAPEC_CHECK` | 1: verify every program that a step makes (the tests do) |
| `TAPEC_BACKEND` | `auto`, `llvm` or `numpy`: the default of `compile(backend=)` |
| `TAPEC_CACHE` | 0: no cache on disk |
| `TAPEC_CACHE_DIR` | its folder, instead of the one the system has for such files |
| `TAPEC_CACHE_SIZE` | how many megabytes it may have, 256 where not given |
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Settings(NamedTuple):
    """All settings."""

    debug: int = 0
    dump: Path | None = None
    check: bool = False
    backend: str = "auto"
    cache: bool = True
    cache_dir: Path | None = None
    cache_size: int | None = None  # megabytes


def read() -> Settings:
    """The settings of this process's environment."""
    env = os.environ
    dump, folder, size = map(env.get, ("TAPEC_DUMP", "TAPEC_CACHE_DIR", "TAPEC_CACHE_SIZE"))
    return Settings(
        debug=int(env.get("TAPEC_DEBUG", "0") or 0),
        dump=Path(dump) if dump else None,
        check=env.get("TAPEC_CHECK", "0") not in ("", "0"),
        backend=env.get("TAPEC_BACKEND", "auto"),
        cache=env.get("TAPEC_CACHE", "1") not in ("", "0"),
        cache_dir=Path(folder) if folder else None,
        cache_size=int(size) if size else None,
    )


SETTINGS = read()
