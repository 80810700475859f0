"""What runs the programs of a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Engine(NamedTuple):
    """The backend, how many threads a call may use (0: none), and whether rounding is free."""

    backend: str = "auto"
    threads: int = 0
    fastmath: bool = False


def engine_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a kernel's options that say what runs it."""
    return {name: options[name] for name in Engine._fields if name in options}
