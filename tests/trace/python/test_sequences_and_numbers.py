"""Sequences beside numbers: lists repeated, NumPy's numbers that take lists for arrays."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest

import tapec

SEQUENCES: dict[str, Any] = {"list": [1, 2], "tuple": (1, 2), "text": "ab", "arrays": [[0.5], 2]}
OPERATORS = {
    "mul": operator.mul, "rmul": lambda a, b: b * a, "add": operator.add,
    "radd": lambda a, b: b + a, "sub": operator.sub, "eq": operator.eq, "lt": operator.lt,
    "pow": operator.pow,
}  # fmt: skip
# Of (float, int, array of floats).
NUMBERS: dict[str, Any] = {
    "float": lambda x, n, z: x,
    "int": lambda x, n, z: n,
    "sum": lambda x, n, z: n + 1,
    "truth": lambda x, n, z: n > 1,
    "float64": lambda x, n, z: z[0],
    "array": lambda x, n, z: z[:2],
    "0-d": lambda x, n, z: z[0, ...],
}


def outcome(f: Any, *args: Any) -> Any:
    try:
        return f(*args)
    except tapec.TapecError as error:
        return error
    except Exception as error:
        return "TypeError" if isinstance(error, TypeError) else type(error).__name__


@pytest.mark.parametrize(("number", "name"), [*itertools.product(NUMBERS, OPERATORS)])
def test_operators(number: str, name: str) -> None:
    for sequence in SEQUENCES.values():
        if sequence is SEQUENCES["arrays"] and name not in ("mul", "rmul"):
            continue

        def f(x: Any, n: Any, z: Any, sequence: Any = sequence) -> Any:
            return OPERATORS[name](NUMBERS[number](x, n, z), sequence)

        args = 0.5, 3, np.array([1.0, 2.0, 3.0])
        want, got = outcome(f, *args), outcome(tapec.compile(f, backend="numpy"), *args)
        if isinstance(got, tapec.TapecError):
            continue
        assert isinstance(got, np.ndarray) == isinstance(want, np.ndarray), (sequence, got)
        assert repr(got) == repr(want) or np.array_equal(got, want), (sequence, got, want)


def test_lists_of_the_length_of_an_argument() -> None:
    def f(x: Any, n: int) -> Any:
        rows = [[0.0] * n for _ in range(n)]
        for k in range(n):
            rows[k][k] = x[k]
        return rows, "-" * n, (x[0],) * n

    x = np.arange(3.0)
    assert tapec.compile(f)(x, 3) == f(x, 3)


@pytest.mark.parametrize(
    "text",
    [
        lambda x: f"{x}", lambda x: f"v={x!s}", lambda x: str(x).upper(), lambda x: [repr(x)],
        lambda x: format(x, ".2f"), lambda x: {"t": ",".join(["a", str(x)])},
        lambda x: f"{x}" == "1.0",
    ],
)  # fmt: skip
def test_texts_of_traced_values_are_refused(text: Any) -> None:
    with pytest.raises(tapec.TapecError):
        tapec.compile(text)(1.0)


def test_texts_of_traced_values_are_not_stored() -> None:
    table: dict[str, Any] = {}

    def f(x: Any) -> Any:
        table["last"] = f"{x:.2f}"
        return x

    with pytest.raises(tapec.TapecError, match="text"):
        tapec.compile(f)(1.0)
