"""Element types of arrays made of arrays and Python's numbers, which bend in some functions only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

FORMS: list[Callable[[Any, Any], Any]] = [
    lambda x, c: np.array([x[0], 1]),
    lambda x, c: np.array([[x[0], c], [0, x[1]]]),
    lambda x, c: np.array([x, [1, 2, 3]]),
    lambda x, c: np.asarray((c, x[0])),
    lambda x, c: np.stack([x[0], c]),
    lambda x, c: np.hstack([x, c]),
    lambda x, c: np.vstack([x, [c, c, c]]),
    lambda x, c: np.column_stack([x, [c, c, c]]),
    lambda x, c: np.append(x, c),
    lambda x, c: np.block([x, c]),
    lambda x, c: np.r_[x, c],
    lambda x, c: np.r_[x, 1, 2.5, x[0]],
    lambda x, c: np.r_[0:3, x],
    lambda x, c: np.r_[0:1:0.5, x, [c]],
    lambda x, c: np.c_[x, [c, c, c]],
    lambda x, c: np.sum([x[0], c]),
    lambda x, c: np.cumsum([x[0], c]),
    lambda x, c: np.choose([0, 1, 0], [x, c]),
    lambda x, c: np.where(x > 1, x, c),
    lambda x, c: np.select([x > 1], [x], c),
    lambda x, c: np.dot([c, c, c], x),
    lambda x, c: np.array([c > 1, c]),
    lambda x, c: np.array([x[0], np.float32(1)]),
    lambda x, c: np.full(3, c),
]


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_numbers_in_arrays(form: int) -> None:
    f = FORMS[form]
    compiled = tapec.compile(f, backend="numpy")
    for kind in ("f4", "f8", "i4", "i8"):
        x = np.arange(3).astype(kind)
        for c in (2.5, 2, True):
            want, got = np.asarray(f(x, c)), np.asarray(compiled(x, c))
            assert got.dtype == want.dtype, (kind, c)
            np.testing.assert_array_equal(got, want, err_msg=f"{kind} {c}")
