"""Constant tables that loops begin with are filled, not copied."""

from __future__ import annotations

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
SIZE = 70


def walked(start: np.ndarray) -> tapec.Kernel:
    """A loop over the rows of a table that is a constant of the program, as captured bytes are."""
    content, dtype, shape = start.tobytes(), start.dtype, start.shape

    def walk(x: np.ndarray) -> np.ndarray:
        t = np.frombuffer(content, dtype).reshape(shape).copy()
        for i in range(1, SIZE):
            t[i] = t[i] + x * t[i - 1]
        return t

    return tapec.compile(walk)


def reference(start: np.ndarray, x: float) -> np.ndarray:
    t = start.copy()
    with np.errstate(invalid="ignore"):
        for i in range(1, SIZE):
            t[i] = t[i] + x * t[i - 1]
    return t


def spotted(spots: int, dtype: type = np.float64) -> np.ndarray:
    rng = np.random.default_rng(spots)
    table = np.full((SIZE, SIZE), 3, dtype)
    for _ in range(spots):
        table[tuple(rng.integers(0, SIZE, 2))] = rng.integers(4, 9)
    return table


@pytest.mark.parametrize(
    ("start", "few"),
    [(spotted(1), True), (spotted(5), True), (spotted(60), False), (-spotted(2), True)],
)
def test_tables_with_few_other_elements(start: np.ndarray, few: bool) -> None:
    kernel = walked(start)
    np.testing.assert_array_equal(kernel(0.25), reference(start, 0.25))
    assert ("data=" in str(kernel.ir("loops", 0.25))) is not few


def test_special_numbers() -> None:
    start = np.full((SIZE, SIZE), -0.0)
    start[3, 4], start[5, 6], start[7, 8] = 0.0, np.nan, -np.inf
    kernel = walked(start)
    got, right = kernel(0.0), reference(start, 0.0)
    np.testing.assert_array_equal(got, right)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(right))
    assert "data=" not in str(kernel.ir("loops", 0.0))
    kernel = walked(np.where(start == 0, np.nan, start))
    assert np.isnan(kernel(1.0)[1:, 8:]).all()
