"""Arrays that may be one another, or lie differently, on some paths: as in Python, or refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.random_memory import function

import tapec

FIRST = ["a = q if c > 0 else np.cos(x)", "a = q\n    if c > 0: a = np.cos(x)",
         "a = q\n    for i in range(30):\n        if x[i % 3] + c > 2: a = np.sin(x + i)"]  # fmt: skip
SECOND = ["b = q if d > 0 else np.tan(x)", "b = a if d > 0 else np.tan(x)",
          "b = a\n    if d > 0: b = q"]  # fmt: skip
LOST = ["q = 2 * x", "del q", "pass"]
WRITES = ["a[0] = 7.0", "b += 1.0", "a *= 2.0\n    b[1] = 5.0", "q = a\n    q[2] = 4.0"]
PROGRAMS = [*itertools.product(FIRST, SECOND, LOST, WRITES)]


@pytest.mark.parametrize("program", PROGRAMS[::3], ids=" ; ".join)
def test_writes_under_names_that_may_be_others(program: tuple[str, ...]) -> None:
    lines = ["q = np.sin(x)", *program, "return np.sum(a * [1, 2, 3]) + np.sum(b * [4, 5, 6])"]
    f = function("def program(x, c, d):\n    " + "\n    ".join(lines) + "\n", " ; ".join(program))
    x = np.arange(3.0)
    kernel = tapec.compile(f, backend="numpy")
    for c, d in itertools.product((1.0, -1.0), repeat=2):
        try:
            found = kernel(x, c, d)
        except tapec.TapecError:
            continue
        np.testing.assert_allclose(found, f(x, c, d), rtol=1e-13)


USES = ["m", "np.sin(m + m[0])", "-m", "np.cumsum(m, 0)", "np.where(m > 3, m, 1.0)", "m.T.cumsum(0)",
        "np.expand_dims(m, 0)", "np.atleast_3d(m)", "np.roll(m, 1, 0)", "m[1:] * 1", "m[[0, 1]]",
        "np.stack([m, m])", "np.array(m, order='C')", "m @ m.T", "np.clip(m, 0, 4)"]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_orders_that_differ_with_the_path(use: str) -> None:
    text = f"def program(y, s):\n    m = y if s > 0 else y.copy()\n    return ({use}).ravel('K')\n"
    f, y = function(text, use), np.arange(12.0).reshape(4, 3).T
    for s in (1.0, -1.0):
        try:
            found = tapec.compile(f, backend="numpy")(y, s)
        except tapec.TapecError:
            continue
        np.testing.assert_array_equal(found, f(y, s))
