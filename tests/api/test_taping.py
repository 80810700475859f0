"""`Kernel.tape`: what the reverse sweep keeps, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec


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


def test_a_loop_of_unknown_length_says_so() -> None:
    report = tapec.compile(doubling).tape(np.full(2, 1.5))
    assert report.bytes is None
    assert [e.count for e in report] == [None]
    assert "known at run time" in str(report)


def test_straight_programs_keep_nothing_aside() -> None:
    assert len(tapec.compile(lambda x: np.sum(np.exp(x))).tape(np.ones(3))) == 0
