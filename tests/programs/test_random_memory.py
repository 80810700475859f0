"""Random programs over arrays that have several names, against plain NumPy: see `memory_fuzz`."""

from __future__ import annotations

import os
from typing import Any

import pytest
from support.memory_fuzz import campaign, examine
from support.random_memory import Writer

# Programs of the slow test; TAPEC_FUZZ=200000 for a long run.
COUNT = int(os.environ.get("TAPEC_FUZZ", "4000"))
PIECES = 40
REFUSED = 0.4  # the largest share of programs that may be refused


def some_native(seed: int) -> Any:
    """The interpreter shows faults of tracing as well as native code does, in less time."""
    return "llvm" if seed % 8 == 7 else "numpy"


def check(seeds: range) -> None:
    found, reports = campaign(seeds, some_native)
    assert not reports, "\n\n".join(reports)
    refused = sum(n for what, n in found.items() if what.startswith("refused"))
    assert refused <= REFUSED * len(seeds), found


# Seeds that have found something.
FOUND = (303834, 301827, 5017660, 5051838, 5066152, 5066373, 5072476, 5083922)


def test_some() -> None:
    check(range(40000, 40015))


@pytest.mark.parametrize("seed", FOUND)
def test_found(seed: int) -> None:
    examine(Writer(seed).program(), seed)


@pytest.mark.slow
@pytest.mark.parametrize("piece", range(PIECES))
def test_many(piece: int) -> None:
    size = COUNT // PIECES
    check(range(piece * size, (piece + 1) * size))
