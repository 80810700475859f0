"""Sums of derivatives may be fused with products in them; values beside them are NumPy's bit by bit."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available
from tapec.ir.nested import every
from tapec.ir.parser import parse

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def program(seed: int) -> Callable[[np.ndarray], Any]:
    """Sums and differences of products, most of which cancel, element by element."""

    def f(x: np.ndarray) -> Any:
        pick = random.Random(seed)
        values: list[Any] = [x, x[::-1], 0.5 * x]
        for _ in range(6):
            a, b, c, d = (pick.choice(values) for _ in range(4))
            values.append(pick.choice([a * b + c * d, a * b - b * a, a * b - c, c - a * b]))
        return values[-1] * values[-2] + values[-3]

    return f


@pytest.mark.parametrize("seed", range(12))
def test_values_beside_derivatives(seed: int) -> None:
    f, x = program(seed), np.random.default_rng(seed).normal(size=37)
    expected = f(x)
    np.testing.assert_array_equal(tapec.jvp(f, (x,), (x,))[0], expected)
    np.testing.assert_array_equal(tapec.vjp(f, x)[0], expected)
    total = tapec.value_and_grad(lambda x: f(x)[5])
    assert total(x)[0] == expected[5]


def test_discriminants_of_double_roots_beside_their_derivatives() -> None:
    def gap(r: np.ndarray) -> Any:
        a, b, c = 1.0 + 0.0 * r, -2.0 * r, r * r
        return np.sqrt(b * b - 4.0 * a * c)

    r = np.random.default_rng(3).normal(size=500)
    value, _ = tapec.jvp(gap, (r,), (r,))
    np.testing.assert_array_equal(value, gap(r))


def test_which_sums_are_fused() -> None:
    kernel = tapec.compile(tapec.value_and_grad(lambda x: x[0] * x[1] + x[1] * x[2] + x[2] ** 3))
    ops = list(every(parse(kernel.ir("trace", np.ones(3))).ops))
    values, derivatives = [], []
    for op in ops:
        if op.name == "add":
            (derivatives if op.attrs.get("fused") else values).append(op)
    assert len(values) == 2
    assert derivatives
