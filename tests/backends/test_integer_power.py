"""Powers of integers in machine code."""

from __future__ import annotations

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def doubled_strides(x, n):
    total = 0.0
    for i in range(1, n):
        for k in range(1, 2**i, 2):
            total += x / (k + 3**i)
    return total


def test_a_count_that_is_a_power():
    kernel = tapec.compile(doubled_strides)
    for n in (1, 2, 6):
        assert kernel(0.7, n) == pytest.approx(doubled_strides(0.7, n), rel=1e-13)
    assert tapec.compile(tapec.grad(doubled_strides))(0.7, 6) == pytest.approx(
        doubled_strides(1.0, 6), rel=1e-13
    )


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_powers_of_arrays_wrap_around(dtype):
    x = np.arange(-20, 80, dtype=dtype)
    n = (np.arange(100, dtype=dtype) * 7) % 23
    got = tapec.compile(lambda x, n: x**n)(x, n)
    np.testing.assert_array_equal(got, x**n)
    assert got.dtype == dtype


def test_a_negative_exponent_is_an_error_as_in_numpy():
    kernel = tapec.compile(lambda x, n: x**n)
    with pytest.raises(ValueError, match="negative integer powers"):
        kernel(np.arange(5), np.array([1, 2, 0, -1, 1]))
