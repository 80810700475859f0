"""Parts of one shape are joined in one loop, whatever they have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

X = np.linspace(0.3, 2.0, 41)


def loops(f: Any, *args: Any) -> int:
    return int(tapec.compile(f).ir("loops", *args).count("for {"))


def rows(x: Any) -> Any:
    s, c = np.sin(x), np.cos(x)
    return np.stack([s * c, s + c, s - 2.0 * c, x * s])


def blocks(x: Any) -> Any:
    y = np.exp(x.reshape(1, -1))
    return np.concatenate([y, y * y, 1.0 / y])


@pytest.mark.parametrize("f", [rows, blocks])
def test_one_loop(f: Any) -> None:
    assert loops(f, X) == 1
    np.testing.assert_allclose(tapec.compile(f)(X), f(X), rtol=1e-12)


@pytest.mark.parametrize("count", [3, 40])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_long_bodies_are_cut(count: int, axis: int) -> None:
    def f(x: Any) -> Any:
        parts = []
        for k in range(count):
            x = np.sin(x + 0.1 * k) * x - x / (2.0 + k)
            parts.append(x * 1.5)
        return np.stack(parts, axis=axis), np.concatenate(parts, axis=min(axis, 1))

    x = X[:40].reshape(4, 10)
    for found, wanted in zip(tapec.compile(f)(x), f(x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_places_that_are_constant_are_not_checked_again() -> None:
    x = np.linspace(0.0, 1.0, 400)
    places = (np.arange(200) * 7) % 400
    f = tapec.compile(lambda x: x[places] * 2.0)
    assert "check_index" not in f.ir("loops", x)
    np.testing.assert_array_equal(f(x), x[places] * 2.0)
    ends = tapec.compile(lambda x: x[places - 400] * 2.0)
    np.testing.assert_array_equal(ends(x), x[places - 400] * 2.0)
