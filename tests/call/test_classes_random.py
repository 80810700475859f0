"""Attributes of classes and objects that change between calls, against plain Python."""

from __future__ import annotations

import pytest
from support.class_programs import wrong

PIECES, SIZE = 10, 500


@pytest.mark.parametrize("seed", [*range(16), 81, 128, 344, 386])
def test_some(seed: int) -> None:
    assert not wrong(seed)


@pytest.mark.slow
@pytest.mark.parametrize("piece", range(PIECES))
def test_many(piece: int) -> None:
    for seed in range(1000 + piece * SIZE, 1000 + (piece + 1) * SIZE):
        assert not wrong(seed), seed
