"""What runs the programs of a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Engine(NamedTuple):
    """The backend, and how many threads a call may use: 0 where loops are not shared."""

    backend: str = "auto"
    threads: int = 0


def engine_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a kernel's options that say what runs it."""
    return {name: options[name] for name in Engine._fields if name in options}
