"""Which loops are unrolled: by what an iteration weighs, not by how many ops it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

Array = Any


def became(f: Any, *args: Any) -> list[str]:
    """What the loops of a function became."""
    special = tapec.compile(f, backend="numpy").specialization(*args)
    return [c.kind for c in special.program.choices if c.length is not None]


def steps(n: int) -> Any:
    def run(u: Array) -> Array:
        for _ in range(n):
            u = u + 0.1 * np.sin(u)
        return u

    return run


def until(n: int) -> Any:
    def run(x: Array) -> Any:
        total = 0.0
        for i in range(n):
            if x[i] > 1.0:
                break
            total = total + x[i]
        return total

    return run


def with_branches(n: int) -> Any:
    def run(x: Array) -> Any:
        total = 0.0
        for i in range(n):
            if x[i] > 0.0:
                total = total + np.log(x[i])
        return total

    return run


@pytest.mark.parametrize(
    ("n", "shape", "kind"),
    [(40, (), "unrolled"), (40, (4,), "unrolled"), (40, (30,), "loop"), (6, (30,), "unrolled")],
)
def test_ops_on_arrays_weigh_more_than_on_numbers(n: int, shape: Any, kind: str) -> None:
    assert became(steps(n), np.full(shape, 0.3)) == [kind]


@pytest.mark.parametrize(("n", "kind"), [(4, "unrolled"), (5, "loop")])
def test_loops_that_may_end_stay_loops(n: int, kind: str) -> None:
    assert became(until(n), np.linspace(0.0, 2.0, n)) == [kind]


@pytest.mark.parametrize(("n", "kind"), [(5, "unrolled"), (20, "loop")])
def test_branches_weigh(n: int, kind: str) -> None:
    assert became(with_branches(n), np.linspace(-1.0, 2.0, n)) == [kind]


@pytest.mark.parametrize("make", [until, with_branches])
@pytest.mark.parametrize("n", [3, 30])
def test_both_give_the_same(make: Any, n: int) -> None:
    x = np.linspace(-0.7, 1.9, n)
    f = make(n)
    value, slope = tapec.value_and_grad(f)(x)
    assert np.isclose(value, f(x))
    along = tapec.compile(lambda x, t: tapec.jvp(f, (x,), (t,))[1])
    want = [along(x, row) for row in np.eye(n)]
    np.testing.assert_allclose(slope, want, rtol=1e-12, atol=1e-14)


def test_a_while_loop_over_arrays_becomes_one_op() -> None:
    def run(u: Array) -> Array:
        k = 0
        while k < 200:
            u = u + 0.01 * np.cos(u)
            k += 1
        return u

    u = np.linspace(0.0, 1.0, 50)
    special = tapec.compile(run, backend="numpy").specialization(u)
    assert [c.kind for c in special.program.choices] == ["loop"]
    assert len(special.func.ops) < 60
    np.testing.assert_allclose(tapec.compile(run)(u), run(u), rtol=1e-13)
