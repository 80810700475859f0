"""`try` around indices: IndexError is caught where a place lies outside, as in Python."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.random_memory import function

import tapec

BODIES = ["found = x[{i}]", "found = y[{i}, 1]", "found = y[{i}].sum()", "found = [x[0], 2 * x[1]][{i}]",
          "found = x[np.array([0, {i}])].sum()", "x = x * 1.0; x[{i}] = 5.0; found = x.sum()"]  # fmt: skip
INDICES = ["n", "n + k", "np.argmax(x) + n"]
HANDLED = ["IndexError", "(ValueError, LookupError)", "Exception"]


@pytest.mark.parametrize("case", [*itertools.product(BODIES, INDICES, HANDLED)][::5])
def test_places_outside_are_caught(case: tuple[str, str, str]) -> None:
    body, index, kinds = case
    text = (
        "def program(x, y, n):\n    total = 0.0\n    for k in range(2):\n"
        f"        try:\n            {body.format(i=index)}\n"
        f"        except {kinds}:\n            found = 10.0 * x[0]\n        total = total + found\n"
        "    return total * 1.0\n"
    )
    f = function(text, " ; ".join(case))
    x, y = np.array([0.3, 0.9, 0.2]), np.arange(6.0).reshape(3, 2)
    for n in (0, 1, 7, -2, -9):
        want: Any = f(x.copy(), y, n)
        for backend in ("numpy", "llvm"):
            found = tapec.compile(f, backend=backend)(x.copy(), y, n)
            np.testing.assert_allclose(found, want, rtol=1e-13, err_msg=f"{n}")
