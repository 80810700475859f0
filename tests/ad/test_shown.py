"""Strong products that are left out since the result is infinite or NaN there anyway."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.ad.shown import Shown
from tapec.ir.parser import parse

EDGES = (0.0, 0.0, 1.0, -1.0, 0.5, 2.0)
UNARY: tuple[Callable[[Any], Any], ...] = (
    lambda a: 1.0 / a,
    lambda a: a * a,
    lambda a: a - 1.0,
    lambda a: 1.0 + a,
    np.sqrt,
    np.log,
    np.exp,
    np.tanh,
    np.negative,
    np.abs,
    np.cos,
    np.cbrt,
    lambda a: a**-2,
    lambda a: a**0.5,
    np.log1p,
    np.arctan,
)
BINARY: tuple[Callable[[Any, Any], Any], ...] = (
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.divide,
    np.maximum,
    np.fmin,
    np.hypot,
    np.arctan2,
    lambda a, b: np.where(a > b, a, b),
    lambda a, b: np.sum(np.array([a, b]) * np.array([b, a])),
    lambda a, b: np.stack([a, b, a])[1:].sum(),
)


def program(seed: int, size: int) -> Callable[[np.ndarray], Any]:
    """A number of some numbers, by random ops, a loop and a branch among them."""

    def f(x: np.ndarray) -> Any:
        pick = random.Random(seed)
        values: list[Any] = [x[k] for k in range(size)]
        for _ in range(pick.randint(2, 7)):
            a, b = pick.choice(values[-3:]), pick.choice(values)
            kind = pick.random()
            if kind < 0.5:
                values.append(pick.choice(UNARY)(a))
            elif kind < 0.85:
                values.append(pick.choice(BINARY)(a, b))
            elif kind < 0.95:
                step, times = pick.choice(UNARY), pick.randint(0, 3)
                values.append(
                    tapec.fori_loop(0, times, lambda i, s, u=step, c=b: u(s) + 0.1 * c, a)
                )
            else:
                one, two = pick.choice(UNARY), pick.choice(UNARY)
                values.append(tapec.cond(a > 0.3, one, two, b))
        return values[-1] if pick.random() < 0.6 else values[-1] + 0.5 * values[-2]

    return f


@pytest.mark.parametrize("mode", ["rev", "fwd"])
@pytest.mark.parametrize("chunk", sampled(range(6), 3))
def test_random_programs(chunk: int, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the value is finite, the derivative is the one with strong products everywhere."""
    finite, weak = 0, 0
    for seed in range(40 * chunk, 40 * (chunk + 1)):
        size = 1 if mode == "fwd" else 1 + seed % 3
        f = program(seed, size)
        points = np.random.default_rng(seed).choice(EDGES, (8, size))
        got = tapec.compile(tapec.jacobian(f, mode=mode), backend="numpy")
        found = [got(x) for x in points]
        with monkeypatch.context() as m:
            m.setattr(Shown, "_follow", lambda *args: None)
            strong = tapec.compile(tapec.jacobian(f, mode=mode), backend="numpy")
            expected = [strong(x) for x in points]
        weak += str(got.ir("trace", points[0])) != str(strong.ir("trace", points[0]))
        value = tapec.compile(f, backend="numpy")
        for x, a, b in zip(points, found, expected, strict=True):
            if np.isfinite(value(x)):
                finite += 1
                np.testing.assert_array_equal(a, b, err_msg=f"seed {seed} at {x}")
    assert finite > 50
    assert weak > 5


LOST = {
    "exp": lambda x: np.exp(-1.0 / x**2),
    "quotient": lambda x: 1.0 / (1.0 + 1.0 / x**2),
    "power": lambda x: (1.0 / x**2) ** -1.5,
    "arctan2": lambda x: np.arctan2(1.0, 1.0 / x**2),
    "tanh": lambda x: np.tanh(1.0 / x**2),
    "cosh": lambda x: 1.0 / np.cosh(1.0 / x**2),
    "log": lambda x: 1.0 / (1.0 - np.log(x**2)),
    "maximum": lambda x: np.minimum(1.0 / x**2, 3.0),
}


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("name", LOST)
def test_an_infinity_on_the_way_to_a_number(name: str, backend: str) -> None:
    """Flat functions, composed of infinities where they are flat."""
    f = tapec.compile(LOST[name], backend=backend)
    assert tapec.grad(f)(0.0) == 0.0
    assert tapec.jvp(f, (0.0,), (1.0,))[1] == 0.0
    assert tapec.jacobian(f, mode="fwd")(0.0) == 0.0
    assert tapec.grad(lambda x: f(x[0]) + x[1])(np.zeros(2)).tolist() == [0.0, 1.0]


def shown(text: str) -> set[str]:
    """The hints of the values that show in the result of a program."""
    func = parse(text)
    return {v.hint for v in Shown(func, func.results).values}


def test_uses_that_show() -> None:
    text = """
    func @f(%a: f64, %b: f64, %c: f64[4], %d: f64) -> (f64) {
      %p = div %a, %b : f64
      %q = tanh %d : f64
      %u = index %c {at=[0:2:1]} : f64[2]
      %v = index %c {at=[2:2:1]} : f64[2]
      %w = mul %u, %v : f64[2]
      %s = reduce_sum %w {axes=[0]} : f64
      %r = add %p, %q : f64
      %t = add %r, %s : f64
      return %t
    }"""
    assert shown(text) == {"a", "c", "p", "q", "r", "s", "t", "u", "v", "w"}
    half = text.replace("at=[2:2:1]", "at=[1:2:1]")
    assert "c" not in shown(half)


def test_a_loop_that_may_not_run_shows_what_it_began_with() -> None:
    text = """
    func @f(%n: i64, %a: f64, %b: f64, %c: f64) -> (f64) {
      %x, %y = fori_loop %n, %c, %a, %b {consts=1, carry=2} (%i: i64, %k: f64, %s: f64, %t: f64) {
        %u = mul %s, %k : f64
        %v = tanh %t : f64
        %w = add %u, %v : f64
        yield %w, %v
      } : f64, f64
      %z = add %x, %y : f64
      return %z
    }"""
    assert {"a", "s", "u", "w", "v"} <= shown(text)
    assert shown(text).isdisjoint({"b", "c", "t"})
