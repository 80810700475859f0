"""Indices that take nothing, beside other uses of the array: values, gradients, lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

X = np.linspace(0.3, 1.4, 24).reshape(2, 3, 4)
NONE, FEW = np.array([False, False, False]), np.array([], dtype=np.int64)
COLUMN = FEW.reshape(0, 1)
KEYS: dict[str, Any] = {
    "mask and one": (NONE, [3]),
    "mask and slice": (NONE, slice(1, 3)),
    "mask": NONE,
    "empty and one": (FEW, [2]),
    "one and empty": ([2], FEW),
    "empty and number": (FEW, 1),
    "column and row": (COLUMN, [0, 1, 3]),
    "rows and empty": ([[0], [1]], FEW),
    "two empty": (FEW, FEW),
    "column": COLUMN,
    "behind": (slice(None), FEW),
    "mask of all": np.zeros((3, 4), dtype=bool),
}


def reading(x: Any, key: Any) -> Any:
    return np.sum(np.sin(x[key])) + np.sum(np.sin(x))


def writing(x: Any, key: Any) -> Any:
    y = np.sin(x)
    y[key] = x[key] ** 2
    return np.sum(y)


def adding(x: Any, key: Any) -> Any:
    y = np.sin(x)
    np.add.at(y, key, 2.0)
    return np.sum(y)


@pytest.mark.parametrize("f", [reading, writing, adding])
@pytest.mark.parametrize("key", KEYS)
def test_indices_that_take_nothing(f: Callable[..., Any], key: str) -> None:
    def g(x: Any) -> Any:
        return f(x, KEYS[key])

    value, hessian = (tapec.compile(k, backend="numpy") for k in (g, tapec.hessian(g)))
    assert np.isclose(value(X[0]), g(X[0]))
    assert np.allclose(tapec.grad(g)(X[0]), np.cos(X[0]))
    assert np.allclose(tapec.vmap(tapec.grad(g))(X), np.cos(X))
    assert np.allclose(hessian(X[0]).reshape(12, 12), np.diag(-np.sin(X[0]).ravel()))
