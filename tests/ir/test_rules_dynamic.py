"""Places known at run time only: what is out of range, for one point and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.structured_cases import Array, case, r

from tapec.backends import interpreter
from tapec.ir import PRIMITIVES, Builder, type_of


def batched_read(x: Array, starts: list[int], at: Any) -> Array:
    """One place per point, by the batching rule."""
    builder = Builder()
    args = [x, np.array(starts)]
    params = [builder.expr(builder.param(type_of(a))) for a in args]
    batch = PRIMITIVES["dynamic_index"].batch
    assert batch is not None
    found = batch(tuple(params), (False, True), len(starts), at=at)
    return interpreter.run(builder.func("f", [found.value]), args)[0]


@pytest.mark.parametrize(
    ("at", "start"), [((-1,), 3), ((-1,), -4), (((-1, 2, 1),), 2), (((-1, 2, 1),), -1)]
)
def test_places_out_of_range_raise(at: Any, start: int) -> None:
    """Single elements wrap around as in NumPy, windows do not."""
    c = case("dynamic_index", r(3), np.array(start), at=at, expected=0)
    with pytest.raises(IndexError):
        c.evaluate(*c.operands)
    with pytest.raises(IndexError):
        batched_read(r(3), [1, start], at)


def test_windows_may_run_backwards() -> None:
    x, at = r(5), ((-1, 2, -2),)
    np.testing.assert_array_equal(batched_read(x, [4, 3], at), [x[[4, 2]], x[[3, 1]]])
    with pytest.raises(IndexError):
        batched_read(x, [4, 1], at)
