"""Tapes that branches and loops make and hand out: they share one stack."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support.lowering_regions import check, cond, count, emit, fori
from support.lowering_regions import program as built
from support.random_control import program

import tapec
from tapec.errors import UnsupportedLowering
from tapec.ir import PRIMITIVES as P
from tapec.ir import Expr
from tapec.lower import lower


def fresh(x: Expr) -> Expr:
    return Expr(x.builder, x.builder.emit(P["tape"], ()).result)


def push(tape: Expr, *values: Expr) -> Any:
    return emit("push", (tape, *values), ())


def filled(n: Any, x: Any, scale: float) -> Any:
    """A tape of `n` numbers."""

    def step(i: Any, x: Any, tape: Any) -> Any:
        return push(tape, x * P["convert"](i, dtype="f64") * scale)

    return fori(step, n, (fresh(x),), consts=(x,))


def emptied(n: Any, x: Any, tape: Any) -> Any:
    """A number that depends on the order of those on the tape."""

    def step(i: Any, s: Any, tape: Any) -> Any:
        rest, y = emit("pop", (tape,), (), types=(x.type,))
        return s * 0.5 + y, rest

    return fori(step, n, (x, tape), reverse=True)[0]


@pytest.mark.parametrize("first", [True, False])
def test_both_sides_make_one(first: bool) -> None:
    def body(c: Any, n: Any, x: Any) -> Any:
        sides = (lambda n, x, k=k: filled(n, x, k) for k in (1.0, 3.0))
        return emptied(n, x, cond(c, *sides, n, x))

    loops = check(body, np.bool_(first), np.int64(7), 0.3)
    assert count(loops, "tape_open") == 1


def test_a_loop_makes_one_each_time_and_hands_on_the_last() -> None:
    def body(n: Any, x: Any) -> Any:
        def step(i: Any, n: Any, x: Any, s: Any, tape: Any) -> Any:
            return s * 0.1 + emptied(n, x, filled(n, x, 2.0)), filled(n, x + s, 1.0)

        s, tape = fori(step, n, (x, filled(n, x, 5.0)), consts=(n, x))
        return emptied(n, s, tape)

    check(body, np.int64(7), 0.3)


def test_two_tapes_that_change_places_are_refused() -> None:
    def body(n: Any, x: Any) -> Any:
        def turned(n: Any, a: Any, b: Any) -> Any:
            return b, a

        pair = filled(n, x, 1.0), filled(n, x, 2.0)
        a, b = cond(x > 0.0, lambda n, a, b: (a, b), turned, n, *pair)
        inside = cond(x > 1.0, lambda n, x: filled(n, x, 1.0), lambda n, x: filled(n, x, 2.0), n, x)
        return emptied(n, x, a) + emptied(n, x, b) * 2.0 + emptied(n, x, inside)

    with pytest.raises(UnsupportedLowering, match="in use at once"):
        lower(built(body, np.int64(7), 0.3))


@pytest.mark.parametrize("seed", [6, 14])
def test_reverse_over_reverse_of_loops_in_branches(seed: int) -> None:
    _, f = program(seed)
    x, v = np.random.default_rng(5).uniform(-1, 1, (2, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error", tapec.BackendWarning)
        found = tapec.grad(lambda x: tapec.grad(f)(x) @ v)(x)
    np.testing.assert_allclose(found, tapec.hvp(f)(x, v), rtol=1e-10, atol=1e-12)
