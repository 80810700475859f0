"""Arrays that loops carry and make anew: they take turns in memory, nothing is copied back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering_regions import check, count, fori, inside, scan, while_loop

from tapec.ir import PRIMITIVES as P
from tapec.ir.core import Func

X = np.random.default_rng(7).normal(size=60)
N = len(X)


def part(x: Any, start: int, size: int) -> Any:
    return P["index"](x, at=((start, size, 1),))


def neighbours(u: Any) -> Any:
    """A new array with the edges of the old one."""
    inner = (part(u, 2, N - 2) + part(u, 0, N - 2) - part(u, 1, N - 2)) * 0.9
    return P["update"](u, inner, at=((1, N - 2, 1),))


def stores(func: Func) -> int:
    """Elements stored in one iteration of the outermost loop."""
    found = 0
    for loop in (o for o in func.ops if o.regions and o.attrs.get("kind") != "vector"):
        body = Func("body", loop.regions[-1])
        written = sum(o.attrs["upper"] * count(Func("b", o.regions[0]), "store")
                      for o in inside(body, "for"))  # fmt: skip
        found = max(found, written + sum(o.name == "store" for o in body.ops))
    return found


@pytest.mark.parametrize("length", [1, 2, 5])
def test_one_array(length: int) -> None:
    loops = check(lambda u: scan(lambda i, u: neighbours(u), (u,), length), X)
    assert stores(loops) == N


@pytest.mark.parametrize("length", [4, 5, 6])
def test_the_old_one_is_kept(length: int) -> None:
    def body(u: Any, before: Any) -> Any:
        def step(i: Any, u: Any, before: Any) -> Any:
            return neighbours(u) * 2.0 - before, u

        return scan(step, (u, before), length)

    def apart(u: Any, before: Any) -> Any:
        def step(i: Any, u: Any, before: Any) -> Any:
            return P["update"](
                u, part(u, 0, N - 1) - part(before, 1, N - 1), at=((1, N - 1, 1),)
            ), u

        return scan(step, (u, before), length)

    check(body, X, X * 0.5)
    assert stores(check(apart, X, X * 0.5)) == N


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 7])
def test_three_change_places_as_often_as_the_run_tells(turns: int) -> None:
    def body(n: Any, a: Any, b: Any, c: Any) -> Any:
        return fori(lambda i, a, b, c: (c, a, b), n, (a, b, c))

    loops = check(body, np.int64(turns), X, X + 1.0, X * 2.0)
    assert stores(loops) == 0


def test_while_and_numbers_beside_the_arrays() -> None:
    def test(u: Any, s: Any) -> Any:
        return P["less"](s, 3.0)

    def step(u: Any, s: Any) -> Any:
        return neighbours(u), s + 0.4 + P["index"](u, at=(5,)) * 0.01

    loops = check(lambda u, s: while_loop(test, step, (u, s)), X, 0.0)
    assert stores(loops) == N


def test_twice_the_same_result_is_copied() -> None:
    def body(u: Any, v: Any) -> Any:
        def step(i: Any, u: Any, v: Any) -> Any:
            new = neighbours(u)
            return new, new

        return scan(step, (u, v), 5)

    check(body, X, X)


def test_what_is_stacked_too() -> None:
    def body(u: Any) -> Any:
        def step(i: Any, u: Any) -> Any:
            new = neighbours(u)
            return new, new

        return scan(step, (u,), 5)

    check(body, X)


def test_loops_in_loops_and_dtypes() -> None:
    def body(u: Any, k: Any) -> Any:
        def outer(i: Any, u: Any, old: Any, k: Any, before: Any) -> Any:
            new = scan(lambda j, u: neighbours(u), (u,), 3)
            return new, u, before, P["add"](before, k)

        return scan(outer, (u, u, k, k), 4)

    check(body, X, np.arange(N))


def test_matrices() -> None:
    def body(a: Any) -> Any:
        def step(i: Any, a: Any) -> Any:
            at = ((1, 18, 1), (1, 28, 1))
            left = P["index"](a, at=((0, 18, 1), (1, 28, 1)))
            up = P["index"](a, at=((1, 18, 1), (2, 28, 1)))
            return P["update"](a, left * 0.3 - up, at=at)

        return scan(step, (a,), 5)

    check(body, np.random.default_rng(1).normal(size=(20, 30)))
