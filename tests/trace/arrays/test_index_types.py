"""Index arrays of every integer type that the function makes or reads from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.tracing import check

TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
X = np.linspace(0.5, 2.0, 200)
M = X[:12].reshape(3, 4)


def written(x: Any, i: Any) -> Any:
    y = x * 2.0
    y[i] = x[i] ** 2
    y[i] += 1.0
    return y


def accumulated(x: Any, i: Any) -> Any:
    y = x * 2.0
    np.add.at(y, i, x[i])
    return y


USES: list[Callable[[Any, Any], Any]] = [
    lambda x, i: x[i] ** 2,
    lambda x, i: np.take(x, i) ** 2,
    lambda x, i: x[i[0]] * x[i[1] : i[0]],
    lambda x, i: x[: 2 * len(i)].reshape(len(i), 2)[np.arange(len(i)), i % 2],
    lambda x, i: x[:8].reshape(4, 2)[i[:2], i[1]],
    written,
    accumulated,
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("use", range(len(USES)))
def test_every_integer_type_indexes(dtype: str, use: int) -> None:
    i = np.array([3, 0, 3, 2], dtype=dtype)
    check(lambda x: USES[use](x, i), X)


@pytest.mark.parametrize("dtype", TYPES)
def test_large_axes_do_not_wrap_small_types(dtype: str) -> None:
    signed = np.dtype(dtype).kind == "i"
    i = np.array([-1, -100, 127] if signed else [255 % 200, 199, 127], dtype=dtype)
    check(lambda x: x[i] ** 2, X)
    check(lambda x: x[i[1]] ** 2, X)


@pytest.mark.parametrize("dtype", TYPES)
def test_places_outside_are_errors(dtype: str) -> None:
    i = np.array([0, 4], dtype=dtype)
    for use in (lambda x: x[:, i], lambda x: x[:, i[1]], lambda x: np.take(x, i, axis=1)):
        with pytest.raises(IndexError, match="out of bounds"):
            check(use, M)
