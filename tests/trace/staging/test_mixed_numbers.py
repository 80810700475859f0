"""Numbers that paths make of different classes: Python's value, or a refusal."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec

NUMBERS = [
    "19", "0.5", "True", "2j", "np.float32(1.5)", "np.int32(7)", "np.float64(2.5)", "np.bool_(True)",
    "np.int64(3)", "x", "x * 2.0", "n", "n * 2", "(x > 0)", "z[1]", "z[0] * 1", "i[1]",
]  # fmt: skip
USES = [
    "a", "a + 1", "a // 2", "a / 2", "z[a]", "isinstance(a, int)", "isinstance(a, float)",
    "str(type(a))", "z + a", "narrow + a", "np.array([a])", "np.array([a, a]).dtype.itemsize",
    "a % 4", "a ** 2", "-a", "f'{a}'", "sum([a, a])", "max(a, 1)", "min(a, 0.25)", "np.full(2, a)",
    "a & 1", "[a, a]", "{'k': a}", "round(a)", "abs(a)", "a == 19", "a * True", "2 ** a",
    "[1, 2] * a", "int(a)", "float(a)", "np.sin(a) * narrow", "np.stack([a, a]).dtype.itemsize",
]  # fmt: skip
MERGES = [
    "if c > 0:\n        a = {0}\n    else:\n        a = {1}",
    "a = {0} if c > 0 else {1}",
    "a = {0}\n    if c > 0:\n        a = {1}",
    "def g(c):\n        if c > 0:\n            return {0}\n        return {1}\n    a = g(c)",
    "a = {0}\n    for k in range(3):\n        if c > k:\n            a = {1}",
    "a = {0}\n    while c < 2:\n        a = {1}\n        c = c + 1",
    "a = max({0}, {1})",
]


def program(seed: int) -> Any:
    rng = random.Random(seed)
    form, numbers = rng.choice(MERGES), NUMBERS
    if "max" in form:
        numbers = [n for n in NUMBERS if n not in ("2j", "True", "(x > 0)", "np.bool_(True)")]
    merge = form.format(*rng.sample(numbers, 2))
    # A constant that meets a float32 is one: of NumPy's functions it would be a float64.
    uses = [u for u in USES if "np.sin" not in u] if "float32" in merge else USES
    text = f"def program(c, x, n, z, i, narrow):\n    {merge}\n    return {rng.choice(uses)}\n"
    return function(text, f"<mixed {seed}>"), text


def outcome(f: Any, *args: Any) -> Any:
    try:
        return f(*args)
    except Exception as error:
        return error


def values(made: Any) -> Any:
    """What must agree: numbers, and the element types of arrays."""
    if isinstance(made, np.ndarray):
        return made.dtype.str, made.tolist()
    if isinstance(made, list):
        return [*map(values, made)]
    return {k: values(v) for k, v in made.items()} if isinstance(made, dict) else made


@pytest.mark.parametrize("seed", sampled(range(1200), 15))
def test_values_are_pythons(seed: int) -> None:
    f, text = program(seed)
    kernel = tapec.compile(f, backend="numpy")
    for c in (1.0, -1.0):
        rest = 0.75, 3, np.array([1.0, 2.0, 3.0]), np.array([4, 5, 6]), np.ones(2, np.float32)
        want, got = outcome(f, c, *rest), outcome(kernel, c, *rest)
        if isinstance(got, tapec.TapecError):
            continue
        if isinstance(want, Exception) or isinstance(got, Exception):
            both = type(got) is type(want) or {type(got), type(want)} == {IndexError, TypeError}
            assert both, (text, got)
        else:
            assert values(got) == values(want), text


def test_numbers_are_not_rounded_to_narrow_types() -> None:
    def f(x: float, y: Any) -> Any:
        return x if x > 0 else y[0]

    with pytest.raises(tapec.TapecError, match=r"f32 or Python float|Python float or f32"):
        tapec.compile(f)(0.1, np.ones(1, np.float32)) + 1


def test_narrow_accumulators_may_start_at_a_constant() -> None:
    def f(y: Any) -> Any:
        total = 0.0
        for v in y:
            if v > 0:
                total = total + v
        return total

    y = np.array([0.1, -0.2, 0.3], np.float32)
    assert tapec.compile(f)(y) == f(y)
