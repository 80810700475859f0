"""The few settings, read from the environment once.

| variable | meaning |
|---|---|
| `TAPEC_DEBUG` | 0..6: what compiled and why; pass times; programs; loops; LLVM; assembly |
| `TAPEC_DUMP` | folder that receives every stage of every compilation |
| `TAPEC_CHECK` | 1: verify every program that a step makes (the tests do) |
| `TAPEC_BACKEND` | `auto`, `llvm` or `numpy`: the default of `compile(backend=)` |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """All settings."""

    debug: int = 0
    dump: Path | None = None
    check: bool = False
    backend: str = "auto"


def read() -> Settings:
    """The settings of this process's environment."""
    env = os.environ
    dump = env.get("TAPEC_DUMP")
    return Settings(
        debug=int(env.get("TAPEC_DEBUG", "0") or 0),
        dump=Path(dump) if dump else None,
        check=env.get("TAPEC_CHECK", "0") not in ("", "0"),
        backend=env.get("TAPEC_BACKEND", "auto"),
    )


SETTINGS = read()
