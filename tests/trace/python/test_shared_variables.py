"""Functions that share variables of the function around them, in all shapes of who calls whom."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec

X = np.linspace(0.5, 1.5, 3)


def source(seed: int) -> str:
    """Functions inside a function; their names, whose order is that of their variables, and the
    numbers, arrays and functions that each reads, are drawn."""
    rng = random.Random(seed)
    names = rng.sample(["aa", "bb", "cc", "dd", "ee", "ff"], rng.randint(2, 6))
    lines = ["def around():", "    number, weights, mm = 0.5, np.array([1.0, 2.0, 3.0]), [0.25]"]
    for k, name in enumerate(names):
        called = rng.sample(names[:k], rng.randint(0, k))
        later = rng.sample(names[k + 1 :], rng.randint(0, len(names) - k - 1))
        terms = [f"{other}(y, n)" for other in called]
        terms += [f"({other}(y, n - 1) if n > 0 else y)" for other in later]
        if rng.random() < 0.3:
            terms.append(f"({name}(y * 0.5, n - 1) if n > 0 else 1.0)")
        terms += rng.sample(["number * y", "weights + y", "mm[0]", "y ** 2"], rng.randint(1, 3))
        lines += [f"    def {name}(y, n):", f"        return ({' + '.join(terms)}) * 0.25"]
    reached = rng.sample(names, rng.randint(1, len(names)))
    total = " * ".join(f"{name}(x, 1)" for name in reached)
    return "\n".join([*lines, f"    return lambda x: np.sum({total})"])


def function(seed: int) -> Callable[[Any], Any]:
    known: dict[str, Any] = {"np": np}
    exec(source(seed), known)
    made: Callable[[Any], Any] = known["around"]()
    return made


@pytest.mark.parametrize("seed", sampled(range(240), 10))
def test_the_results_of_python(seed: int) -> None:
    f = function(seed)
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(X), f(X), rtol=1e-12)


def test_a_function_and_one_that_it_calls() -> None:
    def square(y: Any) -> Any:
        return y * y

    def near(y: Any) -> Any:
        return 2.0 + square(y)

    for f in (lambda y: near(y) * square(y), lambda y: square(y) * near(y)):
        np.testing.assert_array_equal(tapec.compile(f)(X), f(X))
