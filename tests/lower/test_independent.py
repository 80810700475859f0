"""Which loops over elements become vector loops, and that they compute the same."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from support.loop_support import Loops, agree

import tapec
from tapec.backends.llvm import available
from tapec.ir import Func, Value
from tapec.lower.independent import mark_independent

native = pytest.mark.skipif(not available()[0], reason=available()[1])
Body = Callable[[Loops, Value, Value, Value], None]


def looped(body: Body, trips: int = 40) -> Func:
    """A loop that reads x and changes y."""
    p = Loops()
    x, y = p.buffer("f64", 200), p.buffer("f64", 200)

    def one(i: Value) -> list[Value]:
        body(p, x, y, i)
        return []

    p.loop(0, trips, [], one)
    return mark_independent(p.func())


def get(p: Loops, buffer: Value, i: Value, offset: int = 100, stride: int = 1) -> Value:
    return p("load", buffer, i, offset=offset, strides=(stride,))


def put(
    p: Loops, value: Value, buffer: Value, i: Value, offset: int = 100, stride: int = 1
) -> None:
    p.op("store", value, buffer, i, offset=offset, strides=(stride,))


def gathered(p: Loops, x: Value, y: Value, i: Value) -> None:
    far = p("check_index", p("mul", i, p.const(3, "index")), size=200)
    put(p, p("sin", get(p, x, far, 0)), y, i)


def scattered(p: Loops, x: Value, y: Value, i: Value) -> None:
    put(p, get(p, x, i), y, p("remainder", i, p.const(7, "index")))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (lambda p, x, y, i: put(p, get(p, x, i), y, i), True),
        (lambda p, x, y, i: put(p, p("mul", get(p, y, i), get(p, x, i, 90, -1)), y, i), True),
        (lambda p, x, y, i: put(p, get(p, y, i, 140), y, i), True),  # beyond what is written
        (lambda p, x, y, i: put(p, get(p, y, i, 139), y, i), False),
        (lambda p, x, y, i: put(p, get(p, y, i, 99), y, i), False),
        (lambda p, x, y, i: put(p, get(p, x, i), y, i, 5, 0), False),
        (lambda p, x, y, i: put(p, get(p, x, i, 0, 4), y, i, 0, 4), False),  # far apart
        (lambda p, x, y, i: put(p, p("exp", get(p, x, i, 0, 4)), y, i, 0, 4), True),
        (lambda p, x, y, i: put(p, get(p, y, i, 0, 2), y, i, 1, 2), False),
        (gathered, True),
        (scattered, False),
    ],
)
def test_which_loops(body: Body, expected: bool) -> None:
    (loop,) = looped(body).ops[-1:]
    assert (loop.attrs["kind"] == "vector") is expected
    assert looped(body, trips=8).ops[-1].attrs["kind"] == "serial"


@native
@pytest.mark.parametrize("seed", range(12))
def test_random_loops(seed: int) -> None:
    pick = random.Random(seed)

    def body(p: Loops, x: Value, y: Value, i: Value) -> None:
        values = [p.const(0.5), get(p, x, i, pick.randrange(50, 150))]
        for _ in range(pick.randint(1, 3)):
            where = pick.choice([100, 100, 100, 140, 60, 101, 99])
            values.append(get(p, y, i, where))
            values.append(p(pick.choice(["add", "sub", "minimum"]), values[-1], values[-2]))
            put(p, p("mul", values[-1], values[0]), y, i, pick.choice([100, 100, 100, 101]))

    p = Loops()
    x, y = p.buffer("f64", 200), p.buffer("f64", 200)

    def copied(i: Value) -> list[Value]:
        put(p, get(p, x, i, 0), y, i, 0)
        return []

    def one(i: Value) -> list[Value]:
        body(p, x, y, i)
        return []

    p.loop(0, 200, [], copied)
    p.loop(0, 37, [], one)
    agree(
        mark_independent(p.func()),
        1,
        np.random.default_rng(seed).normal(size=200),
        rtol=1e-13,
        atol=1e-14,
    )


@native
def test_element_by_element() -> None:
    def blur(x: np.ndarray) -> np.ndarray:
        y = x.copy()
        for i in range(1, x.shape[0] - 1):
            for j in range(1, x.shape[1] - 1):
                y[i, j] = 0.2 * (x[i, j] + x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + 1])
        return y

    x = np.random.default_rng(1).normal(size=(30, 150))
    kernel = tapec.compile(blur)
    np.testing.assert_allclose(kernel(x), blur(x), rtol=1e-14)
    text = str(kernel.ir("loops", x))
    assert text.count('lower=0, upper=148, kind="vector"') == 1
