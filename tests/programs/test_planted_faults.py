"""The random programs find faults: each is planted by taking one part out, and must show soon.

Memory: views and copies, orders, writes under several names, branches and loops, arguments. State:
what is looked at again on each call, what is carried out on each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support import effect_programs, memory_fuzz
from support.captured_programs import program
from support.random_memory import Writer

from tapec.call import changes, specialize, state
from tapec.trace.arrays import memory, storage
from tapec.trace.numpy import shape
from tapec.trace.staging import branch, loop_aliases

PROGRAMS = 2000  # in which a planted fault must show
Fault = tuple[Any, str, Any]
# Where the search begins, for faults that few programs show.
STARTS = {
    "names that diverge in loops": 20500,
    "what loops write is not told": 5051800,
    "names merged in a loop's branch": 5066300,
    "arrays merged together": 303800,
}


def keeps_quiet(self: Any) -> bool:
    """Allow all writes into arrays that may have other names, and tell nobody."""
    for key in self.entries:
        self.agree(key)
    return False


MEMORY: dict[str, Fault] = {
    "names that diverge in loops": (loop_aliases, "_check_starts", lambda *args: None),
    "what loops write is not told": (loop_aliases, "_tell_of_writes", lambda *args: None),
    "names merged in a loop's branch": (loop_aliases, "_is_several", lambda storage: False),
    "reads of stale names": (storage.MaybeShared, "check", lambda self: None),
    "writes under two names": (storage.MaybeShared, "refuses_writes", keeps_quiet),
    "arrays merged by branches": (branch, "frozen_by", lambda *args: ""),
    "arrays merged together": (branch, "shared_memory", lambda sides: set()),
    "arguments that share memory": (specialize, "check_separate", lambda *args: None),
    "copies taken for views": (shape, "reshape_is_view", lambda x, shape: True),
    "views taken for copies": (shape, "reshape_is_view", lambda x, shape: False),
    "contiguity": (shape, "is_contiguous", lambda x: True),
    "orders of results": (memory, "in_c_order", lambda x: True),
}
STATE: dict[str, Fault] = {
    "state that changed": (state.CapturedState, "_same", lambda self, edge: True),
    "contents of arrays": (state.CapturedState, "_constants_hold", lambda self: True),
    "changes outside": (changes.Effects, "apply", lambda self, *args: None),
}


def wrong_in_memory(seed: int) -> bool:
    try:
        memory_fuzz.examine(Writer(seed).program(), seed, derivatives=False)
    except memory_fuzz.Wrong:
        return True
    except Exception:  # what a planted fault breaks otherwise is not silent
        return False
    return False


def wrong_in_state(seed: int) -> bool:
    try:
        return bool(effect_programs.wrong(program(seed, effects=True), ("interpreter",)))
    except Exception:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*MEMORY, *STATE])
def test_a_planted_fault_shows(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, without = {**MEMORY, **STATE}[fault]
    shows: Callable[[int], bool] = wrong_in_memory if fault in MEMORY else wrong_in_state
    monkeypatch.setattr(owner, name, without)
    first = STARTS.get(fault, 0)
    found = next((seed for seed in range(first, first + PROGRAMS) if shows(seed)), None)
    assert found is not None, "no program shows it"
    monkeypatch.undo()
    assert not shows(found)
