"""What runs the programs of a kernel."""

from __future__ import annotations

from typing import NamedTuple


class Engine(NamedTuple):
    """The backend, and how many threads a call may use: 0 where loops are not shared."""

    backend: str = "auto"
    threads: int = 0
