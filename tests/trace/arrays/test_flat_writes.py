"""What is written through ``.flat``: cycled, of any shape, and never what is being overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

VALUES = {
    "row": lambda x: x[1] * 2,
    "a row of another": lambda x: x[1],
    "column": lambda x: x[:, :1] + 1,
    "matrix": lambda x: np.sin(x),
    "its transpose": lambda x: x.T,
    "number": lambda x: x[0, 1],
    "longer": lambda x: np.concatenate([x, x]),
    "one": lambda x: x[:1, :1],
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("key", [slice(None), slice(1, 4), slice(None, None, -2), [0, 5, 3]])
def test_values_of_every_shape(name: str, key: Any) -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        y.flat[key] = VALUES[name](x)
        return y * x

    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(tapec.compile(f)(x), f(x))


@pytest.mark.parametrize("part", [lambda y: y[0], lambda y: y[::-1], lambda y: y.T, lambda y: y])
@pytest.mark.parametrize("key", [slice(None), slice(1, 4), [0, 5, 3]])
def test_values_that_lie_in_what_is_written(part: Any, key: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 2
        y.flat[key] = part(y)
        return y

    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(tapec.compile(f)(x), f(x))


def test_values_that_lie_in_what_is_written_at_an_argument() -> None:
    def f(x: Any, k: int) -> Any:
        y = x * 2
        y.flat[k : k + 3] = y[0]
        return y

    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(tapec.compile(f)(x, 1), f(x, 1))


LAYOUTS: list[Callable[[Any], Any]] = [
    lambda m: m[:12].reshape(3, 4),
    lambda m: m[:12].reshape(4, 3).T,
    lambda m: m[:12].reshape(3, 4)[::-1],
    lambda m: m.reshape(3, 8)[:, ::2],
    lambda m: m[:12].reshape(4, 3)[::-1].T,
]
PARTS: list[Callable[[Any], Any]] = [
    lambda y: y[1, ::-1],
    lambda y: y[1],
    lambda y: y.T,
    lambda y: y[::-1],
    lambda y: y[..., 1:],
]


@pytest.mark.parametrize("layout", range(len(LAYOUTS)))
def test_parts_of_itself_in_any_order(layout: int) -> None:
    """NumPy copies them first or not, as the order of the axes wants it."""
    for number, part in enumerate(PARTS):

        def assign(y: Any) -> None:
            y.flat = part(y)  # noqa: B023

        def write(y: Any) -> None:
            y.flat[:] = part(y)  # noqa: B023

        for f in (assign, write):
            ours, numpys = np.arange(24.0) ** 1.5, np.arange(24.0) ** 1.5
            f(LAYOUTS[layout](numpys))
            tapec.compile(f, backend="numpy")(LAYOUTS[layout](ours))
            np.testing.assert_array_equal(ours, numpys, err_msg=f"{number} {f.__name__}")
