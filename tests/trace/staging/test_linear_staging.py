"""Tracing plain loops takes time in proportion to their steps: attempts are few, whatever exists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

import tapec
from tapec.trace.staging import region
from tapec.trace.staging.choice import Backoff


def graph(x: Any, steps: int) -> Any:
    """A straight-line graph that only Python's lists hold together."""
    nodes = [x[i] for i in range(20)]
    for op in range(steps):
        if op % 4 == 0:
            nodes.append(np.log1p(np.exp(nodes[-10])))
        elif op % 4 == 1:
            nodes.append((nodes[-19] + nodes[-15]) * 0.25)
        elif op % 4 == 2:
            nodes.append(nodes[-20] * nodes[-10] * 0.5)
        else:
            nodes.append(nodes[-1] - nodes[-7])
    return nodes[-1]


def regions(f: Any, *args: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many regions tracing a function takes, those of failed attempts included."""
    made = []
    original = region.Region.__init__

    def counted(self: Any, *a: Any, **k: Any) -> None:
        made.append(1)
        original(self, *a, **k)

    with monkeypatch.context() as patch:
        patch.setattr(region.Region, "__init__", counted)
        traced(f, *args)
    return len(made)


def test_attempts_do_not_grow_with_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-1.0, 1.0, 20)
    few, many = (
        regions(lambda x, n=n: graph(x, n), x, monkeypatch=monkeypatch) for n in (200, 1600)
    )
    assert many <= few + 4


def test_the_graph_and_its_gradient() -> None:
    x = np.linspace(-1.0, 1.0, 20)
    f = lambda x: graph(x, 203)  # noqa: E731
    np.testing.assert_allclose(tapec.compile(f)(x), f(x), rtol=1e-12)
    moved = np.array([f(x + 1e-6 * e) - f(x - 1e-6 * e) for e in np.eye(20)]) / 2e-6
    np.testing.assert_allclose(tapec.grad(f)(x), moved, rtol=1e-6, atol=1e-8)


def test_inner_loops_that_cannot_be_rolled_are_tried_less_and_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def f(x: Any, n: int) -> Any:
        total = x * 1.0
        for _ in tapec.unroll(range(n)):
            found: dict[int, Any] = {}
            for k in range(150):
                found[k] = total * 0.5 + k
                total = total * 0.9 + found[k] * 0.01
        return np.sum(total)

    few, many = (
        regions(lambda x, n=n: f(x, n), np.ones(3), monkeypatch=monkeypatch) for n in (8, 64)
    )
    assert many - 64 <= 2 * (few - 8)  # one probe each, and the attempts
    check(lambda x: f(x, 5), np.ones(3))


def test_back_off_is_geometric() -> None:
    backoff, code = Backoff(), graph.__code__
    tried = []
    for k in range(40):
        if not backoff.skips(code):
            tried.append(k)
            backoff.note(code, failed=True)
    assert tried == [0, 2, 5, 10, 19, 36]
    backoff.note(code, failed=False)
    assert not backoff.skips(code)


# -- conditions with a period ----------------------------------------------------------------------


def alternating(x: Any, n: int) -> Any:
    """Branches that cannot be one op: their results have different shapes."""
    total = np.sum(x)
    for k in range(n):
        v = x
        if k % 3 == 0:
            v = x[:2]
        total = 0.99 * total + np.sum(v) * 0.1
    return total


@pytest.mark.parametrize("n", [300, 301, 302])
def test_a_short_period_is_unrolled_and_the_blocks_are_rolled(n: int) -> None:
    program = check(lambda x: alternating(x, n), np.linspace(0.1, 0.5, 4))
    assert any(op.name == "scan" and op.attrs["length"] == n // 3 for op in program.func.ops)


def test_gradient_through_blocks() -> None:
    x = np.linspace(0.1, 0.5, 4)
    f = lambda x: alternating(x, 301) ** 2  # noqa: E731
    moved = np.array([f(x + 1e-6 * e) - f(x - 1e-6 * e) for e in np.eye(4)]) / 2e-6
    np.testing.assert_allclose(tapec.grad(f)(x), moved, rtol=1e-7)


# -- elements written one by one -------------------------------------------------------------------


def test_written_elements_are_read_without_an_op() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(9)
        y[0] = x[0]
        for i in tapec.unroll(range(1, 9)):
            y[i] = y[i - 1] * x[1] + y[0]
        return y[8]

    program = check(f, np.array([0.7, 1.1]))
    reads = [op for op in program.func.ops if op.name == "index"]
    assert {op.operands[0] for op in reads} == {program.func.params[0]}


def mixed(x: Any) -> Any:
    """Writes of elements, slices, views and rows, read in between."""
    y, a = np.zeros(6), np.arange(12.0).reshape(3, 4)
    y[1] = x[0]
    first = y[1] + y[2]
    view = y[1:4]
    view[0] = x[1]
    second = y[1]
    y[2:4] = x[:2]
    third = y[2] + y[5] + view[1]
    a[1, 2] = x[0]
    fourth = a[1, 2] * a[0, 3]
    a[1] *= 2.0
    fifth = a[1, 2] + a.T[2, 1]
    y += 1.0
    return np.stack([first, second, third, fourth, fifth, y[1], y[-1], a[-2, -2]])


def test_other_writes_are_seen() -> None:
    check(mixed, np.array([0.3, -1.2]))


def test_elements_in_branches_and_loops() -> None:
    def f(x: Any, c: Any) -> Any:
        y = np.zeros(4)
        y[0] = x[0]
        if c > 0:
            y[1] = y[0] * 2.0
            y[0] = x[1]
        else:
            y[1] = y[0] - 1.0
        z = y[0] + y[1]
        for _ in range(500):
            y[2] = y[0] * 0.5 + y[2] * 0.25
            y[0] = y[2]
        return z + y[0] + y[2] + y[3]

    for c in (1.0, -1.0):
        check(f, np.array([0.3, -1.2]), c)


def test_elements_of_arguments_and_of_two_names() -> None:
    def f(x: Any) -> Any:
        y = x
        x[0] = 2.0 * x[1]
        y[1] = x[0] + y[0]
        x.fill(0.5)
        return y[0] + x[1]

    check(f, np.array([0.3, -1.2]))


def test_integers_and_floats_are_converted_as_they_are_written() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3, np.int64)
        y[0] = x[0]
        z = np.zeros(3, np.float32)
        z[0] = x[1]
        return y[0] * 0.5, z[0]

    check(f, np.array([2.7, 1.0 / 3.0]))
