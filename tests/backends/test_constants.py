"""Constant arrays of a kernel: text when small, read where they are when large."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm.constants import constant_text, definition
from tapec.backends.llvm.tuning import EXTERNAL_BYTES
from tapec.ir import Dense

LARGE = EXTERNAL_BYTES // 8 + 1


def table(size: int) -> Any:
    return np.random.default_rng(size).normal(size=size)


def weighted(x: Any) -> Any:
    return np.sum(table(x.size) * x)


@pytest.mark.parametrize("size", [100, LARGE, 4 * LARGE])
def test_values_and_derivatives(size: int) -> None:
    x = np.linspace(0.5, 1.0, size)
    kernel = tapec.compile(weighted)
    np.testing.assert_allclose(kernel(x), weighted(x), rtol=1e-10)
    np.testing.assert_array_equal(kernel.grad(x), table(size))
    assert len(str(kernel.ir("llvm", x))) < 5 * EXTERNAL_BYTES


def test_large_ones_are_no_text() -> None:
    name, text = definition(Dense(table(LARGE)), 3)
    assert text == f"@{name} = external constant i8"
    small = table(10)
    assert definition(Dense(small), 3) == ("data3", constant_text("data3", small))


def test_they_live_as_long_as_the_code() -> None:
    x = np.ones(4 * LARGE)
    expected = weighted(x)
    bound = tapec.compile(weighted).bind(x)
    gc.collect()
    others = [table(4 * LARGE) for _ in range(8)]  # takes memory that was freed
    assert others
    np.testing.assert_allclose(bound(), expected, rtol=1e-10)


def test_in_functions_that_are_called_and_in_loops() -> None:
    def inner(x: Any) -> Any:
        return x * table(LARGE)[:3]

    def outer(x: Any) -> Any:
        for i in range(50):
            x = 0.5 * inner(x) + table(2 * LARGE)[i]
        return x

    x = np.ones(3)
    np.testing.assert_allclose(tapec.compile(outer)(x), outer(x), rtol=1e-12)
