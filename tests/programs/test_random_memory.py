"""Random programs over arrays that have several names, against plain NumPy: see `memory_fuzz`."""

from __future__ import annotations

import os
from typing import Any

import pytest
from support.memory_fuzz import campaign

# Programs of the slow test; TAPEC_FUZZ=200000 for a long run.
COUNT = int(os.environ.get("TAPEC_FUZZ", "4000"))
PIECES = 40


def some_native(seed: int) -> Any:
    """The interpreter shows faults of tracing as well as native code does, in less time."""
    return "llvm" if seed % 8 == 7 else "numpy"


@pytest.mark.slow
@pytest.mark.parametrize("piece", range(PIECES))
def test_many(piece: int) -> None:
    size = COUNT // PIECES
    found, reports = campaign(range(piece * size, (piece + 1) * size), some_native)
    assert not reports, "\n\n".join(reports)
    assert sum(n for what, n in found.items() if what.startswith("refused")) < 0.25 * size, found
