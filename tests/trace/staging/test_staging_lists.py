"""Lists to which loops append: the loop stays a loop, the list gets its elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec.errors import ControlFlowError

V = np.array([0.3, 0.7, 0.2, 0.9])


def regions(f: Any, *args: Any) -> list[str]:
    """The region ops at the top, after a comparison with NumPy."""
    return [op.name for op in check(f, *args).func.ops if op.regions]


def test_trajectories() -> None:
    def f(x: Any) -> Any:
        states, times, pairs = [x], [0.0], []
        for k in range(1000):
            x = x + 0.001 * np.sin(x)
            states.append(x)
            times.append(times[-1] + 0.001)
            pairs += [(k, x[0]), (k + 1, x[1])]
        last = pairs[-1]
        return np.array(states), np.array(times), np.stack([b for _, b in pairs]), last[1]

    assert regions(f, V) == ["scan"]


def test_the_last_element_is_carried() -> None:
    def f(x: Any) -> Any:
        xs, log = [x * 2], {"y": []}
        for _ in range(1000):
            xs.append(xs[-1] + 0.001 * np.cos(xs[-1]))
            log["y"].append(xs[-1].sum())
        return xs[-1], xs[500], np.array(log["y"]), sum(log["y"][:5]), np.vstack(xs[:3])

    assert regions(f, V) == ["scan"]


def test_rows_are_numbers_and_arrays_of_their_own() -> None:
    def f(x: Any) -> Any:
        ys = []
        for k in range(1000):
            ys.append(x[0] * np.sin(x[1] * k))
        a = ys[3]
        a += 1.0
        return a, ys[3], np.array([*ys[:2], x[2], *ys[4:9]])

    assert regions(f, V) == ["scan"]


def test_helpers_and_methods_that_append() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.values: list[Any] = []

        def add(self, v: Any) -> None:
            self.values.append(v)

    def f(x: Any) -> Any:
        recorder, more = Recorder(), []

        def note(v: Any) -> None:
            more.append(v * 2)

        for _ in range(1000):
            x = x + 0.001 * np.cos(x)
            recorder.add(x[0])
            note(x[1])
        return np.array(recorder.values), np.array(more)

    assert regions(f, V) == ["scan"]


def test_loops_that_look_at_the_list_are_unrolled() -> None:
    def f(x: Any) -> Any:
        ys = [x[0]]
        for _ in range(300):
            ys.append(np.sin(ys[-1] + 0.01 * len(ys)) * x[1] + ys[len(ys) // 2])
        return np.array(ys)

    program = check(f, V)
    assert [op.name for op in program.func.ops if op.regions] == []
    assert "looks at the list ys" in program.choices[-1].reason


def test_lists_in_branches_and_inner_loops() -> None:
    def f(x: Any) -> Any:
        ys = []
        for i in range(300):
            if x[0] * i > 5.0:
                ys.append(np.sin(x[1] * i))
            else:
                ys.append(x[2])
            for j in range(2):
                ys.append(ys[-1] * x[0] * j)
        return np.array(ys)

    assert regions(f, V) == ["scan"]


def test_lists_of_loops_of_unknown_length() -> None:
    def f(x: Any) -> Any:
        ys = [x]
        while ys[-1].sum() > 0:
            ys.append(ys[-1] - 0.1)
        return ys[-1]

    with pytest.raises(ControlFlowError, match=r"a list changes its length in a loop: ys\n"):
        traced(f, V)
