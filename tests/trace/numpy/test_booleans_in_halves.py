"""Booleans where NumPy computes in float16 or int8: its values and types, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

UNARY = "exp sqrt sin arctan tanh log1p cbrt round positive floor isnan abs".split()
LIKE = ["zeros_like", "ones_like", "empty_like", "full_like"]


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_booleans(name: str) -> None:
    def f(x: Any) -> Any:
        return getattr(np, name)(x > 1)

    compare(f, np.array([0.0, 1.5]))


@pytest.mark.parametrize("power", [2, 3, 2.0, True])
def test_powers_of_booleans(power: Any) -> None:
    compare(lambda x: (x > 1) ** power, np.array([0.0, 1.5]))


@pytest.mark.parametrize("name", LIKE)
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u4", "u8", "f4", "?"])
def test_arrays_like_others(name: str, dtype: str) -> None:
    values = (2,) if name == "full_like" else ()
    compare(lambda x: getattr(np, name)(x, *values).dtype.str, np.ones(3, dtype))
    if name != "empty_like":
        compare(lambda x: getattr(np, name)(x, *values), np.ones(3, dtype))


def compare(f: Any, x: Any) -> None:
    try:
        want: Any = f(x)
    except TypeError as error:
        want = error
    try:
        got = tapec.compile(f, backend="numpy")(x)
    except (tapec.TapecError, TypeError):
        return
    assert np.asarray(got).dtype == np.asarray(want).dtype
    np.testing.assert_array_equal(got, want)
