"""Functions that change what is around them, against plain Python: see `support.effect_programs`."""

from __future__ import annotations

import pytest
from support.captured_programs import program
from support.effect_programs import WAYS, shrunk, wrong

QUICK, SLOW, BLOCKS = 24, 1000, 20


def check(seed: int) -> None:
    p = program(seed, effects=True)
    ways = tuple(WAYS) if seed % 8 == 0 else ("value" if seed % 4 == 1 else "interpreter",)
    if wrong(p, ways):
        p = shrunk(p, ways)
        pytest.fail(f"seed {seed}: {wrong(p, ways)}\n{p.text()}")


# Seeds that have found something, and a few others.
FOUND = (67, 83, 113, 317, 403, 807, 10912, 108146, 112057, 1000760)


@pytest.mark.parametrize("seed", [*range(QUICK), *FOUND])
def test_few_programs(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_many_programs(block: int) -> None:
    for seed in range(block * SLOW, (block + 1) * SLOW):
        check(seed)
