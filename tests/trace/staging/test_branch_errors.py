"""What Python or NumPy raises on one side of a traced branch is raised where that side is taken."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.random_memory import function

import tapec

BODIES = (
    "y = y + np.zeros(5)",
    "y = y.reshape(3)",
    "y[:2] = np.ones(3)",
    "y = np.zeros((2, 4)) @ y[:3]",
    "y = max([y[:2], x[:2]], key=lambda a: a * 2)",
    "y = y if y > 0 else x",
    "y = y * {}['a']",
    "assert len(y) == 3, 'short'",
)
PLACES = (
    "if x[3] > 5:\n        {}",
    "for i in range(3):\n        if x[3] > 5 + i:\n            {}",
    "n = 0\n    while n < 2 and x[3] > 5:\n        n = n + 1\n        {}",
)


def outcome(f: Any, x: Any) -> Any:
    """The result, or the kind of NumPy's and Python's exceptions."""
    try:
        return float(f(x))
    except Exception as error:
        kinds = [k for k in type(error).__mro__ if k.__module__ == "builtins"]
        return kinds[0]


@pytest.mark.parametrize(("body", "place"), [*itertools.product(BODIES, PLACES)])
def test_raised_where_taken(body: str, place: str) -> None:
    source = f"def program(x):\n    y = x * 1.0\n    {place.format(body)}\n    return np.sum(y)\n"
    f = function(source, "branch_errors")
    kernel = tapec.compile(f, backend="numpy")
    for x in (np.arange(4.0), np.arange(4.0) + 5.0):
        assert outcome(kernel, x) == outcome(f, x)
