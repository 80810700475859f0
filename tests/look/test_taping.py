"""`Kernel.tape`: what the reverse sweep keeps, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import ControlFlowError


def decay(x: Any, a: Any) -> Any:
    for _ in range(1000):
        x = x + 0.01 * np.sin(a @ x) * x
    return np.sum(x)


def doubling(x: Any) -> Any:
    while x[0] < 5:
        x = x * x
    return np.sum(x)


def test_a_loop_of_known_length_states_its_memory() -> None:
    report = tapec.compile(decay).tape(np.ones(2), np.eye(2))
    stored = [e for e in report if e.kind == "stored"]
    assert stored
    assert all(e.count == 1000 for e in stored)
    assert report.bytes == 1000 * sum(e.bytes for e in stored)
    assert [str(e.type) for e in report if e.kind == "invariant"] == ["f64[2,2]"]
    assert f"tape of decay: {report.bytes} bytes" in str(report)
    assert "x = x + 0.01" in str(report)


def test_entries_have_names_and_the_lines_that_make_them() -> None:
    def f(x: Any) -> Any:
        total = 0.0
        for i in range(1000):
            t = x[i % 2]
            if total > 3.0:
                t = np.exp(-t * total)
            total = total + np.sin(t * total)
        return total

    report = tapec.compile(f).tape(np.ones(2))
    stored = {(e.name, str(e.loc).split(":  ")[1]) for e in report if e.kind == "stored"}
    assert all(name for name, _ in stored)
    assert ("total", "for i in range(1000):") in stored
    assert ("cos", "total = total + np.sin(t * total)") in stored


def test_a_loop_of_unknown_length_says_so() -> None:
    report = tapec.compile(doubling).tape(np.full(2, 1.5))
    assert report.bytes is None
    assert [e.count for e in report] == [None]
    assert "known at run time" in str(report)


def test_straight_programs_keep_nothing_aside() -> None:
    assert len(tapec.compile(lambda x: np.sum(np.exp(x))).tape(np.ones(3))) == 0


def relaxed(u: Any, checkpoint: Any = False, count: Any = 400) -> Any:
    """A nonlinear sweep over an array, as a plain loop."""
    history = np.zeros(400)
    for k in tapec.rolled(range(count), checkpoint=checkpoint):
        u = u + 0.1 * np.sin(u) * (1.0 - u**2)
        history[k] = u[3]
    return np.sum(u**2) + np.sum(history)


@pytest.mark.parametrize("checkpoint", [5, 30, True])
def test_plain_loops_keep_as_many_carries_as_they_are_told(checkpoint: Any) -> None:
    u = np.linspace(0.1, 0.9, 50)
    f = tapec.compile(lambda u: relaxed(u, checkpoint))
    np.testing.assert_allclose(f.grad(u), tapec.grad(relaxed)(u), rtol=1e-12)
    assert f(u) == pytest.approx(relaxed(u), rel=1e-14)
    whole, bounded = (k.tape(u).bytes for k in (tapec.compile(relaxed), f))
    assert bounded < whole / 3


def test_checkpoints_need_a_known_length() -> None:
    def stops(u: Any) -> Any:
        for _ in tapec.rolled(range(400), checkpoint=True):
            u = u * 1.01
            if u[0] > 1.0:
                break
        return np.sum(u)

    for f, args in ((stops, ()), (lambda u, n: relaxed(u, 5, n[0]), (np.array([7]),))):
        with pytest.raises(ControlFlowError, match="known while tracing"):
            tapec.compile(f)(np.full(3, 0.5), *args)
