"""Sizes that follow from Python ints: the program is traced again for every value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

SIZES: list[Callable[[Any, int], Any]] = [
    lambda x, n: np.sum(np.zeros(n) + x),
    lambda x, n: np.sum(np.ones((n, n + 1)) * x),
    lambda x, n: np.sum(np.arange(n) * x),
    lambda x, n: np.sum(np.linspace(0.0, 1.0, n + 1) * x),
    lambda x, n: np.trace(np.eye(n) * x),
]


@pytest.mark.parametrize("f", SIZES)
def test_sizes_given_as_python_ints(f: Any) -> None:
    kernel = tapec.compile(f, backend="numpy")
    for n in (3, 5):
        assert kernel(2.0, n) == pytest.approx(f(2.0, n), rel=1e-14)


def test_sizes_that_are_data_are_refused() -> None:
    with pytest.raises(tapec.TapecError):
        tapec.compile(lambda x, n: np.zeros(n[0]) + x)(2.0, np.array([3]))
