"""Axes of vmap: nested, negative, per result; mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import ShapeError

A = np.arange(24.0).reshape(2, 3, 4)


def test_axes_of_nested_arguments_and_results() -> None:
    def f(state: dict[str, Any], pair: tuple[Any, Any]) -> Any:
        return {"sum": state["x"] + pair[0], "rest": [state["n"] * pair[1], state["x"]]}

    axes = ({"x": -1, "n": None}, (1, None))
    out = {"sum": 1, "rest": [0, -1]}
    kernel = tapec.vmap(f, in_axes=axes, out_axes=out)
    x, p = A[0], A[1, :, :]
    got = kernel({"x": x, "n": 2.0}, (p, np.array([1.0, 2.0])))
    np.testing.assert_array_equal(got["sum"], x + p)
    np.testing.assert_array_equal(got["rest"][0], np.full((4, 2), 2.0) * [1.0, 2.0])
    np.testing.assert_array_equal(got["rest"][1], x)


def test_one_axis_for_all() -> None:
    got = tapec.vmap(lambda x, y: (x + y, x * y), in_axes=1, out_axes=-1)(A, A)
    for mine, want in zip(got, (A + A, A * A), strict=True):
        np.testing.assert_array_equal(mine, np.moveaxis(want, 1, -1))


@pytest.mark.parametrize(("in_axes", "out_axes", "message"), [
    (3, 0, "no axis 3"),
    ((0, 0), 0, "2 entries for 1 arguments"),
    (None, 0, "no argument is mapped"),
    (({"x": 0},), 0, "does not fit an array"),
    (("x",), 0, "entry of in_axes is 'x'"),
    (0, None, "lanes may differ"),
    (0, (0, 0, 0), "does not fit a tuple of 2"),
])  # fmt: skip
def test_mistakes(in_axes: Any, out_axes: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        tapec.vmap(lambda x: (x, x), in_axes=in_axes, out_axes=out_axes)(A)


def test_lengths_are_listed() -> None:
    with pytest.raises(ShapeError, match="2 of leaf 0, 3 of leaf 1"):
        tapec.vmap(lambda x, y: x, in_axes=(0, 1))(A, A)
