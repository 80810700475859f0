"""Random programs over arrays that have several names, against plain NumPy: see `memory_fuzz`."""

from __future__ import annotations

import os
from typing import Any

import pytest
from support.memory_fuzz import Wrong, campaign, examine
from support.random_memory import Writer

from tapec.call import specialize
from tapec.trace.arrays import storage
from tapec.trace.staging import branch, loop_aliases

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
FOUND = (303834, 301827, 5017660, 5051838, 5066373)


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


# -- planted faults --------------------------------------------------------------------------------

# What is taken out of tracing and calls, and a program that is wrong without it.
FAULTS: dict[str, tuple[Any, str, Any, int]] = {
    "names that diverge in loops": (loop_aliases, "_check_starts", lambda *args: None, 20600),
    "reads of stale names": (storage.MaybeShared, "check", lambda self: None, 20041),
    "writes under two names": (storage.MaybeShared, "refuses_writes", lambda self: False, 20190),
    "arguments that share memory": (specialize, "check_separate", lambda *args: None, 20114),
    "arrays merged by branches": (branch, "frozen_by", lambda *args: "", 20035),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, without, seed = FAULTS[fault]
    whole = Writer(seed).program()
    examine(whole, seed, derivatives=False)
    monkeypatch.setattr(owner, name, without)
    with pytest.raises(Wrong):
        examine(whole, seed, derivatives=False)
