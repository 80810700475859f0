"""Columns of arrays with short rows, which vector loops take out of whole rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
RNG = np.random.default_rng(3)


def neighbours(x: Any) -> Any:
    """Every column with the next one."""
    k = x.shape[1]
    return sum(x[:, j] * x[:, (j + 1) % k] for j in range(k))


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("rows", [16, 37, 64, 203])
@pytest.mark.parametrize("width", [2, 3, 5, 7, 8, 9])
def test_columns(width: int, rows: int, dtype: str) -> None:
    x = RNG.normal(size=(rows, width)).astype(dtype)
    np.testing.assert_array_equal(tapec.compile(neighbours)(x), neighbours(x))


@pytest.mark.parametrize("step", [2, 3, 4, 7])
@pytest.mark.parametrize("length", [96, 97, 98, 99])
def test_every_nth_element_of_a_length_that_may_not_fit(length: int, step: int) -> None:
    """A row that the array ends within is not read as a whole."""

    def f(x: Any) -> Any:
        count = (len(x) - 1) // step
        return x[: count * step : step] * x[1 : count * step + 1 : step]

    x = RNG.normal(size=length)
    np.testing.assert_array_equal(tapec.compile(f)(x), f(x))


def test_rows_of_a_block_and_of_a_table() -> None:
    """The row's number has more than one term, or comes from an array of indices."""

    def f(x: Any, at: Any) -> Any:
        last = x[:, -1, 2] - x[:, -1, 0]
        return x[:, 1:, 0] * x[:, 1:, 1] - x[:, :-1, 2], last, x[1, at, 0] * x[1, at, 2]

    x, at = RNG.normal(size=(24, 40, 3)), RNG.integers(0, 40, 50)
    for got, want in zip(tapec.compile(f)(x, at), f(x, at), strict=True):
        np.testing.assert_array_equal(got, want)
