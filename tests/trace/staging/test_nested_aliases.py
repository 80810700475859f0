"""Names that share memory before nested loops: what any loop of them writes is seen, or refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec import rolled

Y = np.arange(1.0, 5.0)
COUNTS = (1, 2, 3)


class Box:
    def __init__(self, held: Any) -> None:
        self.held = held


KEPT: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "a name": lambda w: lambda: w,
    "a list": lambda w: (lambda items: lambda: items[0])([w]),
    "an object": lambda w: (lambda box: lambda: box.held)(Box(w)),
    "a view": lambda w: (lambda view: lambda: view)(w[1:]),
}


def written_first(w: Any, k: Any) -> Any:
    w[k % 4] *= 0.5
    return w * 1.0


def bound_first(w: Any, k: Any) -> Any:
    w = w * 1.5
    w[k % 4] += 1.0
    return w


def in_place(w: Any, k: Any) -> Any:
    w *= 0.5
    return w


def sometimes(w: Any, k: Any) -> Any:
    if w[0] > 0.6:
        w[1] += 1.0
        w = w * 0.5
    return w


STEPS = (written_first, bound_first, in_place, sometimes)


def two_loops(step: Any, w: Any, n: int, m: int) -> Any:
    for i in rolled(range(n)):
        for k in rolled(range(m)):
            w = step(w, i + k)
    return w


def inner_then_written(step: Any, w: Any, n: int, m: int) -> Any:
    for i in rolled(range(n)):
        for k in rolled(range(m)):
            w = step(w, k)
        w[0] += 1.0
        w = w + 0.25 * i
    return w


def three_loops(step: Any, w: Any, n: int, m: int) -> Any:
    for i in rolled(range(n)):
        for k in rolled(range(m)):
            for j in rolled(range(2)):
                w = step(w, i + k + j)
    return w


def in_a_while(step: Any, w: Any, n: int, m: int) -> Any:
    i = 0
    while i < n:
        for k in rolled(range(m)):
            w = step(w, k)
        i += 1
    return w


NESTS = (two_loops, inner_then_written, three_loops, in_a_while)


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nest", NESTS)
def test_writes_reach_every_name(nest: Any, step: Any, kept: str) -> None:
    for n, m in itertools.product(COUNTS, COUNTS[::2]):

        def f(y: Any, n: int = n, m: int = m) -> Any:
            w = y * 1.0
            other = KEPT[kept](w)
            w = nest(step, w, n, m)
            return w * 1.0, other() * 1.0

        want = f(Y)
        try:
            got = tapec.compile(f, backend="numpy")(Y)
        except tapec.TapecError:
            continue
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)
