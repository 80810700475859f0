"""Objects, lists and dictionaries that branches and loops make anew or give other names."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support.tracing import traced

from tapec import compile as tapec_compile
from tapec import grad, rolled
from tapec.errors import ControlFlowError

POINTS = [np.array([0.3, -0.7, 0.2, 0.9]), np.array([-0.3, 0.4, 1.2, -0.1])]
V = POINTS[0]


class Vec:
    """Operators that make new objects."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __add__(self, other: Vec) -> Vec:
        return Vec(self.x + other.x, self.y + other.y)

    def __mul__(self, k: Any) -> Vec:
        return Vec(self.x * k, self.y * k)

    def __abs__(self) -> Any:
        return math.hypot(self.x, self.y)

    def __lt__(self, other: Vec) -> Any:
        return abs(self) < abs(other)


@dataclass
class State:
    """A mutable record."""

    p: Any
    q: Any = 0.0


def steps(x: Any) -> Any:
    p, v = Vec(x[0], x[1]), Vec(x[2], x[3])
    for _ in rolled(range(300)):
        v = v + p * -0.01
        p = p + v * 0.01
        if abs(p) > 1.0:
            p = p * 0.5
    return p.x + 2 * v.y


def larger(x: Any) -> Any:
    p, v = Vec(x[0], x[1]), Vec(x[2], x[3])
    big = v if p < v else p
    if v.x > 0:
        small, k = p * 0.5, 2
    else:
        small, k = v, 3
    return big.x + k * small.y


def swapped(x: Any) -> Any:
    a, b = [x[0], 1.0], [0.0, x[1]]
    for _ in rolled(range(7)):
        b[0] = b[0] * 0.5 + 1
        a, b = b, a
    return sum(a) + 2 * sum(b)


def same_name_everywhere(x: Any) -> Any:
    a = [x[0], 1.0]
    if x[2] > 0:
        c, n = a, 1.0
    else:
        c, n = a, 2.0
    c[0] = 5.0
    return a[0] + n * x[1]


def double_buffer(x: Any) -> Any:
    now = [x[0], x[1], x[2]]
    for _ in rolled(range(20)):
        new = now[:]
        for i in range(3):
            new[i] = 0.5 * now[i] + 0.25 * now[i - 1]
        now = new
    now[0] += 1.0
    return now[0] + 2 * new[0]


def particles(x: Any) -> Any:
    both = [Vec(x[0], x[1]), Vec(x[2], x[3])]
    for _ in rolled(range(30)):
        for p in both:
            if p.x < 3:
                p.x += 0.11
            p.y = p.y * 0.99
        both[0] = both[0] + both[1] * 0.01
    return both[0].x + both[1].y


def history(x: Any) -> Any:
    s, seen = State(x[0]), []
    for _ in rolled(range(50)):
        seen.append(s)
        s = State(s.p * 0.9 + x[1], s.q + 1.0)
        s.p += 1.0
    return seen[3].p + seen[-1].p + s.q


def best_of(x: Any) -> Any:
    best = State(x[0])
    for k in rolled(range(40)):
        new = State(np.sin(x[1] * k), 1.0 * k)
        if new.p > best.p:
            best = new
    return best.p + 0.1 * best.q


@pytest.mark.parametrize("f", [
    steps, larger, swapped, same_name_everywhere, double_buffer, particles, history, best_of,
])  # fmt: skip
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_objects_in_loops_and_branches(f: Callable[..., Any], backend: Any) -> None:
    kernel = tapec_compile(f, backend=backend)
    for x in POINTS:
        np.testing.assert_allclose(kernel(x), f(x), rtol=1e-12)
        if backend == "llvm":
            shifts = 1e-6 * np.eye(4)
            slopes = [(f(x + e) - f(x - e)) / 2e-6 for e in shifts]
            np.testing.assert_allclose(grad(f)(x), slopes, rtol=1e-6, atol=1e-7)


def one_of_two(x: Any) -> Any:
    a, b = State(x[0]), State(x[1])
    if x[2] > 0:
        a = b
    a.p = 5.0
    return b.p


def the_other_is_changed(x: Any) -> Any:
    a, b = [x[0]], [x[1]]
    c = a if x[2] > 0 else b
    b[0] = 7.0
    return c[0]


def chosen_by_a_helper(x: Any) -> Any:
    def pick(a: Any, b: Any) -> Any:
        if a["k"] > b["k"]:
            return a
        return b

    a, b = {"k": x[0]}, {"k": x[1]}
    pick(a, b)["k"] = 100.0
    return a["k"] + b["k"]


def known_before_the_loop(x: Any) -> Any:
    a = [x[0], 1.0]
    c = a
    for _ in rolled(range(9)):
        a[0] = a[0] * 0.9
        a = [a[0], a[1] + 1]
    return sum(a) + sum(c)


def no_iteration_at_all(x: Any) -> Any:
    a = [x[0], 1.0]
    b, k = a, 0
    while a[0] > 0.5 and k < 9:
        a, k = [a[0] * 0.9, a[1]], k + 1
    a[1] = 7.0
    return b[1]


def into_another(x: Any) -> Any:
    a, b = [x[0]], [x[1]]
    for _ in rolled(range(9)):
        a[0] = a[0] + 1.0
        a = b
    return b[0]


def one_object_from_the_second_time(x: Any) -> Any:
    m, n = [x[0], 0.3], [x[2], x[3]]
    for _ in rolled(range(4)):
        n[0] = -0.5
        n = m[:]
        m = n
    return sum(m) + sum(n)


def appended_and_changed(x: Any) -> Any:
    s, seen = State(x[0]), []
    for _ in rolled(range(9)):
        s.p += 0.1
        seen.append(s)
    return seen[3].p


def identity(x: Any) -> Any:
    a, b = State(x[0]), State(x[1])
    best = a
    for s in (a, b):
        if s.p > best.p:
            best = s
    return 1.0 if best is b else 2.0


@pytest.mark.parametrize("f", [
    one_of_two, the_other_is_changed, chosen_by_a_helper, known_before_the_loop,
    no_iteration_at_all, into_another, one_object_from_the_second_time, appended_and_changed, identity,
])  # fmt: skip
def test_changes_seen_under_several_names_are_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(ControlFlowError, match=r"test_python_objects\.py:\d+"):
        traced(f, V)


def changed_here_replaced_there(x: Any) -> Any:
    m, s = [x[2], x[3]], State(x[0])
    if x[1] > 0:
        m = [x[0], 1.0]
    else:
        m[0] = x[0]
        s.q += 1.0
        s, k = State(s.q), s
        k.p = 3.0
    return m[0] + 2 * m[1] + s.p + 2 * s.q


def test_content_is_that_at_the_end_of_the_branch() -> None:
    kernel = tapec_compile(changed_here_replaced_there, backend="numpy")
    for x in POINTS:
        np.testing.assert_allclose(kernel(x), changed_here_replaced_there(x), rtol=1e-12)
