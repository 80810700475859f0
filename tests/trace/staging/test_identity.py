"""``a is b`` and ``np.shares_memory`` of arrays: Python's answer, or a refusal."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec

GIVEN = np.arange(4.0)
SOURCES = ("v", "w", "x", "y", "v * 1.0", "v[:]", "GIVEN", "np.asarray(w)", "x.view()")
STATEMENTS = (
    "z = {} if x[0] > 0.0 else {}",
    "z = {}\n    if x[0] > 0.0:\n        z = {}",
    "z, u = ({}, {}) if x[0] > 0.0 else (u, z)",
    "for k in range(30):\n        z = {}\n        v = v * 0.9",
    "for k in range(3):\n        if x[1] > 0.1 * k:\n            z = {}",
    "box.sort(key=lambda a: a[0])\n    z = box[0]",
    "z = max({}, {}, key=np.sum)",
    "box = [{}, {}]",
    "u = box[int(x[0] > 0.0)]",
    "z = {}",
    "k = 0\n    while k < x[2]:\n        k += 1\n        u = z",
)
NAMES = ("z", "u", "v", "w", "x", "y", "box[0]", "box[1]", "GIVEN")


def program(seed: int) -> str:
    some = random.Random(seed)
    lines = ["v, w = x * 2.0, x * 3.0", "z, u, box = v, w, [v, w]"]
    for form in some.choices(STATEMENTS, k=2):
        holes = [some.choice(SOURCES) for _ in range(form.count("{}"))]
        lines.append(form.format(*holes))
    a, b, c = some.choices(NAMES, k=3)
    body = "\n    ".join(lines)
    asked = f"{a} is {b}, {b} is not {c}" if seed % 2 else f"np.shares_memory({a}, {b})"
    return f"def program(x, y):\n    {body}\n    return [{asked}]\n"


@pytest.mark.parametrize("block", sampled(range(40), 20))
def test_identity_is_that_of_python(block: int) -> None:
    right = 0
    for seed in range(20 * block, 20 * block + 20):
        text = program(seed)
        f = function(text, f"<identity {seed}>")
        f.__globals__["GIVEN"] = GIVEN
        kernel = tapec.compile(f, backend="numpy")
        a, b = np.array([0.1, 0.2, 0.3, 0.4]), np.array([-0.1, 0.2, 0.3, 0.4])
        for args in ((a, a), (b, a), (GIVEN, b)):
            try:
                got: Any = kernel(*args)
            except tapec.TapecError:
                continue
            assert got == f(*args), text
            right += 1
    assert right


def test_errors_of_indices_on_paths_not_taken() -> None:
    def f(x: Any) -> Any:
        if x[0] > 1.0:
            return x[7] + x[[1, 9]].sum()
        return x[0, 1] if x[0] > 0.5 else x.sum()

    kernel = tapec.compile(f)
    assert kernel(np.zeros(4)) == 0.0
    with pytest.raises(IndexError, match="out of bounds"):
        kernel(np.full(4, 2.0))
    with pytest.raises(IndexError, match="too many indices"):
        kernel(np.full(4, 0.7))
