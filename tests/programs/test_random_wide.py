"""Random programs over what else Python and NumPy have, against both: see `random_wide`."""

from __future__ import annotations

import pytest
from support.memory_fuzz import campaign, examine
from support.random_wide import WideWriter

PIECES, SIZE = 40, 100
REFUSED = 0.5  # the largest share of programs that may be refused


def check(seeds: range) -> None:
    found, reports = campaign(seeds, writer=WideWriter)
    assert not reports, "\n\n".join(reports)
    refused = sum(n for what, n in found.items() if what.startswith("refused"))
    assert refused <= REFUSED * len(seeds), found


# Seeds that have found something.
FOUND = (14, 380, 421, 458, 30211, 70254, 70376, 300009)


def test_some() -> None:
    check(range(100000, 100012))


@pytest.mark.parametrize("seed", FOUND)
def test_found(seed: int) -> None:
    examine(WideWriter(seed).program(), seed)


@pytest.mark.slow
@pytest.mark.parametrize("piece", range(PIECES))
def test_many(piece: int) -> None:
    check(range(piece * SIZE, (piece + 1) * SIZE))
