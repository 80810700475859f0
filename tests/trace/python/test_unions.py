"""Type tests by unions of classes see what Python sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

TESTS: dict[str, Callable[[Any], bool]] = {
    "int | float": lambda x: isinstance(x, int | float),
    "float | np.floating": lambda x: isinstance(x, float | np.floating),
    "np.floating | float": lambda x: isinstance(x, np.floating | float),
    "np.ndarray | None": lambda x: isinstance(x, np.ndarray | None),
    "None | float": lambda x: isinstance(x, None | float),
    "list | np.ndarray": lambda x: isinstance(x, list | tuple | np.ndarray),
    "of a constant": lambda x: isinstance(3, int | np.integer),
    "int | np.integer": lambda x: isinstance(x, int | np.integer),
    "in a tuple": lambda x: isinstance(x, (str, int | np.integer)),
}


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("x", [1.5, 2, np.float64(1.5), np.ones(2)], ids=repr)
def test_as_in_python(name: str, x: Any) -> None:
    known = TESTS[name]

    def f(x: Any) -> Any:
        return x * 2 if known(x) else x * 3

    assert np.array_equal(tapec.compile(f)(x), f(x))
