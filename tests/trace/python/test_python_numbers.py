"""Python's integers in loops that stay loops: exact, or no loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.tracing import traced

from tapec import compile as tapec_compile
from tapec import rolled
from tapec.errors import ControlFlowError

V = np.array([0.3, 0.7, 0.2, 0.9])


def arithmetic(x: Any) -> Any:
    s, a = 0, 1
    for i in rolled(range(-6, 14)):
        s += int(i / 2) + round(i / 2) + i // 3 + i % 5 + divmod(i, -4)[1] + (i and 5) + (i or 7)
        s += (3 << abs(i) % 7) + (1000 >> abs(i)) + (i & 5) + (i | 2) + (i ^ 7) + ~i + pow(i, 2, 5)
        a = (a * 1103515245 + 12345) % 2**31
    return s * x[0] + a * x[1]


def test_integers_are_those_of_python() -> None:
    kernel = tapec_compile(arithmetic, backend="numpy")
    np.testing.assert_allclose(kernel(V), arithmetic(V), rtol=1e-12)


def factorials(x: Any) -> Any:
    s, n = 0.0, 1
    for i in rolled(range(30)):
        n *= i + 1
        s += x[0] / n
    return s


def powers(x: Any) -> Any:
    s = 0.0
    for i in rolled(range(100)):
        s += x[0] / 2**i
    return s


def fibonacci(x: Any) -> Any:
    a, b = 0, 1
    for _ in rolled(range(100)):
        a, b = b, a + b
    return x[0] / b


@pytest.mark.parametrize("f", [factorials, powers, fibonacci])
def test_integers_that_outgrow_the_program_are_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(ControlFlowError, match=r"(?s)64 bits.*test_python_numbers\.py:\d+"):
        traced(f, V)


def test_loops_with_such_integers_are_unrolled() -> None:
    def f(x: Any) -> Any:
        s, n = 0.0, 1
        for i in range(40):
            n *= i + 1
            y = np.tanh(x + np.sin(x) * 0.1)
            for _ in range(8):
                y = np.tanh(y + np.sin(y) * 0.1)
            s += y[i % 4] / n
        return s

    np.testing.assert_allclose(tapec_compile(f, backend="numpy")(V), f(V), rtol=1e-12)
