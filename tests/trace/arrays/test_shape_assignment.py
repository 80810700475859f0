"""``x.shape = ...`` changes an array under all its names, and once per run: as NumPy, or refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec

STARTS = ("x", "x.view()", "x * 1.0", "np.zeros(4)", "x[::-1]", "GIVEN")
PLACES = (
    "{}",
    "if x[0] > 0.0:\n        {}",
    "if x[0] > 0.0:\n        v[0] = 2.0\n    else:\n        {}",
    "for k in range(30):\n        v = v.reshape(-1)\n        {}",
    "for k in range(30):\n        {}",
    "k = 0\n    while k < 2 and x[1] > 0.1 * k:\n        k += 1\n        {}",
)
ASSIGNED = (
    "v.shape = (2, 2)",
    "v.shape = 2, -1",
    "v.shape = (4,)",
    "w = v\n        v.shape = (4, 1)",
)
CASES = [*itertools.product(STARTS, PLACES, ASSIGNED)]


@pytest.mark.parametrize("case", sampled(CASES, 24), ids=" ".join)
def test_shapes_are_those_of_numpy(case: tuple[str, str, str]) -> None:
    start, place, assigned = case
    if place == "{}":
        assigned = assigned.replace("        ", "    ")
    body = f"v = {start}\n    w = v\n    {place.format(assigned)}"
    text = f"def program(x):\n    {body}\n    return v * 1.0, w + 1.0\n"
    f = function(text, " ".join(case))
    f.__globals__["GIVEN"] = np.arange(4.0)
    for x in (np.array([0.1, 0.2, 0.3, 0.4]), np.array([-0.1, 0.0, 0.3, 0.4])):
        a, b = x.copy(), x.copy()
        try:
            got: Any = tapec.compile(f, backend="numpy")(b)
        except tapec.TapecError:
            continue
        assert f.__globals__["GIVEN"].shape == (4,)
        for g, w in zip((*got, b), (*f(a), a), strict=True):
            assert g.shape == w.shape, text
            assert np.array_equal(g, w), text
        f.__globals__["GIVEN"] = np.arange(4.0)


def test_incompatible_shapes_are_errors_of_numpy() -> None:
    def f(x: Any) -> Any:
        y = (x * 2.0).reshape(2, 2).T
        if x[0] > 5.0:
            y.shape = (4,)
        return y

    kernel = tapec.compile(f)
    assert np.array_equal(kernel(np.arange(4.0)), f(np.arange(4.0)))
    with pytest.raises(AttributeError, match="Incompatible shape"):
        kernel(np.arange(4.0) + 6.0)


def test_real_part_is_the_array() -> None:
    def f(x: Any) -> Any:
        y = x[::-1]
        y.real = 3.0 * x[0]
        x.real[0] += 1.0
        return y

    a, b = np.arange(1.0, 5.0), np.arange(1.0, 5.0)
    assert np.array_equal(tapec.compile(f)(a), f(b))
    assert np.array_equal(a, b)
