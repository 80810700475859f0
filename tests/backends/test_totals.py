"""Reductions side by side in one vector loop: what their lanes come to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from support.loop_support import Loops, agree

from tapec.backends.llvm import available
from tapec.ir import Func, Value

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

NAMES = {"add": "add", "mul": "mul", "max": "maximum", "min": "minimum"}


def rows(dtype: str, length: int, kinds: Sequence[str], start: float) -> Func:
    """One reduction per row, each from a number of its own; the first from a constant."""
    p = Loops()
    count = len(kinds)
    x, starts = p.buffer(dtype, count, length), p.buffer(dtype, count)
    out = p.buffer(dtype, count)
    number = start if dtype[0] == "f" else int(start)
    init = [p.const(number, dtype), *(p.load(starts, k) for k in range(1, count))]

    def body(i: Value, *totals: Value) -> list[Value]:
        return [p(NAMES[how], t, p.load(x, k, i))
                for k, (how, t) in enumerate(zip(kinds, totals, strict=True))]  # fmt: skip

    for k, total in enumerate(p.loop(0, length, init, body, kind="vector", reduce=kinds)):
        p.store(total, out, k)
    return p.func()


@pytest.mark.parametrize("dtype", ["f64", "f32", "i64", "i32"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 11])
def test_rows_of_one_kind(dtype: str, count: int) -> None:
    rng = np.random.default_rng(count)
    for length in (3, 8, 13, 30, 101):
        x = rng.integers(-9, 9, (count, length))
        agree(rows(dtype, length, ["add"] * count, 2.0), 1, x, np.arange(count))


@pytest.mark.parametrize("length", [7, 16, 29])
def test_rows_of_several_kinds(length: int) -> None:
    kinds = ["add", "add", "max", "max", "max", "max", "min", "mul", "mul", "add"]
    x = np.random.default_rng(1).uniform(0.5, 2.0, (len(kinds), length))
    agree(rows("f64", length, kinds, -0.5), 1, x, np.linspace(-3.0, 1.0, len(kinds)))


def test_the_first_row_alone_may_be_nan() -> None:
    x = np.ones((8, 24))
    x[0, 5] = np.nan
    (total,) = agree(rows("f64", 24, ["max"] * 4 + ["add"] * 4, 0.0), 1, x, np.zeros(8))
    assert np.isnan(total).tolist() == [True] + [False] * 7
