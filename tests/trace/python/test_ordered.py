"""`max`, `min`, `sorted`, `any` and `all` of numbers, tuples and lists, as in Python."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec

FUNCTIONS = ["max", "min"]
ITEMS = [
    "[(v, i) for i, v in enumerate(x)]",
    "((v, -i) for i, v in enumerate(x))",
    "zip(x, x[::-1])",
    "[(x[0], x[1]), (x[0], x[2])]",
    "[(1, x[1]), (1, x[2]), (0, 5.0)]",
    "[[v > 0.5, v] for v in x]",
    "[(v,) for v in x]",
    "[((v, 1), i) for i, v in enumerate(x)]",
    "[(x[0],), (x[0], x[1])]",
]
KEYS = ["", ", key=lambda t: t[0]", ", key=lambda t: (t[-1], t[0])", ", key=lambda t: t[::-1]"]
POINTS = np.array([[0.3, 0.9, 0.9, 0.1], [0.5, 0.5, 0.5, 0.5], [0.9, 0.1, 0.2, 0.9]])
CASES = [*itertools.product(FUNCTIONS, ITEMS, KEYS)]


@pytest.mark.parametrize("case", CASES[::2], ids=" ".join)
def test_extremes_of_tuples(case: tuple[str, str, str]) -> None:
    name, items, key = case
    f = function(f"def program(x):\n    return {name}({items}{key})\n", " ".join(case))
    kernel = tapec.compile(f, backend="numpy")
    for x in POINTS:
        assert same(f(x), outcome(kernel, x))


def outcome(kernel: Any, x: Any) -> Any:
    try:
        return kernel(x)
    except tapec.TapecError:
        return None


def same(a: Any, b: Any) -> bool:
    """Whether two results are equal; None stands for a refusal."""
    if b is None:
        return True
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return bool(np.shape(a) == np.shape(b) and a == b)


def test_classes_of_results() -> None:
    def f(x: Any, s: float) -> Any:
        order = sorted(range(4), key=lambda i: -x[i])
        return sorted([s, 2 * s, -s]), order, any(v > 2 for v in x), all(v > 0 for v in x)

    for x in POINTS:
        want, got = f(x, 0.7), tapec.compile(f)(x, 0.7)
        assert repr(want) == repr(got)


def test_arrays_have_no_order() -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        tapec.compile(lambda x: max([x[:2], x[2:]], key=lambda v: v * 1.0))(POINTS[0])


# Arrays and objects that are taken in a traced order are still those that other names mean.
STARTS = ("x * 2.0", "x.copy()", "x", "x[::-1]", "x * 0.5", "np.zeros(4)", "v")
TAKES = (
    "box.sort(key=lambda a: a[0])\n    e = box[0]",
    "box = sorted(box, key=np.sum)\n    e = box[-1]",
    "e = max(box, key=lambda a: a[1])",
    "e = min(v, w, key=np.sum)",
    "e = sorted([(a[0], a) for a in box], key=lambda t: -t[0])[0][1]",
    "e = max(((a[1], [a, 1.0]) for a in (v, w)), key=lambda t: t[0])[1][0]",
    "for k in range(3):\n        e = min(box, key=np.sum)\n        e = e * 0.9",
)
WRITES = (
    "v[1] = 5.0", "e[1] = 5.0", "e += 1.0", "w *= 0.5", "box[0][2] = 7.0", "x[0] = 3.0", "pass",
    "v = v + 1.0", "box[1] = e", "e.sort()", "v[int(x[0] > 0.4)] = 2.0",
)  # fmt: skip


def aliases(seed: int) -> str:
    some = random.Random(seed)
    lines = [f"v = {some.choice(STARTS[:-1])}", f"w = {some.choice(STARTS)}", "box = [v, w]",
             some.choice(TAKES), *some.choices(WRITES, k=2)]  # fmt: skip
    body = "\n    ".join(lines)
    result = "np.concatenate([v, 2 * w, 3 * x, 4 * e, 5 * box[0], 6 * box[1]])"
    return f"def program(x):\n    {body}\n    return {result}\n"


@pytest.mark.parametrize("block", sampled(range(12), 3))
def test_what_is_taken_keeps_its_names(block: int) -> None:
    right = 0
    for seed in range(block * 20, block * 20 + 20):
        text = aliases(seed)
        f = function(text, f"<taken {seed}>")
        kernel = tapec.compile(f, backend="numpy")
        for x in POINTS:
            want, got = f(x.copy()), outcome(kernel, x.copy())
            assert got is None or np.allclose(want, got), text
            right += got is not None
    assert right
