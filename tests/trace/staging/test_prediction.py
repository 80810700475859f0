"""Loops begin with what they probably carry; whether that is right is seen, never assumed."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import processes
from support.tracing import check

import tapec
from tapec.trace.staging.fixpoint import LoopFixpoint


def iterations(f: Any, *args: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often bodies of loops are traced."""
    made = []
    original = LoopFixpoint._iteration

    def counted(self: Any) -> Any:
        made.append(1)
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(LoopFixpoint, "_iteration", counted)
        tapec.compile(f).ir("trace", *args)
    return len(made)


def descend(f: Any, x: Any) -> Any:
    value, rate, steps = f(x), 0.1, 0
    slope = tapec.grad(f)
    while np.abs(slope(x)) > 1e-3:
        new = f(x - rate * slope(x))
        if new < value:
            x, value, steps = x - rate * slope(x), new, steps + 1
        else:
            rate = 0.5 * rate
    return x + 0.0 * steps


def nested(depth: int) -> Any:
    """A minimum of a minimum of a minimum, each by the same loop."""
    if depth == 0:
        return lambda x: (x - 1.0) ** 2
    return lambda x: descend(lambda y: nested(depth - 1)(y) + (x - y) ** 2, 0.5 * x) ** 2


def test_loops_in_loops_are_not_traced_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [iterations(nested(d), 2.0, monkeypatch=monkeypatch) for d in (1, 2)]
    assert counts[0] <= 2
    assert counts[1] <= 2 + 5 * counts[0]


def test_a_loop_that_changes_all_that_it_assigns_is_traced_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def f(x: Any) -> Any:
        y = 2.0 * x
        while y < 100.0:
            y = y * y + x
        return y

    assert iterations(f, 1.5, monkeypatch=monkeypatch) == 1
    check(f, np.float64(1.5))


UPDATES = (
    "a = a + x",  # changes
    "b = b",  # assigned, and the same
    "n = 3",  # a constant again, which must stay one: it is a shape
    "a, b = b, a",
    "c = c * 1",  # an integer that stays the same number
    "c = c + 1",
    "d = a * 1.0",  # a number becomes a traced one
    "v = v + a",
    "v[1] = v[0] * a",  # changed in place, never assigned
    "w = v",  # two names of one array
    "if a > 2.0: b = a",
    "k = c",  # bound in the loop alone
)

HEAD = """
def f(x):
    a, b, c, d, n = 1.5, x, 0, 2.5, 3
    v = x * np.ones(3)
    w = np.zeros(3) + x
    i = 0
    while i < 4 * (x > 0):
"""
TAIL = """
        i = i + 1
    return a + 2.0 * b + c + d + np.sum(np.ones(n) * v) + np.sum(w)
"""


@pytest.mark.parametrize("pair", [*itertools.combinations(UPDATES, 2)], ids="; ".join)
def test_predictions_that_are_wrong_change_nothing(pair: tuple[str, ...], tmp_path: Path) -> None:
    body = "\n".join(f"        {line}" for line in pair)
    processes.write(tmp_path, "predicted", f"import numpy as np\n{HEAD}{body}{TAIL}")
    f = processes.fresh(tmp_path, "predicted").f
    check(f, np.float64(1.25))
