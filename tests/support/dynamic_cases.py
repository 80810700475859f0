"""Operands and NumPy's answers for the ops at places known at run time only."""

from __future__ import annotations

from typing import Any

import numpy as np

from support.structured_cases import Array, Case, accumulated, case, r, written


def dynamic_cases() -> list[Case]:
    """Places known at run time, one element or a window per axis; -1 marks an open start."""
    x, v, one, two = r(5, 6), r(3), np.int64(1), np.int64(2)
    last, cube, block, row = np.int64(-2), r(2, 5, 3), r(2, 3), r(6)
    window = (-1, 3, 1)

    def three(name: str, at: Any, where: Any, value: Array, *starts: Any, label: str = "",
              x: Array = x) -> list[Case]:  # fmt: skip
        """The read, the write and the sum at one place."""
        label = f"{name}{label}"
        return [
            case("dynamic_index", x, *starts, at=at, expected=x[where], label=label),
            case("dynamic_update", x, value, *starts, at=at, expected=written(x, where, value),
                 label=label),
            case("dynamic_add", x, value, *starts, at=at, expected=accumulated(x, where, value),
                 label=label),
        ]  # fmt: skip

    return [
        *three("element", (-1, -1), (1, 2), np.array(3.0), one, two),
        *three("wrapped", (-1, -1), (-2, 1), np.array(3.0), last, one),
        *three("row", (-1, (0, 6, 1)), (1,), row, one),
        *three("column", ((0, 5, 1), -1), (slice(None), 2), r(5), two),
        *three("window", (window, -1), (slice(2, 5), -2), v, two, last),
        *three("steps", (4, (-1, 3, 2)), (4, slice(1, 6, 2)), v, one),
        *three("mixed", ((0, 2, 1), window, 1), (slice(None), slice(1, 4), 1), block, one, x=cube),
        *three("empty", ((-1, 0, 1), 2), (slice(0, 0), 2), r(0), one),
        *three("inner", (1, window, (0, 3, 1)), (1, slice(2, 5)), r(3, 3), two, x=cube),
        case("dynamic_index", np.arange(6), two, at=(-1,), expected=2, label="whole-numbers"),
        case("dynamic_index", x[0] > 0, two, at=(-1,), expected=x[0, 2] > 0, label="booleans"),
    ]
